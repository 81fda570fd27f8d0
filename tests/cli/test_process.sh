#!/bin/sh
# usage: test_process.sh BUILD_DIR   what may happen to a process: an interrupt, a reader that goes away, memory that runs out. Nothing is
# lost that was asked for with -o, and nothing half written stays.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1

cat >long.vm <<'M'
axis k = 5
data x[k] : real = k / 2
model {
  z[k] ~ normal(0, 1)
  s ~ lognormal(0, 1)
  x[k] ~ normal(z, s)
}
guide { rest ~ mean_field() }
M

# --- an interrupt: a second is enough to be in the fit, which would go on for hours
for signal in INT TERM; do
    : >err # what the last one said is not this one's
    "$vmrun" fit long.vm --tolerance 1e-12 --steps 1000000000 --log json -o fit.json >out 2>err &
    fit=$!
    tries=0
    until grep -q '"stage"' err || [ $tries -ge 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -s $signal $fit
    wait $fit
    code=$?
    if [ $code -eq 4 ]; then pass "SIG$signal ends with 4"; else fail "SIG$signal ends with 4" "it ends with $code: $(tail -n 1 err)"; fi
    holds "… and what there is is written" grep -q '"interrupted": true' fit.json
    holds "… and printed" grep -q '^  interrupted' out
    rm -f fit.json
done

# --- and wherever else a fit spends its time: its start among many latents, which takes seconds
cat >wide.vm <<'M'
axis user = 200
axis item = 200
axis factor = 10
data y[user, item] : real = sin(user * item)
model {
  u[user, factor] ~ normal(0, 1)
  v[item, factor] ~ normal(0, 1)
  s ~ half_normal(1)
  y[user, item] ~ normal(sum[factor](u * v), s)
}
M
: >err
"$vmrun" fit wide.vm --draws 500 --log json -o fit.json >out 2>err &
fit=$!
tries=0
until grep -q '"stage"' err || [ $tries -ge 600 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -s INT $fit
wait $fit
code=$?
if [ $code -eq 4 ]; then pass 'a start is interrupted'; else fail 'a start is interrupted' "it ends with $code: $(tail -n 1 err)"; fi
holds '… in its first stage' [ "$(grep -c '"fit"' err)" -le 1 ]
holds '… and what there is is written' grep -q '"interrupted": true' fit.json
rm -f fit.json
# A curvature of each latent's own would be 500,000 gradients, minutes.
holds 'many latents are fitted' runs 3 "$vmrun" fit wide.vm --steps 20 --draws 100 --json
holds '… with a bounded number of gradients' python3 -c 'import json; assert json.load(open("out"))["gradients"] < 10000'

# --- every command: a full disk is said, a reader that goes away is no error
echo '{"z": [0, 0, 0, 0, 0], "s": 1}' >at.json
commands='check long.vm
check --dump program long.vm
check --dump machine long.vm
log_density long.vm --at at.json
prior long.vm
format long.vm
list
version'
IFS='
'
for words in $commands; do
    unset IFS
    if [ -c /dev/full ]; then
        # shellcheck disable=SC2086
        "$vmrun" $words >/dev/full 2>err
        code=$?
        holds "a full disk: $words" [ $code -eq 1 ]
        holds '… is said' grep -q 'standard output: No space left' err
    fi
    # shellcheck disable=SC2086
    { "$vmrun" $words 2>err; echo $? >code; } | :
    holds "no reader: $words" [ "$(cat code)" -eq 0 ]
    holds '… and nothing is said' [ ! -s err ]
done
unset IFS

# --- a reader that goes away
"$vmrun" fit long.vm --json -o fit.json 2>err | head -c 1 >out
holds 'a closed pipe loses no file' grep -q '"variables"' fit.json
holds '… and is no error' [ ! -s err ]
rm fit.json
{ "$vmrun" fit long.vm --log json -o fit.json 2>&1 >/dev/null; echo $? >code; } | head -n 1 >out
holds 'a closed log ends no fit' grep -q '"variables"' fit.json
"$vmrun" list | head -n 1 >out
holds 'a list may be cut' [ -s out ]
"$vmrun" fit long.vm <&- 2>err >out
holds 'no standard input is needed' [ -s out ]
rm -f fit.json
"$vmrun" fit long.vm -o fit.json >&- 2>err
holds 'a closed standard output loses no file' [ -s fit.json ]

# --- memory
if sanitized; then
    echo 'skip memory that runs out: sanitizers take their own'
else
    # Loading takes less than 20 MB of address space, this fit 10 MB.
    for limit in 15000 20000 22000 25000 30000 50000; do
        (ulimit -v $limit && "$vmrun" fit long.vm -o short.json >out 2>err)
        code=$?
        if [ $code -eq 0 ] || { [ $code -eq 1 ] && grep -q 'out of memory' err; }; then
            pass "$limit kB of address space"
        elif [ $code -eq 127 ] && grep -q 'shared' err; then
            echo "skip $limit kB of address space: the libraries cannot be loaded"
        else
            fail "$limit kB of address space" "exit status $code: $(head -n 1 err)"
        fi
        for words in 'check long.vm' 'log_density long.vm --at at.json'; do
            # shellcheck disable=SC2086
            (ulimit -v $limit && "$vmrun" $words >out 2>err)
            code=$?
            if [ $code -eq 0 ] || { [ $code -eq 1 ] && grep -q 'out of memory' err; } || grep -q 'shared' err; then
                pass "… $words"
            else
                fail "… $words" "exit status $code: $(head -n 1 err)"
            fi
        done
    done
    (ulimit -v 300000 && "$vmrun" fit long.vm --draws 100000000 -o short.json >out 2>err)
    holds 'too many draws end with 1' [ $? -eq 1 ]
    holds '… and are said' grep -q 'out of memory' err
fi
holds 'no half-written files stay' [ -z "$(find . -name '*.part')" ]
end
