#!/bin/sh
# usage: test_programs.sh BUILD_DIR   checks the programs beside this script with BUILD_DIR/vmrun. ok/NAME.vm must check. bad/NAME.vm
# must be refused with the whole output in bad/NAME.expected (see `promote`), and with errors in exactly the lines that end in
# `#! CODE`. The programs of ../shared/programs are checked by their own runner; later.txt lists those that may fail yet.
set -u
build=$(cd "$1" && pwd)
cd "$(dirname "$0")"
vmrun=$build/vmrun
[ -x "$vmrun" ] || vmrun=$build/runtime/vmrun
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for file in ok/*.vm; do
    if (cd ok && "$vmrun" check "${file#ok/}") >/dev/null 2>"$work/said"; then
        echo "ok $file"
    else
        echo "FAIL $file: $(head -n 1 "$work/said")"
    fi
done

# LINE CODE of every mark, and of every error reported about that file.
marked() { awk '{ s = $0; while (match(s, /#! [a-z_]+/)) { print NR, substr(s, RSTART + 3, RLENGTH - 3); s = substr(s, RSTART + RLENGTH) } }' "$1" | sort -u; }
reported() { sed -n 's/^[^:]*:\([0-9]*\):[0-9]*: error\[\([a-z_]*\)\].*/\1 \2/p' "$1" | sort -u; }

for file in bad/*.vm; do
    name=${file#bad/}
    (cd bad && "$vmrun" check "$name") >/dev/null 2>"$work/said"
    status=$?
    marked "$file" >"$work/marked"
    reported "$work/said" >"$work/reported"
    errors=$(grep -c ': error\[' "$work/said")
    helps=$(grep -c '^help: ' "$work/said")
    if [ $status -ne 1 ]; then
        echo "FAIL $file: exit status $status"
    elif ! cmp -s "$work/marked" "$work/reported"; then
        echo "FAIL $file: marked $(tr '\n' ';' <"$work/marked") reported $(tr '\n' ';' <"$work/reported")"
    elif [ "$errors" -ne "$helps" ]; then
        echo "FAIL $file: $errors errors, $helps lines of help"
    elif ! diff "bad/${name%.vm}.expected" "$work/said" >"$work/diff" 2>&1; then
        sed 's/^/    /' "$work/diff"
        echo "FAIL $file: its output is not ${name%.vm}.expected; if the new one is better, run tests/lang/promote"
    else
        echo "ok $file"
    fi
done

shared=../../../shared/programs
if [ ! -x "$shared/run" ]; then
    echo "skip programs of others: there is no shared/programs beside this repository"
    exit 0
fi
"$shared/run" "$vmrun" >"$work/shared"
sed -n 's/^FAIL \([^:]*\): .*/\1/p' "$work/shared" | sort >"$work/failed"
grep -v '^#' later.txt | sort >"$work/later"
for name in $(comm -23 "$work/failed" "$work/later"); do grep "^FAIL $name:" "$work/shared"; done
for name in $(comm -13 "$work/failed" "$work/later"); do echo "FAIL $name: it passes; remove it from later.txt"; done
(cd "$shared" && ls good/*.vm bad/*.vm) | sort | comm -23 - "$work/failed" | comm -23 - "$work/later" | sed 's/^/ok shared /'
