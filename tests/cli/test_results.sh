#!/bin/sh
# usage: test_results.sh BUILD_DIR   what a fit prints and writes: the form of the JSON object, the same bits for the same seed, files
# that read back, data from the model, from files and from flags, labels as coordinates.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1
examples=$here/../../examples

cat >linear.vm <<'M'
data x : real = 1.5
data w : real = 2
data s : positive = 0.7
model {
  z ~ normal(0, 1)
  x ~ normal(w * z, s)
}
M

# --- one object, of the form that docs/library.md and others rely on
runs 0 "$vmrun" fit "$examples/eight_schools/eight_schools.vm" --json --seed 3
holds 'a good fit ends with 0' [ $? -eq 0 ]
mv out first.json
runs 0 "$vmrun" fit "$examples/eight_schools/eight_schools.vm" --json --seed 3
without_seconds() { sed 's/"seconds": [^,]*,//' "$1"; }
without_seconds first.json >a
without_seconds out >b
holds 'two runs print the same bits' cmp -s a b
holds 'nothing else on standard output, nothing on standard error' [ ! -s err ]
cat >form.py <<'P'
import json, sys
def number(x): return x is None or (isinstance(x, (int, float)) and not isinstance(x, bool))
r = json.load(open(sys.argv[1]))
for key, kind in dict(model=str, verdict=str, reasons=list, seconds=float, seed=int, elbo=dict, log_evidence=dict, steps=int, variables=list).items():
    assert isinstance(r[key], kind), key
assert r["verdict"] in ("good", "doubtful", "bad")
assert r["reasons"]
for x in r["reasons"]: assert set(x) == {"code", "value", "text"} and isinstance(x["code"], str) and number(x["value"]) and isinstance(x["text"], str)
assert set(r["elbo"]) >= {"value", "mcse"} and set(r["log_evidence"]) >= {"value", "mcse", "khat"}
assert all(number(x) for x in [*r["elbo"].values(), *r["log_evidence"].values()])
for v in r["variables"]:
    assert set(v) - {"label"} == {"name", "axes", "at", "mean", "sd", "mcse", "q05", "q50", "q95"}, v
    assert len(v["axes"]) == len(v["at"]) and all(isinstance(i, int) and i >= 1 for i in v["at"])
    assert "label" not in v or len(v["label"]) == len(v["at"])
    assert all(number(v[k]) for k in ("mean", "sd", "mcse", "q05", "q50", "q95"))
assert r["model"] == "eight_schools" and r["seed"] == 3
theta = [v for v in r["variables"] if v["name"] == "theta"]
assert [v["at"] for v in theta] == [[i] for i in range(1, 9)] and theta[0]["axes"] == ["school"]
P
if command -v python3 >/dev/null; then
    holds 'the JSON object has its form' python3 form.py first.json
else
    echo 'skip the form of the JSON object: there is no python3'
fi

# --- progress
"$vmrun" fit linear.vm --log json --family mean_field 2>log >table
holds '--log json is on standard error' grep -q '"stage"' log
if command -v python3 >/dev/null; then
    holds '… one object a line' python3 -c 'import json, sys
for line in open("log"): assert {"stage", "step", "steps", "elbo", "seconds"} <= set(json.loads(line))'
fi
"$vmrun" fit linear.vm --log json --objective elbo 2>log >/dev/null
if command -v python3 >/dev/null; then
    holds 'the trace of an ELBO has its parts' python3 -c 'import json, sys
rows = [r for r in map(json.loads, open("log")) if r["stage"] == "fit" and r["kl"] is not None]
assert rows
for r in rows: assert r["objective"] == "elbo" and abs(r["reconstruction"] - r["kl"] - r["elbo"]) < 1e-4 * (1 + abs(r["elbo"])), r'
fi
holds 'the table is on standard output' grep -q '^linear: good' table
"$vmrun" fit linear.vm >/dev/null 2>err
holds 'no progress where standard error is no terminal' [ ! -s err ]

# --- files
runs 0 "$vmrun" fit linear.vm -o fit.json -o 'my dräws.csv' --json
holds 'a fit is written as JSON and as draws' [ -s fit.json -a -s 'my dräws.csv' ]
holds '-o writes what --json prints' cmp -s out fit.json
mv out printed
runs 0 "$vmrun" summary fit.json --json
holds 'summary reads a fit back, as it was' cmp -s out printed
"$vmrun" fit linear.vm | sed 's/, [0-9.]* s$//' >table
"$vmrun" summary fit.json | sed 's/, [0-9.]* s$//' >again
holds '… and as a table' cmp -s table again
runs 0 "$vmrun" summary 'my dräws.csv' --json
holds 'summary reads draws' [ $? -eq 0 ]
field() { sed -n "s/.*\"name\": \"$2\".*\"$3\": \\([^,}]*\\).*/\\1/p" "$1"; }
# 4,000 draws: the mean of a resample is within 5 of its errors, 5 × 0.33 / sqrt(4000) = 0.026, the sd within 5 / sqrt(8000) = 6 %.
holds 'draws have the mean of the fit' near "$(field out z mean)" "$(field fit.json z mean)" 0.026
holds 'draws have the sd of the fit' near "$(field out z sd)" "$(field fit.json z sd)" 0.03
holds 'draws are as many as asked' [ "$(grep -vc '^#' 'my dräws.csv')" -eq 4001 ]
"$vmrun" fit linear.vm -o fit.json --seed 9 >/dev/null
holds 'an earlier file is replaced' grep -q '"seed": 9' fit.json
holds '-o may be a device' runs 0 "$vmrun" fit linear.vm -o /dev/null

