#!/bin/sh
# usage: test_check.sh BUILD_DIR   vmrun check with data and without, and the program after each pass.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1
cat >groups.vm <<'M'
axis row, group
data from "groups.csv"
data y[row] : real
data of[row] : group
model {
  mu ~ normal(0, 5)
  tau ~ half_normal(1)
  a[group] ~ normal(mu, tau)
  y[row] ~ normal(a[of], 1)
}
M
runs 0 "$vmrun" check groups.vm
holds 'check needs no data' grep -Eq '^axis row +size from the data' out
holds '… and is silent on standard error' [ ! -s err ]
holds 'it shows the latents' grep -Eq '^latent tau +positive' out
holds '… and which are observed' grep -Eq '^data y\[row\] .*observed' out
holds '… and the guide of each' [ "$(grep -c '^guide ' out)" -eq 3 ]
printf 'y,of\n1,red\n2,red\n3,blue\n' >groups.csv
runs 0 "$vmrun" check groups.vm
holds 'check binds the data that the model names, where they are there' grep -Eq '^axis group +size 2' out
printf 'y,of\n1,red\n2\n' >groups.csv
expect 'check finds mistakes in them' 1 'groups.csv:3|help: ' "$vmrun" check groups.vm
printf 'y,of\n1,1\n2,2\n3,3\n4,1\n' >other.csv
runs 0 "$vmrun" check groups.vm --data other.csv
holds 'check binds the data that are given' grep -Eq '^axis group +size 3' out
"$vmrun" check groups.vm --dump nothing 2>said >/dev/null
passes=$(sed -n 's/.*passes are //p' said | sed 's/,//g; s/ and / /')
for pass in $passes; do
    runs 0 "$vmrun" check groups.vm --data other.csv --dump "$pass"
    holds "--dump $pass" [ -s out -a ! -s err ]
done
holds 'the help names all passes' [ "$("$vmrun" check --help | sed -n 's/.*after a pass: //p' | sed 's/,//g; s/ or / /')" = "$passes" ]
runs 0 "$vmrun" check groups.vm --dump syntax
holds 'the syntax needs no data' [ -s out ]

