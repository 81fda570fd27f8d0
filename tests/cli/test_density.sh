#!/bin/sh
# usage: test_density.sh BUILD_DIR   log_density against closed forms, constrained and not, and values that do not fit.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1
field() { sed -n "s/.*\"$1\": \\[*\\([-+.e0-9]*\\).*/\\1/p" out; }
entry() { sed -n "s/.*\"$1\": \\[\\([^]]*\\)\\].*/\\1/p" out | cut -d, -f"$2" | tr -d ' '; }

cat >scale.vm <<'M'
axis k
data y[k] : real
model {
  mu ~ normal(1, 2)
  s ~ exponential(3)
  z[k] ~ normal(mu, s)
  y[k] ~ normal(z, 1)
}
M
printf '{"y": [0.5, -1, 2]}' >y.json
printf '{"mu": 0.4, "s": 1.7, "z": [0.1, -0.2, 0.9]}' >at.json

# log N(mu; 1, 2) + log 3 - 3 s + Σ log N(z; mu, s) + log N(y; z, 1) and its gradient
closed() {
    awk -v what="$1" 'BEGIN {
        mu = 0.4; s = 1.7; split("0.1 -0.2 0.9", z, " "); split("0.5 -1 2", y, " "); h = 0.5 * log(2 * atan2(0, -1))
        d = -(mu - 1) ^ 2 / 8 - log(2) - h + log(3) - 3 * s; gm = -(mu - 1) / 4; gs = -3
        for (k = 1; k <= 3; k++) {
            d += -((z[k] - mu) / s) ^ 2 / 2 - log(s) - h - (y[k] - z[k]) ^ 2 / 2 - h
            gm += (z[k] - mu) / s ^ 2
            gs += (z[k] - mu) ^ 2 / s ^ 3 - 1 / s
        }
        gz = -(z[2] - mu) / s ^ 2 + y[2] - z[2]
        # s = exp(t): the log-Jacobian is t, its derivative 1
        if (what == "d") x = d; if (what == "u") x = d + log(s); if (what == "mu") x = gm
        if (what == "s") x = gs; if (what == "t") x = gs * s + 1; if (what == "z2") x = gz
        printf "%.15g\n", x }'
}
# Sums of a dozen terms: a few roundings. What awk prints has 15 digits.
runs 0 "$vmrun" log_density scale.vm --data y.json --at at.json
holds 'a log density in closed form' near "$(field log_density)" "$(closed d)" 1e-13
holds 'its gradient: a scalar' near "$(field mu)" "$(closed mu)" 1e-13
holds 'its gradient: a scale' near "$(field s)" "$(closed s)" 1e-13
holds 'its gradient: an entry' near "$(entry z 2)" "$(closed z2)" 1e-13
runs 0 "$vmrun" log_density scale.vm --data y.json --at at.json --unconstrained
holds 'unconstrained: with the log-Jacobian' near "$(field log_density)" "$(closed u)" 1e-13
holds 'unconstrained: the gradient of the logarithm' near "$(field s)" "$(closed t)" 1e-13
holds 'unconstrained: what is real stays' near "$(field mu)" "$(closed mu)" 1e-13
if command -v python3 >/dev/null; then holds 'it is one JSON object' python3 -c 'import json; r = json.load(open("out")); assert set(r) == {"log_density", "gradient"} and set(r["gradient"]) == {"mu", "s", "z"}'; fi

# An axis that takes its labels from a column: values come in the order in which the labels first appear.
# y = 1, 3 under drug, 2 under control; gradient of a: -a + the sum of y - a
printf 'axis row, arm\ndata arm_of[row] : arm\ndata y[row] : real\nmodel { a[arm] ~ normal(0, 1); y[row] ~ normal(a[arm_of], 1) }\n' >arms.vm
printf 'arm_of,y\ndrug,1\ncontrol,2\ndrug,3\n' >arms.csv
printf '{"a": [0.5, 0.75]}' >arms.json
runs 0 "$vmrun" log_density arms.vm --data arms.csv --at arms.json
holds 'values of an axis whose labels come from the data' near "$(entry a 1)" 2.5 1e-13
holds '… in their order' near "$(entry a 2)" 0.5 1e-13

expect 'a value that lacks' 1 '`mu`|help: ' sh -c 'echo "{\"s\": 1, \"z\": [0, 0, 0]}" >lacks.json; "$0" log_density scale.vm --data y.json --at lacks.json' "$vmrun"
expect 'a value beyond its support' 1 'beyond.json|`s`|help: ' sh -c 'echo "{\"mu\": 0, \"s\": -1, \"z\": [0, 0, 0]}" >beyond.json; "$0" log_density scale.vm --data y.json --at beyond.json' "$vmrun"
expect 'values of another length' 1 'longer.json|`z`|help: ' sh -c 'echo "{\"mu\": 0, \"s\": 1, \"z\": [0, 0, 0, 0]}" >longer.json; "$0" log_density scale.vm --data y.json --at longer.json' "$vmrun"
expect 'no file of values' 1 'nothing.json|no such file' "$vmrun" log_density scale.vm --data y.json --at nothing.json
end
