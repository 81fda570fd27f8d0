#!/bin/sh
# usage: test_edges.sh BUILD_DIR   data with next to nothing in them: an answer, or a clear verdict or message, and no NaN; and data in other
# units: the same answer.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1

cat >linear.vm <<'M'
axis n
data x[n] : real
data y[n] : real
model {
  a ~ normal(0, 10)
  b ~ normal(0, 10)
  c ~ normal(0, 10)
  s ~ lognormal(0, 1)
  y[n] ~ normal(a + b * x + c * cos(x), s)
}
M
sed 's/normal(0, 10)/flat()/' linear.vm >flat.vm
cat >poisson.vm <<'M'
axis n
data x[n] : real
data y[n] : count
model {
  a ~ normal(0, 5)
  b ~ normal(0, 5)
  y[n] ~ poisson(exp(a + b * x))
}
M
sed 's/normal(0, 5)/flat()/' poisson.vm >poisson_flat.vm
sed 's/: count/: binary/; s/poisson(exp(a + b \* x))/bernoulli_logit(a + b * x)/' poisson.vm >logistic.vm
sed 's/normal(0, 5)/flat()/' logistic.vm >logistic_flat.vm
cat >groups.vm <<'M'
axis n, group = 3
data y[n] : real
data group_of[n] : group
model {
  mu ~ normal(0, 5)
  tau ~ half_normal(2)
  s ~ lognormal(0, 1)
  t[group] ~ normal(mu, tau)
  y[n] ~ normal(t[group_of], s)
}
M

# Every number of the last run is one.
numbers() { python3 -c '
import json, math
r = json.load(open("out"))
assert all(isinstance(v[k], (int, float)) and math.isfinite(v[k]) for v in r["variables"] for k in ("mean", "sd", "mcse", "q05", "q50", "q95"))
assert r["verdict"] in ("good", "doubtful")'; }
# answers NAME MODEL DATA
answers() {
    printf '%s' "$3" >data.json
    holds "$1" runs 0 "$vmrun" fit "$2" --data data.json --json
    holds '… in numbers' numbers
}
answers 'no rows, linear' linear.vm '{"x": [], "y": []}'
answers 'one row, linear' linear.vm '{"x": [1], "y": [2]}'
answers 'two rows, linear' linear.vm '{"x": [1, 2], "y": [2, 3]}'
answers 'no rows, groups' groups.vm '{"y": [], "group_of": []}'
answers 'one row, groups' groups.vm '{"y": [1], "group_of": [2]}'
answers 'two rows, groups' groups.vm '{"y": [1, 1.5], "group_of": [2, 3]}'
answers 'no rows, logistic' logistic.vm '{"x": [], "y": []}'
answers 'one row, logistic' logistic.vm '{"x": [1], "y": [1]}'
answers 'two rows, logistic' logistic.vm '{"x": [1, 2], "y": [0, 1]}'
answers 'a constant column' linear.vm '{"x": [3, 3, 3, 3, 3, 3], "y": [1, 2, 3, 1, 2, 4]}'
answers 'a constant outcome' linear.vm '{"x": [1, 2, 3, 4, 5, 6], "y": [1, 1, 1, 1, 1, 1]}'
answers 'counts that are all zero' poisson.vm '{"x": [1, 2, 3, 4, 5, 6], "y": [0, 0, 0, 0, 0, 0]}'
answers 'huge counts' poisson.vm '{"x": [1, 2, 3], "y": [1000000000000, 1000000000001, 1000000000003]}'
answers 'all rows in one group' groups.vm '{"y": [1, 2, 1.5, 1.2], "group_of": [2, 2, 2, 2]}'
answers 'separable data' logistic.vm '{"x": [-3, -2, -1, 1, 2, 3], "y": [0, 0, 0, 1, 1, 1]}'

# The mean of a ~ normal(0, 10) and sd under no data; four Monte-Carlo errors of 4,000 draws
printf '{"x": [], "y": []}' >data.json
"$vmrun" fit logistic.vm --data data.json --json >out
holds 'no rows leave the prior' python3 -c '
import json
for v in json.load(open("out"))["variables"]: assert abs(v["mean"]) < 4 * 5 / 60 and abs(v["sd"] / 5 - 1) < 4 / 80, v'

# endless NAME MODEL DATA: a posterior that has no integral is said to have none
endless() {
    printf '%s' "$3" >data.json
    expect "$1" 1 'the posterior has no end' "$vmrun" fit "$2" --data data.json
}
endless 'no rows and flat priors' flat.vm '{"x": [], "y": []}'
endless 'a constant column and flat priors' flat.vm '{"x": [3, 3, 3, 3, 3, 3], "y": [1, 2, 3, 1, 2, 4]}'
endless 'zeros and flat priors' poisson_flat.vm '{"x": [1, 2, 3, 4, 5, 6], "y": [0, 0, 0, 0, 0, 0]}'
endless 'separable data and flat priors' logistic_flat.vm '{"x": [-3, -2, -1, 1, 2, 3], "y": [0, 0, 0, 1, 1, 1]}'

# what no latent can mend is said to be in the data
cat >binomial.vm <<'M'
axis n
data k[n] : count
data of[n] : count
model {
  p ~ beta(1, 1)
  k[n] ~ binomial(of, p)
}
M
printf '{"k": [2, 6], "of": [5, 5]}' >data.json
expect 'more successes than trials' 1 'data alone make this' "$vmrun" fit binomial.vm --data data.json
printf '{"k": [0, 0], "of": [0, 0]}' >data.json
holds 'no trials' runs 0 "$vmrun" predict binomial.vm --data data.json
holds '… whose weights are equal' grep -q 'no weight larger than others' out

# a column twice: their sum is known, their difference as the prior has it
cat >twice.vm <<'M'
axis n
data x[n] : real
data z[n] : real
data y[n] : real
model {
  b ~ normal(0, 1)
  c ~ normal(0, 1)
  y[n] ~ normal(b * x + c * z, 0.1)
  total = b + c
  apart = b - c
}
M
answers 'a column twice' twice.vm '{"x": [1, 2, 3, 4], "z": [1, 2, 3, 4], "y": [1, 2.1, 2.9, 4]}'
# total ~ N(0, 2) with 4 rows: precision 1/2 + 30/0.01, mean 30.0 (= sum x y) / 0.01 of it; apart ~ N(0, 2)
holds '… of which the sum is known' python3 -c '
import json
v = {x["name"]: x for x in json.load(open("out"))["variables"]}
precision, pull = 0.5 + 30 / 0.01, (1 + 4.2 + 8.7 + 16) / 0.01
assert abs(v["total"]["mean"] - pull / precision) < 4 * precision ** -0.5 / 60
assert abs(v["apart"]["mean"]) < 4 * 2 ** 0.5 / 60 and abs(v["apart"]["sd"] / 2 ** 0.5 - 1) < 4 / 80'

# --- other units
"$here/../accuracy/rescale" "$vmrun" --made
end
