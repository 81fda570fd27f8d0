#!/bin/sh
# The C sources are as clang-format leaves them (.clang-format is that of version 14, Debian 12's).
set -u
cd "$(dirname "$0")/../.."
case $(clang-format --version 2>/dev/null) in
*" 14."*) ;;
*) echo "skip format: clang-format 14 is not installed"; exit 0 ;;
esac
bad=
for file in $(find base lang autodiff runtime examples tests bench -name '*.[ch]' | sort); do
    case $file in *_reference.h | *_table.h) continue ;; esac
    clang-format "$file" | cmp -s - "$file" || bad="$bad $file"
done
if [ -z "$bad" ]; then echo "ok format"; else echo "FAIL format: run clang-format -i on$bad"; exit 1; fi