# --- where data come from: the default in the program, the model's file, --data, --set, the last counts
mean() { "$vmrun" fit "$@" --json | sed -n 's/.*"name": "z".*"mean": \([^,]*\).*/\1/p'; }
# w x / (w² + s²), to 0.01 as the first release promises
holds 'data have defaults' near "$(mean linear.vm)" 0.66815 0.01
holds '--set counts before a default' near "$(mean linear.vm --set x=0)" 0 0.01
printf '{"x": -1.5, "w": 1}' >other.json
holds '--data counts before a default' near "$(mean linear.vm --data other.json)" -1.00671 0.01
holds '--set counts before --data' near "$(mean linear.vm --set x=3 --data other.json)" 2.01342 0.01
printf '{"x": 0}' >last.json
holds 'the last --data counts' near "$(mean linear.vm --data other.json --data last.json)" 0 0.01
mkdir -p 'a folder/mödel'
sed 's/= 1.5$//' linear.vm >'a folder/mödel/lin ear.vm'
printf 'data from "x.json"\n' >>'a folder/mödel/lin ear.vm'
printf '{"x": 1.5, "N": 12}' >'a folder/mödel/x.json'
holds 'paths in a model start at its folder' near "$(mean 'a folder/mödel/lin ear.vm')" 0.66815 0.01
holds '--data counts before the file of the model' near "$(mean 'a folder/mödel/lin ear.vm' --data last.json)" 0 0.01
holds 'a label may be set' runs 0 "$vmrun" fit linear.vm --set=x=2
holds 'values in another form of flag' runs 0 "$vmrun" fit --seed=4 linear.vm --json --draws 1000

# --- tables: rows are entries, a key names them, labels become coordinates
cat >tables.vm <<'M'
axis home from "homes.csv"
axis county from "counties.csv" key name
data y[home] : real
data county_of[home] : county
data soil[county] : real
model {
  b ~ normal(0, 1)
  a[county] ~ normal(b * soil, 1)
  y[home] ~ normal(a[county_of], 1)
}
M
printf 'name,soil\nANOKA,0.1\n"CLAY, ""N""",0.2\nÜLM,0.3\n' >counties.csv
printf 'y,county_of\n1,ÜLM\n2,ANOKA\n3,"CLAY, ""N"""\n4,ÜLM\n' >homes.csv
runs 0 "$vmrun" fit tables.vm --json
holds 'tables with a key fit' [ $? -eq 0 ]
holds 'labels are coordinates, in the order of their table' grep -qF '"axes": ["county"], "at": [3], "label": ["ÜLM"]' out
holds '… and are escaped' grep -qF '"label": ["CLAY, \"N\""]' out
# b soil + noise has prior variance soil² + 1; two homes in ÜLM with mean 2.5: close to 2.5 × 1 / (1 + 1/2)
holds 'values follow the key' near "$(sed -n 's/.*"at": \[3\].*"mean": \([^,]*\).*/\1/p' out)" 1.7 0.1
printf 'y,county_of\n1,ANOKA\n' >few.csv
holds 'a table may be given for another' runs 0 "$vmrun" fit tables.vm --data home=few.csv
"$vmrun" fit tables.vm >table
holds 'labels stand in the table' grep -q '^a\[ÜLM\] ' table

# --- a verdict that is bad
"$vmrun" fit linear.vm --steps 1 -o bad.json >out 2>err # its iterates cannot have come to a stand
holds 'a bad verdict ends with 3' [ $? -eq 3 ]
holds '… says so' grep -q '^linear: bad' out
holds '… and its result is written' grep -q '"verdict": "bad"' bad.json

# --- help
for command in fit check log_density summary list version; do
    runs 0 "$vmrun" $command --help
    holds "help of $command" grep -q "^vmrun $command" out
done
runs 0 "$vmrun" --help
holds 'help' grep -q 'Exit status' out
runs 0 "$vmrun" version
holds 'version' grep -Eq '^vmrun [0-9]+\.[0-9]+\.[0-9]+$' out
runs 0 "$vmrun" list
holds 'list has the distributions' grep -q '^normal(' out
runs 0 "$vmrun" fit --help
option_named() { grep -q -e "^  --$1 " out; }
for option in $(sed -n 's/^OPTION(\([a-z_]*\),.*/\1/p' "$here/../../lang/options.def"); do option_named "$option" || echo "$option"; done >unlisted
holds 'help has every option' [ ! -s unlisted ]
end
