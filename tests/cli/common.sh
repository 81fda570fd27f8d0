# What the scripts beside this file share; they set `build`, the whole path of a build. Each runs in a folder of its own, which is
# removed at its end.
vmrun=$build/vmrun
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

pass() { echo "ok $1"; }
fail() {
    echo "FAIL $1: $2"
    failures=1
}
# holds NAME CONDITION… : the condition is a command
holds() {
    name=$1
    shift
    if "$@"; then pass "$name"; else fail "$name" "not so: $*"; fi
}
# runs STATUS COMMAND… : the last run's output is in out and err
runs() {
    wanted=$1
    shift
    "$@" >out 2>err
    code=$?
    [ $code -eq "$wanted" ] || echo "exit status $code, not $wanted: $(head -n 2 err | tr '\n' ' ')" >why
    [ $code -eq "$wanted" ]
}
# expect NAME STATUS 'TEXT|TEXT…' COMMAND… : ends so, prints nothing on stdout, and says all these texts on stderr
expect() {
    name=$1 status=$2 texts=$3
    shift 3
    if ! runs "$status" "$@"; then
        fail "$name" "$(cat why)"
        return
    fi
    if [ -s out ]; then
        fail "$name" "it prints to standard output: $(head -n 1 out)"
        return
    fi
    old_ifs=$IFS
    IFS='|'
    for text in $texts; do
        grep -qF -e "$text" err && continue
        IFS=$old_ifs
        fail "$name" "it does not say \`$text\` but: $(tr '\n' ' ' <err)"
        return
    done
    IFS=$old_ifs
    pass "$name"
}
# near X Y TOLERANCE, relative to 1 + |Y|
near() { awk -v x="$1" -v y="$2" -v t="$3" 'BEGIN { d = x - y; if (d < 0) d = -d; a = y < 0 ? -y : y; exit !(d <= t * (1 + a)) }'; }
sanitized() { grep -q -e '-fsanitize=' "$build/build.ninja"; }
end() { exit $failures; }
