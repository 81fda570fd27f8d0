#!/bin/sh
# usage: test_starts.sh BUILD_DIR   fits from several starts, of one mode and of two.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1

# Two modes, at a near 2 and -2, among more latents than those up to which a fit looks for modes by itself.
cat >two.vm <<'M'
axis k = 70
data y[k] : real
model {
  a ~ normal(0.5, 3)
  b[k] ~ normal(0, 1)
  y[k] ~ normal(a^2 - 4 + 0.1 * a + 0.3 * b, 1)
}
M
python3 -c 'import json; json.dump({"y": [0.1 * ((i * 7) % 11 - 5) for i in range(70)]}, open("two.json", "w"))'
holds 'two modes are not called good' runs 3 "$vmrun" fit two.vm --data two.json --starts 4 --steps 2000 --json
# with b integrated out y is normal(a² - 4 + a / 10, sqrt(1.09))
holds '… but told with their shares of the evidence' python3 -c '
import json, math, re
r, y = json.load(open("out")), json.load(open("two.json"))["y"]
def f(a):
    m = a * a - 4 + 0.1 * a
    return math.exp(-sum((v - m) ** 2 for v in y) / 2.18 - (a - 0.5) ** 2 / 18 + 5)
side = [sum(f(s * (1 + i / 2000)) for i in range(4000)) for s in (-1, 1)]
share = max(side) / sum(side)
why = next(x for x in r["reasons"] if x["code"] == "starts")
found = [float(x) for x in re.search("shares of the evidence are ([0-9.]+), ([0-9.]+);", why["text"]).groups()]
# the errors of both log evidences are 0.01
assert why["value"] == 4 and abs(found[0] - share) < 0.02 and abs(sum(found) - 1) < 0.01, (found, share)'
cp out first
holds 'same seed, same bits, for any threads' sh -c '"$1" fit two.vm --data two.json --starts 4 --steps 2000 --threads 1 --json >out; sed "s/\"seconds\": [^,]*//" out >a; sed "s/\"seconds\": [^,]*//" first >b; cmp -s a b' - "$vmrun"
printf 'data y : real = 1\nmodel {\n  m ~ normal(0, 2)\n  y ~ normal(m, 1)\n}\n' >one.vm
holds 'one mode' runs 0 "$vmrun" fit one.vm --starts 5
holds '… is agreed on' grep -q 'starts 5: fits from as many starts lead to the same answer' out
expect 'no number of starts' 2 '--starts 0|such as 8' "$vmrun" fit one.vm --starts 0
expect 'checkpoints are of one fit' 2 'leave out `--starts`' "$vmrun" fit one.vm --starts 2 --checkpoint a.state
end
