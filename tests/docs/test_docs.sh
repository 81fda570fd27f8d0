#!/bin/sh
# usage: test_docs.sh BUILD_DIR   checks every ```vm block of README.md and docs/*.md with BUILD_DIR/vmrun: one with marks `#! CODE` must
# be refused in exactly those lines, any other must check; of those in docs/diagnostics.md, only lines with marks `#? CODE` are warned of.
set -u
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for page in README.md docs/*.md; do
    [ -f "$page" ] || continue
    rm -f "$work"/*.vm
    # Each block goes to a file that is named by the line of its fence.
    awk -v to="$work" '/^```vm$/ { file = sprintf("%s/%05d.vm", to, NR); printf "" > file; next }
                       /^```/ { if (file) close(file); file = "" }
                       file { print > file }' "$page"
    for block in "$work"/*.vm; do
        [ -f "$block" ] || continue
        name="$page:$(basename "$block" .vm | sed 's/^0*//')"
        "$build/vmrun" check "$block" >/dev/null 2>"$work/said"
        status=$?
        grep -n -o '#! [a-z_]*' "$block" | sed 's/:#! / /' | sort -u >"$work/marked"
        sed -n 's/^[^:]*:\([0-9]*\):[0-9]*: error\[\([a-z_]*\)\].*/\1 \2/p' "$work/said" | sort -u >"$work/reported"
        grep -n -o '#? [a-z_]*' "$block" | sed 's/:#? / /' | sort -u >"$work/doubted"
        sed -n 's/^[^:]*:\([0-9]*\):[0-9]*: warning\[\([a-z_]*\)\].*/\1 \2/p' "$work/said" | sort -u >"$work/warned"
        [ "$page" = docs/diagnostics.md ] || cp "$work/doubted" "$work/warned"
        wanted=0
        [ -s "$work/marked" ] && wanted=1
        if [ $status -ne $wanted ] || ! cmp -s "$work/marked" "$work/reported" || ! cmp -s "$work/doubted" "$work/warned"; then
            echo "FAIL $name: $(head -n 1 "$work/said") (status $status)"
        else
            echo "ok $name"
        fi
    done
done
for code in $(sed -n 's/^DIAGNOSTIC(\([a-z_]*\),.*/\1/p' base/diagnostics.def); do
    if grep -q "^## $code\$" docs/diagnostics.md; then
        echo "ok docs/diagnostics.md has $code"
    else
        echo "FAIL docs/diagnostics.md: it has no section \`$code\`"
    fi
done
