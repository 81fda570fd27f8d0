#!/bin/sh
# Includes point one way, cli -> io -> infer -> bind -> {lang, autodiff} -> base, and each header compiles alone.
set -u
cd "$(dirname "$0")/../.."
may_include() {
    case $1 in
    base) echo "base" ;;
    lang) echo "base lang" ;;
    autodiff) echo "base autodiff" ;;
    runtime/bind) echo "base lang autodiff runtime/bind" ;;
    runtime/infer) echo "base lang autodiff runtime/bind runtime/infer" ;;
    runtime/io) echo "base lang autodiff runtime/bind runtime/infer runtime/io" ;;
    runtime/cli) echo "base lang autodiff runtime/bind runtime/infer runtime/io runtime/cli" ;;
    runtime) echo "base lang autodiff runtime/bind runtime/infer runtime" ;;
    esac
}
floor_of() {
    case $1 in
    runtime/bind/* | runtime/infer/* | runtime/io/* | runtime/cli/*) echo "$1" | cut -d/ -f1-2 ;;
    *) echo "${1%%/*}" ;;
    esac
}
bad=
for file in $(find base lang autodiff runtime -name '*.[ch]' -o -name '*.re' -o -name '*.y' | sort); do
    allowed=" $(may_include "$(floor_of "$file")") "
    for included in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$file"); do
        case $allowed in *" $(floor_of "$included") "*) ;; *) bad="$bad $file->$included" ;; esac
    done
done
if [ -z "$bad" ]; then echo "ok includes point one way"; else echo "FAIL includes point one way:$bad"; fi
bad=
for header in $(find base lang autodiff runtime tests -name '*.h' | sort); do
    case $header in *_reference.h | *_table.h) continue ;; esac
    printf '#include "%s"\n' "$header" | ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-function -I. -I"$1"/lang -I"$1" -fsyntax-only -x c - || bad="$bad $header"
done
if [ -z "$bad" ]; then echo "ok each header compiles alone"; else echo "FAIL each header compiles alone:$bad"; fi
