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
    if k[0].startswith("free"): continue
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

# random walks, held to the integral over both scales of what Kalman's filter says of the rest
# integral DATA REPEATS FIT: the model below of data that Python says, with so many looks at a step
cat >integral.py <<'P'
import json, math, statistics, sys
repeats, y = eval(sys.argv[1])
def likelihood(s, tau):
    mean, variance, total = 0, 4, 0
    for t, looks in enumerate(y):
        if t: variance += tau * tau
        for x in looks:
            of = variance + s * s
            total -= 0.5 * (math.log(2 * math.pi * of) + (x - mean) ** 2 / of)
            mean, variance = mean + variance / of * (x - mean), variance - variance * variance / of
    return total
# by the rectangle rule over the logs of both scales; half the cells change the log evidence by less than 1e-4
step = 0.06
cells = [(math.exp(-3 + step * i), math.exp(-7 + step * k)) for i in range(75) for k in range(150)]
logs = [likelihood(s, tau) + math.log(2 / math.pi * s * tau) - 0.5 * (s * s + tau * tau) for s, tau in cells]
top = max(logs)
weights = [math.exp(x - top) for x in logs]
evidence = top + math.log(sum(weights) * step * step)
fit = json.load(open("out"))
exact = sys.argv[2] == "exact"
assert fit["verdict"] != "bad", fit["verdict"]
assert abs(fit["log_evidence"]["value"] - evidence) < (4 * fit["log_evidence"]["mcse"] + 1e-3 if exact else 0.5), (fit["log_evidence"], evidence)
for name, at in (("s", 0), ("tau", 1)):
    mean = sum(w * c[at] for w, c in zip(weights, cells)) / sum(weights)
    sd = math.sqrt(sum(w * c[at] ** 2 for w, c in zip(weights, cells)) / sum(weights) - mean * mean)
    v = next(v for v in fit["variables"] if v["name"] == name)
    assert abs(v["mean"] - mean) < (4 * v["mcse"] if exact else 0.5 * sd), (v, mean)
    assert abs(math.log(v["sd"] / sd)) < (4 * v["mcse"] / sd + 0.02 if exact else 0.5), (v, sd)
P
cat >level.vm <<'M'
axis step = 20
axis look = 3
data y[step, look] : real = 2 * sin(step / 2) + 0.5 * cos(11 * step + 5 * look)
model {
  s   ~ half_normal(1)
  tau ~ half_normal(1)
  h[step = 1] ~ normal(0, 2)
  h[step > 1] ~ normal(h[step - 1], tau)
  y[step, look] ~ normal(h, s)
}
M
holds 'a random walk is fitted' runs 0 "$vmrun" fit level.vm --json
holds '… as the integral has it' python3 integral.py '3, [[2 * math.sin(t / 2) + 0.5 * math.cos(11 * t + 5 * k) for k in (1, 2, 3)] for t in range(1, 21)]' exact
# … whose scale the data hardly tell: in the centred form it has no mode but 0, where the fit stayed
sed 's/= 2 \* sin.*/= 0.5 * ndtri(0.618034 * step * step - floor(0.618034 * step * step))/; s/axis step = 20/axis step = 60/; s/axis look = 3/axis look = 1/' level.vm >still.vm
holds 'a random walk that hardly moves is fitted' runs 0 "$vmrun" fit still.vm --json
holds '… near what the integral has' python3 integral.py '1, [[0.5 * statistics.NormalDist().inv_cdf(0.618034 * t * t % 1)] for t in range(1, 61)]' near

# an autoregression over each of some series, and two walks of which one drives the other
cat >series_centred.vm <<'M'
axis series = 3
axis step = 12
data y[series, step] : real = sin(3 * step + series) + 0.2 * series
model {
  mu  ~ normal(0, 1)
  phi ~ uniform(-0.9, 0.9)
  tau ~ half_normal(1)
  x[series, step = 1] ~ normal(mu, tau)
  x[series, step > 1] ~ normal(mu + phi * (x[step - 1] - mu), tau)
  y[series, step] ~ normal(x, 0.5)
}
M
sed 's/^  x\[series, step = 1\].*/  free[series, step] ~ normal(0, 1); x[series, step = 1] = mu + tau * free/; s/^  x\[series, step > 1\].*/  x[series, step > 1] = mu + phi * (x[step - 1] - mu) + tau * free/' series_centred.vm >series_free.vm
both series
cat >drift_centred.vm <<'M'
axis step = 20
data y[step] : real = 2 * step / 5 + 4 * sin(step / 3) + 3 * cos(11 * step)
model {
  s ~ half_normal(1)
  slope[step = 1] ~ normal(0, 1)
  slope[step > 1] ~ normal(slope[step - 1], 0.5)
  level[step = 1] ~ normal(0, 5)
  level[step > 1] ~ normal(level[step - 1] + slope[step - 1], 0.3)
  y[step] ~ normal(level, s)
}
M
sed 's/^  slope\[step = 1\].*/  free[step] ~ normal(0, 1); slope[step = 1] = free/; s/^  slope\[step > 1\].*/  slope[step > 1] = slope[step - 1] + 0.5 * free/; s/^  level\[step = 1\].*/  free2[step] ~ normal(0, 1); level[step = 1] = 5 * free2/; s/^  level\[step > 1\].*/  level[step > 1] = level[step - 1] + slope[step - 1] + 0.3 * free2/' drift_centred.vm >drift_free.vm
both drift

# the same of posteriordb, where it is beside the repository; all of them: tests/accuracy/centre
sanitized || holds 'programs of posteriordb are the same centred and non-centred' "$here/../accuracy/centre" "$vmrun" eight_schools_centered seeds_stanified radon_variable_intercept
end
