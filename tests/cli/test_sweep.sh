#!/bin/sh
# usage: test_sweep.sh BUILD_DIR   a fit for each value of an option; over beta the rate falls and the distortion rises.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1

cat >model.vm <<'M'
axis image = 30, code = 2
data y[image, code] : real = 2 * sin(image * 12.9898 + code)
model {
  z[image, code] ~ normal(0, 1)
  y[image, code] ~ normal(z, 0.5)
}
guide {
  param slope : real = 0.5
  z[image, code] ~ normal(slope * y, ?)
}
fit { draws = 500 }
M
"$vmrun" sweep model.vm --set beta=0.5,1,4 >table 2>err
holds 'a line for each value' [ "$(wc -l <table)" = 4 ]
holds 'the rate falls, the distortion rises' awk 'NR > 2 && !($5 < rate && $6 > distortion) { exit 1 } { rate = $5; distortion = $6 }' table
"$vmrun" sweep model.vm --set beta=1,2 --json >out 2>err
holds "the same as JSON" python3 -c 'import json; x = json.load(open("out")); assert x["option"] == "beta" and len(x["points"]) == 2 and x["points"][0]["rate"] > x["points"][1]["rate"]'
"$vmrun" sweep model.vm --set 'objective=iwae(2),renyi(0.5, 2)' >table 2>err
holds 'values with arguments' [ "$(wc -l <table)" = 3 ]
expect 'a sweep over nothing' 2 'an option and its values' "$vmrun" sweep model.vm
expect 'a value that is none' 2 'beta' "$vmrun" sweep model.vm --set beta=1,no
