#!/bin/sh
# usage: test_prior.sh BUILD_DIR   data drawn from the prior, and that fit reads them. What is drawn is tested in tests/infer/prior.c.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1
cat >groups.vm <<'M'
axis row, group, colour = {red, green}
data y[row, colour] : real
data of[row] : group from 0
data hue[row] : colour
data w : positive = 0.5
model {
  mu ~ normal(0, 5)
  tau : positive ~ normal(0, 1)
  a[group] ~ normal(mu, tau)
  share[colour] ~ dirichlet(1)
  hue[row] ~ categorical(share)
  y[row, colour] ~ normal(a[of] + colour, w)
}
generate { best = max[group](a) }
M
given="--set row=4 --set group=3 --set of=[0,0,1,2]"
runs 0 "$vmrun" prior groups.vm $given --seed 7 -o drawn.json --latents latents.json
holds 'it prints nothing when it writes a file' [ ! -s out -a ! -s err ]
runs 0 "$vmrun" prior groups.vm $given --seed 7
holds 'without -o the data go to standard output' cmp -s out drawn.json
runs 0 "$vmrun" prior groups.vm $given --seed 8
holds 'another seed draws others' [ "$(cat out)" != "$(cat drawn.json)" ]
holds 'given data stay as they are' grep -qF '"of": [0, 0, 1, 2]' drawn.json
holds 'defaults are written too' grep -qF '"w": 0.5' drawn.json
holds 'labels are written as labels' grep -Eq '"hue": \["(red|green)", ' drawn.json
holds 'sizes are written' grep -qF '"group": 3' drawn.json
holds 'latents and generated names go to a file of their own' [ "$(grep -cE '"(mu|tau|a|share|best)": ' latents.json)" -eq 5 ]
runs 0 "$vmrun" check groups.vm --data drawn.json
holds 'check reads the data' grep -Eq '^axis group +size 3' out
"$vmrun" fit groups.vm --data drawn.json --json >out 2>err
holds 'fit reads the data' grep -q '"verdict"' out
runs 0 "$vmrun" log_density groups.vm --data drawn.json --at latents.json
holds 'log_density reads the latents' grep -q '"log_density": -\{0,1\}[0-9]' out
cp drawn.json shape.json
runs 0 "$vmrun" prior groups.vm --data shape.json --at latents.json --seed 7
holds 'what is given by --at is not drawn, and observed data are drawn again' cmp -s out drawn.json
printf '{"mu": 100}' >at.json
runs 0 "$vmrun" prior groups.vm $given --at at.json --latents other.json
holds 'some latents given, others drawn' grep -qF '"mu": 100' other.json
holds '… from what is given' awk -F'[][, ]+' '/"a"/ { exit !($3 > 90) }' other.json
cat >cells.vm <<'M'
axis cell, gene
data plate_of[cell] : plate
axis plate
data count[cell, gene] : count
let depth = sum[gene](count)
model {
  shift[plate] ~ normal(0, 1)
  count[cell, gene] ~ poisson(depth * exp(shift[plate_of]) / size(gene))
}
M
printf '{"plate_of": ["b", "a"], "count": [[400, 400], [20, 20]]}' >cells.json
printf '{"shift": [0, 0]}' >shift.json
runs 0 "$vmrun" prior cells.vm --data cells.json --at shift.json
holds 'values of latents over labels that data give, and a let of what is drawn as it is given' awk -F'[][, ]+' '/"count"/ { exit !($3 > 300 && $5 < 60) }' out
printf '{"tua": 1}' >slip.json
expect 'a latent that the program does not have' 1 'slip.json|no latent `tua`|did you mean `tau`?' "$vmrun" prior groups.vm $given --at slip.json
expect 'data that are not drawn are needed' 1 'no data give `of[row]`' "$vmrun" prior groups.vm --set row=4 --set group=2
expect 'a wrong seed' 2 '--seed x' "$vmrun" prior groups.vm --seed x
expect 'no model' 2 'name one model' "$vmrun" prior
printf 'old' >kept.json
printf 'axis n\ndata y[n] : real\nmodel {\n  m ~ flat()\n  y[n] ~ normal(m, 1)\n}\n' >flat.vm
expect 'a size that nothing says' 1 'how many entries `n` has|--set n=8' "$vmrun" prior flat.vm
expect 'a prior that cannot be drawn' 1 'flat.vm:4|`flat` cannot be drawn from|--at FILE' "$vmrun" prior flat.vm --set n=3 -o kept.json
holds 'a file is whole or as it was' [ "$(cat kept.json)" = old ]
printf 'data x : real\nlet y = log(x)\nmodel {\n  m ~ normal(0, 1)\n  y ~ normal(m, 1)\n}\n' >computed.vm
expect 'a value of data cannot be drawn into data' 1 '`y` is computed from data' "$vmrun" prior computed.vm --set x=3
printf 'axis n\nparam p : positive\ndata y[n] : real\nmodel {\n  y[n] ~ normal(0, p)\n}\n' >param.vm
expect 'a param without a value' 1 '`p` is a param without a value|--at FILE' "$vmrun" prior param.vm --set n=3
printf '{"p": 2}' >p.json
holds '… and with one' runs 0 "$vmrun" prior param.vm --set n=3 --at p.json
printf 'axis home from "homes.csv"\ndata y[home] : real\ndata x[home] : real\nmodel {\n  b ~ normal(0, 1)\n  y[home] ~ normal(b * x, 1)\n}\n' >table.vm
printf 'x,y\n1,77\n2,77\n' >homes.csv
runs 0 "$vmrun" prior table.vm -o drawn.json
"$vmrun" fit table.vm --data drawn.json --json >out 2>err
holds 'drawn data stand above the tables of the model' [ "$(sed -n 's/.*"mean": \([-0-9]*\).*/\1/p' out | head -n 1)" -lt 9 ]
end
