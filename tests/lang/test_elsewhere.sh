#!/bin/sh
# usage: test_elsewhere.sh BUILD_DIR   names of distributions in Stan, PyMC, NumPyro, TensorFlow Probability and scipy.stats (elsewhere.txt: where,
# name, and what the help must say): each is a name here, or gets the right one suggested.
set -u
build=$(cd "$1" && pwd)
cd "$(dirname "$0")"
vmrun=$build/vmrun
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Several names a program: eight mistakes are all told.
split -l 8 elsewhere.txt "$work/part."
for part in "$work"/part.*; do
    {
        echo 'model {'
        awk '{ print "  v" NR " ~ " $2 "(1, 2)" }' "$part"
        echo '}'
    } >"$part.vm"
    "$vmrun" check "$part.vm" >/dev/null 2>"$part.said"
    awk -v said="$part.said" '
        BEGIN {
            while ((getline line < said) > 0)
                if (match(line, /\.vm:[0-9]+:/)) at = substr(line, RSTART + 4, RLENGTH - 5) - 1
                else if (line ~ /^help: /) help[at] = help[at] line
        }
        {
            wants = $0
            sub(/^[^ ]+ [^ ]+ /, "", wants)
            if (index(help[NR], wants)) print "ok elsewhere " $1 " " $2
            else print "FAIL elsewhere " $1 " " $2 ": not `" wants "`, but " help[NR]
        }' "$part"
done
