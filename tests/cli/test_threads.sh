#!/bin/sh
# usage: test_threads.sh BUILD_DIR   fits, densities and draws from the prior are the same to the last digit on any number of threads.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1
cat >rows.vm <<'M'
axis row = 4000, group = 40
data x[row] : real = row / 2000 - 1
data of[row] : group = 1 + row - 40 * floor((row - 1) / 40) - 1
data y[row] : real
model {
  a[group] ~ normal(0, 1)
  b ~ normal(0, 1)
  sigma ~ half_normal(1)
  y[row] ~ student_t(4, a[of] + b * x, sigma)
}
M
without_seconds() { sed 's/"seconds": [0-9.e-]*//' "$1"; }
for threads in 1 2 3 7; do
    "$vmrun" prior rows.vm --seed 2 --threads $threads -o data.$threads --latents latents.$threads
    cp data.1 data.json && cp latents.1 latents.json
    "$vmrun" log_density rows.vm --data data.json --at latents.json --threads $threads >density.$threads
    "$vmrun" fit rows.vm --data data.json --draws 100 --json --threads $threads >fit.json 2>err
    without_seconds fit.json >fit.$threads
done
holds 'the fit has a verdict' grep -q '"verdict"' fit.1
for threads in 2 3 7; do
    for what in data latents density fit; do
        holds "$what: $threads threads as one" cmp -s $what.1 $what.$threads
    done
done
expect 'threads are counted from 1' 2 '--threads 0' "$vmrun" fit rows.vm --data data.json --threads 0
end
