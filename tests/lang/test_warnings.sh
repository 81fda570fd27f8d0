#!/bin/sh
# usage: test_warnings.sh BUILD_DIR   warn/NAME.vm must check, with warnings in exactly the lines that end in `#? CODE`, each with its
# help. No program of ../shared/programs/good may be warned about.
set -u
build=$(cd "$1" && pwd)
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for file in warn/*.vm; do
    "$build/vmrun" check "$file" >/dev/null 2>"$work/said"
    status=$?
    grep -n -o '#? [a-z_]*' "$file" | sed 's/:#? / /' | sort -u >"$work/marked"
    sed -n 's/^[^:]*:\([0-9]*\):[0-9]*: warning\[\([a-z_]*\)\].*/\1 \2/p' "$work/said" | sort -u >"$work/reported"
    if [ $status -ne 0 ] || grep -q 'error\[' "$work/said"; then
        echo "FAIL $file: status $status, $(head -n 1 "$work/said")"
    elif ! cmp -s "$work/marked" "$work/reported"; then
        echo "FAIL $file: marked $(tr '\n' ';' <"$work/marked") reported $(tr '\n' ';' <"$work/reported")"
    elif [ "$(grep -c '^help: ' "$work/said")" -ne "$(wc -l <"$work/reported")" ]; then
        echo "FAIL $file: a warning without its help"
    else
        echo "ok $file"
    fi
done
shared=../../../shared/programs/good
[ -d "$shared" ] || echo "skip programs of others: there is no shared/programs beside this repository"
for file in "$shared"/*.vm; do
    [ -f "$file" ] || continue
    if "$build/vmrun" check "$file" 2>&1 >/dev/null | grep 'warning\[' >"$work/said"; then
        echo "FAIL $(basename "$file"): $(head -n 1 "$work/said")"
    else
        echo "ok $(basename "$file") has no warning"
    fi
done