# what the check says, for editors
cat >chain.vm <<'M'
axis time, feature, state = 2
data y[time] : real
data X[time, feature] : real
let start[state] = 1 / size(state)
model {
  P[state, state'] ~ dirichlet(1)
  mu[state] : ordered ~ normal(0, 5)
  b[feature] ~ normal(0, 1)
  s[time = 1] ~ categorical(start)
  s[time > 1] ~ categorical(P[s[time - 1]])
  e[time = 1] = 0
  e[time > 1] = 0.5 * e[time - 1] + y[time - 1]
  y[time] ~ normal(mu[s] + e + sum[feature](X * b), 1)
}
guide {
  b[feature] ~ normal(?, ?)
  rest ~ mean_field()
}
M
json() { # json CONDITION: of the object `o` in the file out
    python3 -c "import json; o = json.load(open('out')); m = o['model']; assert $1" 2>why
}
runs 0 "$vmrun" check chain.vm --json
holds '--json prints one object' json 'o["valid"] and o["diagnostics"] == [] and len(m) == 12'
holds '… and nothing on standard error' [ ! -s err ]
holds '… with sizes, null where they are not known' json '[(a["name"], a["size"]) for a in m["axes"]] == [("time", None), ("feature", None), ("state", 2)]'
holds '… with axes, types and places' json '[(d["name"], d["axes"], d["type"], d["line"], d["column"], d["end_column"]) for d in m["data"]] == [("y", ["time"], "real", 2, 6, 7), ("X", ["time", "feature"], "real", 3, 6, 7)]'
holds '… with the supports of latents' json '[(l["name"], l["type"], l["summed_out"]) for l in m["latents"]] == [("P", "simplex", False), ("mu", "ordered", False), ("b", "real", False), ("s", "state", True)]'
holds '… with scans' json '[(r["of"], r["how"], r.get("carried")) for r in m["recurrences"]] == [(["e"], "scan", 1), (["s"], "forward algorithm", None)]'
holds '… with what is summed out' json '[(x["name"], x["how"], x["terms"]) for x in m["summed_out"]] == [("s", "forward algorithm", None)]'
holds '… with families and estimators' json '[(g["name"], g["family"], g["estimator"]) for g in m["guides"]] == [("b", "normal", "pathwise, KL in closed form"), ("P", "mean_field", "pathwise, sticking the landing"), ("mu", "mean_field", "pathwise, sticking the landing")]'
echo '{"y": [1, 2, 3], "X": [[1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 3, 6]]}' >chain.json
runs 0 "$vmrun" check chain.vm --json --data chain.json
holds 'with data there are sizes' json '[a["size"] for a in m["axes"]] == [3, 4, 2]'
holds '… costs' json 'm["summed_out"][0]["terms"] == 12'
holds '… and contractions' json '[(c["over"], c["into"], c["products"], c["line"]) for c in m["contractions"]] == [(["feature"], ["time"], 12, 13)]'
holds '… and the memory of a fit' json '[(f["name"], 1e5 < f["bytes"] <= f["most"]) for f in m["memory"]] == [("fit", True)]'
runs 0 "$vmrun" check chain.vm --data chain.json
holds '… in words' grep -Eq '^memory of a fit +[0-9.]+ [kMG]B' out
holds 'the same in words' grep -Eq '^contraction line 13 +over feature, into time, 12 products$' out
printf 'axis row = 9, k = 3\ndata y[row] : real = sin(row)\ndata of[row] : k = floor((row - 1) / 3) + 1\nmodel {\n  mu ~ normal(0, 1)\n  a[k] ~ normal(mu, 1)\n  y[row] ~ normal(a[of], 1)\n}\n' >groups.vm
echo '{}' >nothing.json
runs 0 "$vmrun" check groups.vm --json --data nothing.json
holds 'what weights along axes would take' json '[(w["name"], w.get("particles"), w.get("terms"), w.get("afforded")) for w in m["weights"]] == [("mu", 0, None, None), ("a", 8, None, None), ("k", None, 24, True)]'
holds '… and why others have a joint weight' json 'm["weights"][0]["joint"] == "no axis of two or more entries" and "joint" not in m["weights"][1]'
printf 'axis row\ndata y[row] : real\ndata x[row] : real\nmodel {\n  μ ~ normal(0, 1)\n  y[row] ~ normal(μ, s)\n}\n' >wrong.vm
runs 1 "$vmrun" check wrong.vm --json
holds '--json of a wrong program has its mistakes' json 'not o["valid"] and m is None and [(d["code"], d["severity"], d["file"], d["line"], d["column"], d["end_line"], d["end_column"]) for d in o["diagnostics"]] == [("name", "error", "wrong.vm", 6, 22, 6, 23)]'
holds '… with message and help' json 'all(d["message"] and d["help"] for d in o["diagnostics"])'
holds '… and nothing on standard error' [ ! -s err ]
sed -i 's/, s)/, 1)/' wrong.vm
runs 0 "$vmrun" check wrong.vm --json
holds 'warnings are among them' json 'o["valid"] and [(d["code"], d["severity"], d["line"]) for d in o["diagnostics"]] == [("unused", "warning", 3)]'
echo '{"y": [1, 2, "three"], "x": [1, 2, 3]}' >wrong.json
runs 1 "$vmrun" check wrong.vm --json --data wrong.json
holds '… and the mistakes of data' json '[(d["code"], d["file"]) for d in o["diagnostics"] if d["severity"] == "error"] == [("data", "wrong.json")]'
programs=$here/../../../shared/programs
if [ -d "$programs/good" ]; then
    for file in eight_schools linear_gaussian radon; do holds "check $file" runs 0 "$vmrun" check "$programs/good/$file.vm"; done
else
    echo 'skip programs of others: there is no shared/programs beside this repository'
fi
end
