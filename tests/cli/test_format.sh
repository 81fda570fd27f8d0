#!/bin/sh
# usage: test_format.sh BUILD_DIR   vmrun format to standard output, in place, and as a check. What it does to a text is tested in
# tests/lang/format.c.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1
printf 'model{m~normal(0,1)}  # one\n' >ugly.vm
printf 'model { m ~ normal(0, 1) }  # one\n' >wanted.vm
printf 'model { m ~ }\n' >wrong.vm
cp ugly.vm kept.vm && cp wrong.vm wrong.kept
holds 'format prints' runs 0 "$vmrun" format ugly.vm
holds '… the program as it should look' cmp -s out wanted.vm
holds '… and leaves the file' cmp -s ugly.vm kept.vm
holds '--check says that a file changes' runs 1 "$vmrun" format --check ugly.vm wanted.vm
holds '… by its name' [ "$(cat out)" = ugly.vm ]
holds '--check is content with what was formatted' runs 0 "$vmrun" format --check wanted.vm
ln -s ugly.vm linked.vm
holds '-i writes the file' runs 0 "$vmrun" format -i linked.vm wanted.vm
holds '… silently' [ ! -s out -a ! -s err ]
holds '… through a link' [ -L linked.vm ]
holds '… as it should look' cmp -s ugly.vm wanted.vm
expect 'a program with mistakes is left alone' 1 'wrong.vm:1:12: error[syntax]|help: ' "$vmrun" format -i wrong.vm
holds '… as it was' cmp -s wrong.vm wrong.kept
printf 'model{m~normal(0,1)}  # one\n' >ugly.vm
runs 1 "$vmrun" format -i wrong.vm ugly.vm
holds 'the other files are formatted all the same' cmp -s ugly.vm wanted.vm
expect 'a file that is not there' 1 'absent.vm' "$vmrun" format absent.vm
expect 'no file' 2 'name the files' "$vmrun" format
"$vmrun" format wanted.vm | cmp -s - wanted.vm
holds 'format can be piped' [ $? -eq 0 ]
end
