#!/bin/sh
# The threads of a team under the thread sanitizer, in a build of its own of the few files that they are.
set -u
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cc=${CC:-gcc}
echo 'int main(void) { return 0; }' > "$folder/empty.c"
if ! $cc -fsanitize=thread "$folder/empty.c" -o "$folder/empty" 2> /dev/null || ! "$folder/empty" 2> /dev/null; then
    echo "skip threads of a team under the sanitizer: the compiler or the system has none"
    exit 0
fi
if ! $cc -std=gnu11 -D_GNU_SOURCE -O1 -g -fsanitize=thread -I. tests/autodiff/team.c autodiff/team.c base/arena.c \
    -o "$folder/team" -pthread -lm 2> "$folder/said"; then
    cat "$folder/said"
    echo "FAIL threads of a team under the sanitizer: it does not build"
elif "$folder/team" > "$folder/said" 2>&1; then
    echo "ok threads of a team under the sanitizer"
else
    cat "$folder/said"
    echo "FAIL threads of a team under the sanitizer: see above"
fi
