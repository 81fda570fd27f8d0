#!/bin/sh
# usage: test_centring.sh BUILD_DIR   a model says the same centred and non-centred: means and sds agree to within their errors.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1

# both NAME: NAME_centred.vm and NAME_free.vm have the same scalars under the same names
both() {
    for form in centred free; do
        holds "$1 is fitted, $form" runs 0 "$vmrun" fit "$1_$form.vm" --json
        mv out "$form.json"
    done
    holds '… with one answer' python3 -c '
import json, math
a, b = ({(v["name"], *v.get("at", [])): v for v in json.load(open(f + ".json"))["variables"]} for f in ("centred", "free"))
for k in a.keys() & b.keys():
    if k[0] == "free": continue
    u, v = a[k], b[k]
    # four Monte-Carlo errors, and what a good verdict leaves open: 0.05 sds and 5 %
    assert abs(u["mean"] - v["mean"]) < 4 * math.hypot(u["mcse"], v["mcse"]) + 0.05 * u["sd"], (k, u, v)
    assert abs(math.log(u["sd"] / v["sd"])) < 0.05 + 4 * math.hypot(u["mcse"], v["mcse"]) / u["sd"], (k, u, v)
assert len(a.keys() & b.keys()) > 2'
}

cat >schools_centred.vm <<'M'
axis school = 8
data y[school] : real = 12 * sin(2 * school) + 6
data sigma[school] : positive = 9 + school
model {
  mu  ~ normal(0, 5)
  tau ~ half_normal(5)
  theta[school] ~ normal(mu, tau)
  y[school]     ~ normal(theta, sigma)
}
M
sed 's/theta\[school\] ~ normal(mu, tau)/free[school] ~ normal(0, 1); theta = mu + tau * free/' schools_centred.vm >schools_free.vm
both schools

# groups of 1 to 19 rows
cat >groups_centred.vm <<'M'
axis row = 100
axis group = 10
data group_of[row] : group = 1 + floor(sqrt(row - 1))
data y[row] : real = sin(9 * row) + cos(floor(sqrt(row - 1)))
model {
  mu    ~ normal(0, 2)
  tau   ~ half_normal(1)
  sigma ~ half_normal(1)
  a[group] ~ normal(mu, tau)
  y[row]   ~ normal(a[group_of], sigma)
}
M
sed 's/a\[group\] ~ normal(mu, tau)/free[group] ~ normal(0, 1); a = mu + tau * free/' groups_centred.vm >groups_free.vm
both groups

# counts out of trials with an effect of each plate, as in seeds
cat >plates_centred.vm <<'M'
axis plate = 15
data seeds[plate] : count = 10 + 2 * plate
data kind[plate] : real = floor(plate / 2) - 2 * floor(plate / 4)
data grown[plate] : count = floor((10 + 2 * plate) * (0.5 + 0.3 * sin(5 * plate)))
model {
  base ~ normal(0, 2)
  by   ~ normal(0, 2)
  tau  ~ half_normal(1)
  b[plate] ~ normal(base + by * kind, tau)
  grown[plate] ~ binomial_logit(seeds, b)
}
M
sed 's/b\[plate\] ~ normal(base + by \* kind, tau)/free[plate] ~ normal(0, 1); b = base + by * kind + tau * free/' plates_centred.vm >plates_free.vm
both plates

# the same of posteriordb, where it is beside the repository; all of them: tests/accuracy/centre
sanitized || holds 'programs of posteriordb are the same centred and non-centred' "$here/../accuracy/centre" "$vmrun" eight_schools_centered seeds_stanified radon_variable_intercept
end
