#!/bin/sh
# The codes of the verdict in docs/verdict.md are those in the source, and so are its limits.
set -u
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
tr '\n' ' ' <runtime/infer/verdict.c >"$work/judge"
{
    grep -o 'add(f, [^"]*"[a-z_]*"' "$work/judge"
    cat runtime/infer/*.c runtime/io/*.c | tr '\n' ' ' | grep -Eo '\(reason\)\{ *"[a-z_]*"'
} | sed 's/.*"\([a-z_]*\)"$/\1/' | sort -u >"$work/source"
sed -n 's/^| `\([a-z_]*\)` |.*/\1/p' docs/verdict.md | sort -u >"$work/table"
if cmp -s "$work/source" "$work/table"; then
    echo 'ok docs/verdict.md has the codes of the source'
else
    echo "FAIL docs/verdict.md has the codes of the source: $(diff "$work/source" "$work/table" | grep '^[<>]' | tr '\n' ' ')"
    failed=1
fi
# constant CODE: a limit of verdict.c must stand in the row of that code
limit() {
    value=$(sed -n "s/.*[ (]$1 = \([0-9.]*\)[,;].*/\1/p" runtime/infer/verdict.c)
    if [ -n "$value" ] && grep "^| \`$2\` " docs/verdict.md | grep -qF " $value"; then
        echo "ok docs/verdict.md has the limit $1"
    else
        echo "FAIL docs/verdict.md has the limit $1: it is ${value:-unknown}"
        failed=1
    fi
}
limit ENOUGH_DRAWS ess
limit FEW_DRAWS ess
limit UNCHECKED khat
limit PRECISE error
limit ROUGH error
limit AGREE check
limit DISAGREE check
exit $failed
