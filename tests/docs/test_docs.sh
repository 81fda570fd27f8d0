#!/bin/sh
# usage: test_docs.sh BUILD_DIR   checks every ```vm block of README.md and docs/*.md with BUILD_DIR/vmrun: one with marks `#! CODE` must
# be refused in exactly those lines, any other must check; of those in docs/diagnostics.md, only lines with marks `#? CODE` are warned of.
# Every code has a section there with a wrong program and its mended form; where its first line is a command, `# vmrun fit --set x=0`, that
# fails with the code, or does not. A block that begins `# NAME.vm` is a file of that name beside the others.
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
        named=$(sed -n '1s/^# \([a-z]*\.vm\)$/\1/p' "$block" 2>/dev/null)
        [ -z "$named" ] || mv "$block" "$work/$named"
    done
    for block in "$work"/[0-9]*.vm; do
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
rm -f "$work"/*.vm
awk -v to="$work" '/^## / { code = $2 }
                   /^```vm$/ { file = sprintf("%s/%s.%d.vm", to, code, ++count[code]); printf "" > file; next }
                   /^```/ { if (file) close(file); file = "" }
                   file { print > file }' docs/diagnostics.md
for code in $(sed -n 's/^DIAGNOSTIC(\([a-z_]*\),.*/\1/p' base/diagnostics.def); do
    wrong=0 mended=0
    for block in "$work/$code".[0-9]*.vm; do
        [ -f "$block" ] || continue
        command=$(sed -n '1s/^# vmrun //p' "$block")
        if [ "$command" ]; then
            set -- $command
            word=$1
            shift
            "$build/vmrun" "$word" "$block" "$@" >/dev/null 2>"$work/said"
            status=$?
            if [ $status -eq 1 ] && grep -q "error\[$code\]" "$work/said"; then wrong=1; fi
            [ $status -eq 0 ] && mended=1
        elif grep -q "#[!?] $code\$" "$block"; then wrong=1
        elif ! grep -q '#[!?] ' "$block"; then mended=1
        fi
    done
    if [ $wrong$mended = 11 ]; then
        echo "ok docs/diagnostics.md has $code, wrong and mended"
    else
        echo "FAIL docs/diagnostics.md: \`$code\` has $wrong wrong and $mended mended programs that do so"
    fi
done
