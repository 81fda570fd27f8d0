#!/bin/sh
# usage: test_calibrate.sh BUILD_DIR   fits that are right are told from fits that are not.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1

# The sum is known far better than the difference: a joint guide is exact, independent ones are four times too narrow.
cat >sum.vm <<'M'
axis n = 20
data y[n] : real
model {
  a ~ normal(0, 1)
  b ~ normal(0, 1)
  y[n] ~ normal(a + b, 1)
  total = a + b
}
M
# The fixed seed passes; of other seeds one in a hundred fails.
holds 'a joint guide is calibrated' runs 0 "$vmrun" calibrate sum.vm -n 60 --json
holds 'places are uniform' python3 -c '
import json
r = json.load(open("out"))
assert r["calibrated"] is True and r["fits"] == 60 and r["verdicts"]["good"] >= 55, r["verdicts"]
assert [v["name"] for v in r["variables"]] == ["a", "b", "total"]
for v in r["variables"]:
    assert len(v["places"]) == 60 and all(0 < x < 1 for x in v["places"]) and sum(v["bins"]) == 60
    # four standard errors of 60 uniform numbers, of their mean and of their mean square
    assert abs(v["mean"] - 0.5) < 4 * (1 / 12 / 60) ** 0.5 and abs(12 * v["spread"] ** 2 - 1) < 4 * (0.8 / 60) ** 0.5
    # Kolmogorov and Smirnov, by hand: 1.95 / sqrt(n) is exceeded once in a thousand
    x = sorted(v["places"])
    assert max(max((i + 1) / 60 - u, u - i / 60) for i, u in enumerate(x)) < 1.95 / 60 ** 0.5'
holds 'same seed, same places' sh -c '"$1" calibrate sum.vm -n 60 --json | cmp -s - out' - "$vmrun"
holds 'independent guides are not' runs 3 "$vmrun" calibrate sum.vm --n 20 --family mean_field --tolerance 0.2 --draws 1000
holds 'too narrow is said' grep -q 'sum: not calibrated' out
holds '… of each' test "$(grep -c '^[ab] .*the fits are too narrow' out)" = 2
# A short form of tests/accuracy/calibrate, which does this for five models and 200 data sets each.
for model in mixture hmm; do
    holds "$model is calibrated" runs 0 "$vmrun" calibrate "$here/../accuracy/calibrated/$model.vm" --n 10
done
cat >improper.vm <<'M'
data y : real
model {
  m ~ flat()
  y ~ normal(m, 1)
}
M
expect 'a prior that cannot be drawn from' 1 'improper.vm:3:3|`flat` cannot be drawn from' "$vmrun" calibrate improper.vm
expect 'too few data sets' 2 '--n 3|from 10' "$vmrun" calibrate sum.vm --n 3
expect 'no model to calibrate' 2 'vmrun calibrate model.vm' "$vmrun" calibrate
printf 'axis n\ndata y[n] : real\nmodel {\n  a ~ normal(0, 1)\n  y[n] ~ normal(a, 1)\n}\n' >open.vm
expect 'an axis without a size' 1 'open.vm:1:6|--set n=' "$vmrun" calibrate open.vm
end
