#!/bin/sh
# usage: test_predict.sh BUILD_DIR   predictions, checks and comparisons of models, as a user runs them.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1

cat >groups.vm <<'M'
axis row, group
data y[row] : real
data of[row] : group
model {
  mu ~ normal(0, 5)
  tau ~ half_normal(1)
  a[group] ~ normal(mu, tau)
  y[row] ~ normal(a[of], 1)
}
generate { twice = 2 * y }
M
printf 'y,of\n1,red\n2,red\n3,blue\n4,blue\n2,green\n3,green\n' >seen.csv
printf 'of\nblue\npink\nred\n' >new.csv
printf 'y,of\n3,blue\n2,pink\n1,red\n' >held_out.csv

holds 'draws are written' runs 0 "$vmrun" fit groups.vm --data seen.csv -o draws.csv
holds 'they say what they are of' grep -q '^# axis group = \["red", "blue", "green"\]$' draws.csv
holds 'a prediction after a fit' runs 0 "$vmrun" predict groups.vm --data seen.csv -o fitted.json -o fitted.csv
holds 'it tells elpd_loo and the checks' sh -c 'grep -q "^elpd_loo -[0-9.]* ± " out && grep -q "^  max " out'
holds 'a prediction from draws' runs 0 "$vmrun" predict groups.vm --fit draws.csv --data seen.csv -o saved.json
holds 'is the same' cmp -s fitted.json saved.json
holds 'draws of predictions are those of `fit`' runs 0 "$vmrun" summary fitted.csv --json
holds '… in the same form' sh -c "grep -q '\"name\": \"y\", \"axes\": \[\], \"at\": \[6\]' out"
holds 'other threads, same bits' sh -c '"$1" predict groups.vm --fit draws.csv --data seen.csv --threads 1 --json | cmp -s - saved.json' - "$vmrun"
holds 'new rows without outcomes' runs 0 "$vmrun" predict groups.vm --fit draws.csv --data new.csv --json
# groups are known by their labels; a new one is normal(mu, tau)
holds 'follow their groups, known or new' python3 -c '
import csv, json
p = {tuple(v["at"]): v for v in json.load(open("out"))["variables"] if v["name"] == "y"}
rows = list(csv.DictReader(line for line in open("draws.csv") if line[0] != "#"))
def moments(x):
    m = sum(x) / len(x)
    return m, sum((v - m) ** 2 for v in x) / len(x)
blue, red, mu, tau = (moments([float(r[k]) for r in rows]) for k in ("a.2", "a.1", "mu", "tau"))
new = mu[0], mu[1] + tau[1] + tau[0] ** 2
for at, (mean, variance) in ((1, blue), (2, new), (3, red)):
    v, n = p[(at,)], len(rows)
    sd = (variance + 1) ** 0.5
    # five standard errors
    assert abs(v["mean"] - mean) < 5 * sd / n ** 0.5 and abs(v["sd"] / sd - 1) < 5 / (2 * n) ** 0.5, (at, v, mean, sd)'
holds 'data that were not fitted' runs 0 "$vmrun" predict groups.vm --fit draws.csv --data held_out.csv -o held_out.json
holds 'have a log density' grep -q '^log density of data that were not fitted -[0-9.]* ±' out
sed 's/mu ~ normal(0, 5)/mu ~ normal(0, 0.01)/; s/half_normal(1)/half_normal(0.01)/' groups.vm >narrow.vm
holds 'another model' runs 0 "$vmrun" predict narrow.vm --data seen.csv -o narrow.json
holds 'models are compared' runs 0 "$vmrun" compare narrow.json fitted.json --json
holds '… by their differences and weights' python3 -c '
import json
a, b = json.load(open("out"))["models"]
x, y = (json.load(open(f))["loo"]["observations"] for f in ("narrow.json", "fitted.json"))
d = [u["elpd"] - v["elpd"] for u, v in zip(x, y)]
m = sum(d) / 6
assert abs(a["difference"] - sum(d)) < 1e-9 and b["difference"] == 0 and b["weight"] > 0.9
assert abs(a["difference_se"] - (6 * sum((v - m) ** 2 for v in d) / 5) ** 0.5) < 1e-9'

printf 'axis n\ndata y[n] : real\nmodel {\n  m ~ normal(0, 1)\n  s ~ half_normal(1)\n  y[n] ~ normal(m, s)\n}\n' >outlier.vm
echo '{"y": [0.1, 0.2, -0.1, 0.3, 0, -0.2, 9]}' >outlier.json
holds 'an outlier' runs 0 "$vmrun" predict outlier.vm --data outlier.json
holds 'is named, with what to do' sh -c 'grep -q "^k-hat above 0.70 for 1 of 7: y\[7\] " out && grep -q "^help: " out'

expect 'outcomes that a fit needs' 1 'no data give `y[row]`' "$vmrun" predict groups.vm --data new.csv
expect 'draws of another program' 1 'the draws lack `mu`|leave `--fit` out' "$vmrun" predict groups.vm --fit fitted.csv --data seen.csv
expect 'a fit without draws' 1 'has summaries, and no draws|-o draws.csv' "$vmrun" predict groups.vm --fit fitted.json --data seen.csv
expect 'an output of no kind' 2 '-o p.txt' "$vmrun" predict groups.vm --data seen.csv -o p.txt
expect 'other data are not compared' 1 'held_out.json: error[data]: it has not as many observations' "$vmrun" compare fitted.json held_out.json
echo '{"a": 1}' >foreign.json
expect 'nor what is no prediction' 1 'no densities of observations|-o PREDICTION.json' "$vmrun" compare fitted.json foreign.json
expect 'one model is not compared' 2 'two or more' "$vmrun" compare fitted.json
printf 'axis n\ndata y[n] : real\nmodel {\n  m ~ normal(0, 1)\n  factor -(y - m)^2\n}\n' >factor.vm
holds 'a factor observes nothing' runs 0 "$vmrun" predict factor.vm --data outlier.json
holds '… and that is said' grep -q 'no observation has a density of its own' out
end
