#!/bin/sh
# usage: test_embed.sh BUILD_DIR   the library as a host has it: installed into a folder, found by pkg-config, linked with examples/embed
# and with the example of docs/library.md; and no symbol of it but the public ones can be seen.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ../cli/common.sh || exit 1
root=$here/../..
flags='-std=c11 -Wall -Wextra -Werror'
if sanitized; then flags="$flags -fsanitize=address,undefined"; fi

if ! DESTDIR=$work/root meson install -C "$build" --no-rebuild --quiet >installed 2>&1; then
    fail 'the library installs' "$(tail -n 1 installed)"
    end
fi
pass 'the library installs'
PKG_CONFIG_PATH=$(dirname "$(find root -name vm.pc)")
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR="$work/root"
holds 'pkg-config knows its version' [ "$(pkg-config --modversion vm)" = "$("$vmrun" version | cut -d' ' -f2)" ]
# Only our own folders lie below the root.
uses=$(pkg-config --cflags --libs vm | sed "s|$work/root/usr/lib|/usr/lib|g; s|$work/root/usr/include|/usr/include|g")

link() { cc $flags "$1" $uses -o "$2" >said 2>&1 || { head -n 3 said; return 1; }; }
if link "$root/examples/embed/embed.c" embed; then
    pass 'examples/embed builds against what is installed'
    runs 0 ./embed
    holds '… and runs' grep -q '^verdict: ' out
    holds '… with the effects of eight schools' [ "$(grep -c '^theta' out)" -eq 8 ]
else
    fail 'examples/embed builds against what is installed' "$(head -n 1 said)"
fi
holds 'examples/embed is about fifty lines' [ "$(wc -l <"$root/examples/embed/embed.c")" -le 52 ]

# The first example is a program; the second goes on where it ends.
awk '/^```c$/ { part++; inside = 1; next } /^```$/ { inside = 0 } inside { print >("part" part) }' "$root/docs/library.md"
awk '/vm_free\(model\)/ { print "{"; while ((getline line <"part2") > 0) print line; print "}" } { print }' part1 >document.c
if link document.c document; then
    pass 'the example of docs/library.md builds'
    runs 0 ./document
    holds '… and prints what is written there' grep -q '^rate\[blue\]' out
    holds '… and predicts for a new label' grep -q '^green: .* birds$' out
else
    fail 'the example of docs/library.md builds' "$(head -n 1 said)"
fi
for function in $(sed -n 's/^VM_API.*[ *]\(vm_[a-z_]*\)(.*/\1/p' "$root/runtime/vm.h"); do
    grep -q "$function" "$root/docs/library.md" || echo "$function"
done >unsaid
if [ -s unsaid ]; then fail 'docs/library.md has every function' "it lacks $(tr '\n' ' ' <unsaid)"; else pass 'docs/library.md has every function'; fi

if command -v c++ >/dev/null; then
    printf '#include <vm.h>\nint main() { return vm_version() ? 0 : 1; }\n' >plus.cc
    holds 'C++ can include vm.h' c++ -Wall -Wextra -Werror -fsyntax-only $(pkg-config --cflags vm) plus.cc
else
    echo 'skip C++ can include vm.h: there is no C++ compiler'
fi

library=$(find root -name 'libvm.a' -o -name 'libvm.so' | head -n 1)
case $library in
*.a) cc $(if sanitized; then echo -fsanitize=address,undefined; fi) -shared -o all.so -Wl,--whole-archive "$library" -Wl,--no-whole-archive -lsleef -lm && library=all.so ;;
esac
# The linker's own symbols, such as __bss_start and _end, and the sanitizers' are not ours.
nm -D --defined-only "$library" | awk '{ print $3 }' | grep -Ev '^vm_|^_|asan|ubsan' >seen
if [ -s seen ]; then fail 'only vm_ symbols are exported' "$(head -n 3 seen | tr '\n' ' ')"; else pass 'only vm_ symbols are exported'; fi
end
