#!/bin/sh
# usage: test_evidence.sh BUILD_DIR   evidence that is known, by weights and by annealing (the whole: tests/accuracy/evidence/run).
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1
models=$here/../accuracy/evidence

cat >near.py <<'P'
import json, sys
r, name = json.load(open("out")), sys.argv[1]
known = json.load(open(sys.argv[2]))[name]["log_evidence"]
e = r["log_evidence"]
# four standard errors, which one in fifteen thousand exceeds, and the rounding of a nearly exact one
assert r["settled"] and r["method"] in sys.argv[3:], r
assert abs(e["value"] - known) < 4 * e["mcse"] + 1e-3, (e, known)
assert e["low"] < e["value"] < e["high"]
if r["method"] == "annealing":
    assert r["below"]["value"] - 4 * r["below"]["mcse"] < known < r["above"]["value"] + 4 * r["above"]["mcse"], r
P
for one in normal_mean coin rates regression regression_scale schools square logistic robust; do
    python3 -c 'import json, sys; json.dump(json.load(open(sys.argv[1]))[sys.argv[2]]["data"], open("data.json", "w"))' "$models/known.json" $one
    holds "the evidence of $one" runs 0 "$vmrun" evidence "$models/$one.vm" --data data.json --json
    holds "… is the known one" python3 near.py $one "$models/known.json" weights annealing
done
for one in coin schools mixture; do
    python3 -c 'import json, sys; json.dump(json.load(open(sys.argv[1]))[sys.argv[2]]["data"], open("data.json", "w"))' "$models/known.json" $one
    holds "the evidence of $one by annealing" runs 0 "$vmrun" evidence "$models/$one.vm" --data data.json --method annealing --json
    holds "… is the known one, and lies in its bracket" python3 near.py $one "$models/known.json" annealing
done
cp out first
holds 'same seed, same bits, for any threads' sh -c '"$1" evidence "$2/mixture.vm" --data data.json --method annealing --threads 1 --json | cmp -s - first' - "$vmrun" "$models"
"$vmrun" fit "$models/mixture.vm" --data data.json -o draws.csv >out 2>err
holds 'from draws of a file' runs 0 "$vmrun" evidence "$models/mixture.vm" --data data.json --fit draws.csv --json
holds '… it anneals' python3 near.py mixture "$models/known.json" annealing
holds 'as text' sh -c '"$1" evidence "$2/mixture.vm" --data data.json >out && grep -q "^mixture: log evidence -24.[0-9]*, between" out' - "$vmrun" "$models"
expect 'a method of no name' 2 '--method steps|weights or annealing' "$vmrun" evidence "$models/coin.vm" --method steps
expect 'draws have no weights' 2 'leave `--fit` out' "$vmrun" evidence "$models/coin.vm" --fit draws.csv --method weights
printf 'param a : real = 1\ndata y : real = 2\nmodel {\n  z ~ normal(a, 1)\n  y ~ normal(z, 1)\n}\n' >param.vm
expect 'a param has no prior' 1 'param.vm:1:7|`a` is a param' "$vmrun" evidence param.vm --method annealing
expect '… by weights neither' 1 'param.vm:1:7|`a` is a param' "$vmrun" evidence param.vm
# one prior, written over all orders and over one of them: the same evidence, within five errors of the difference
printf 'axis n = 12, k = 2\ndata y[n] : real = 3 * sin(n) + sin(7 * n)\nmodel {\n  w[k] ~ dirichlet(1)\n  mu[k] ~ normal(0, 3)\n  z[n] ~ categorical(w)\n  y[n] ~ normal(mu[z], 1)\n}\n' >orders.vm
sed 's/mu\[k\] ~/mu[k] : ordered ~/' orders.vm >order.vm
for one in orders order; do runs 0 "$vmrun" evidence $one.vm --json && mv out $one.json; done
holds 'an order of the components does not change the evidence' python3 -c '
import json, math
a, b = (json.load(open(f + ".json"))["log_evidence"] for f in ("orders", "order"))
assert abs(a["value"] - b["value"]) < 5 * math.hypot(a["mcse"], b["mcse"]) < 0.1, (a, b)'
end
