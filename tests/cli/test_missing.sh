#!/bin/sh
# usage: test_missing.sh BUILD_DIR   data with missing entries: their posteriors in closed form, as guides and reports name them, and
# what is wrong about them.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1
evidence() { sed -n 's/.*"log_evidence": {"value": \([-+.e0-9]*\).*/\1/p' out; }
# value NAME KEY [AT] : of a summary
value() { tr '{' '\n' <out | grep "\"name\": \"$1\"" | grep -e "\"at\": \[${3-}" | sed -n "s/.*\"$2\": \([-+.e0-9]*\).*/\1/p"; }
calculate() { awk "BEGIN { pi = atan2(0, -1); printf \"%.12g\\n\", $1 }"; }

# a ~ N(40, 10) and y ~ N(3 + a / 2, 5) given: y is N(23, sqrt(50)), and a has precision 1 / 100 + 1 / 100. What is
# given adds its two densities. Smokers: 1 with odds q / (1 - q) times the ratio of the densities of y.
cat >gaps.vm <<'M'
axis person, visit
data age[person] : real?
data income[person] : real
data smoker[visit] : binary?
data cost[visit] : real
model {
  age[person] ~ normal(40, 10)
  income[person] ~ normal(3 + age / 2, 5)
  smoker[visit] ~ bernoulli(0.3)
  cost[visit] ~ normal(2 * smoker, 1)
}
M
printf '{"age": [null, 50, null], "income": [30, 28, 10], "smoker": [1, null, 0, 1], "cost": [2.5, 1.2, 0.3, 1]}' >gaps.json
"$vmrun" fit gaps.vm --data gaps.json --seed 1 --draws 20000 --json >out 2>err
# 20,000 draws of an exact guide: errors of 1 / sqrt(20,000) sds, of which four are 0.2
holds 'a missing covariate has its posterior' near "$(value age mean 1)" "$(calculate '(0.4 + 27 * 0.02) / 0.02')" 0.004
holds 'and another' near "$(value age mean 3)" "$(calculate '(0.4 + 7 * 0.02) / 0.02')" 0.006
holds 'with its deviation' near "$(value age sd 3)" "$(calculate 'sqrt(50)')" 0.03
holds 'nothing is reported of what is given' test -z "$(value age mean 2)"
probability=$(tr '{' '\n' <out | sed -n 's/.*"name": "smoker".*"at": \[2\].*"probability": \[[^,]*, \([-+.e0-9]*\)\].*/\1/p')
holds 'a missing binary has its probability' near "$probability" \
    "$(calculate '1 / (1 + 0.7 / 0.3 * exp(-1.2 ^ 2 / 2 + 0.8 ^ 2 / 2))')" 1e-9
holds 'of what is given there is none' test 1 = "$(tr '{' '\n' <out | grep -c '"name": "smoker"')"
n='function n(x, m, s) { return -((x - m) / s) ^ 2 / 2 - log(s * sqrt(2 * atan2(0, -1))) }'
wanted=$(awk "$n"' BEGIN { s = sqrt(50)
    x = n(30, 23, s) + n(10, 23, s) + n(50, 40, 10) + n(28, 28, 5)
    x += 2 * log(0.3) + log(0.7) + n(2.5, 2, 1) + n(0.3, 0, 1) + n(1, 2, 1)
    printf "%.12g\n", x + log(0.3 * exp(n(1.2, 2, 1)) + 0.7 * exp(n(1.2, 0, 1))) }')
holds 'the evidence is that of what is given' near "$(evidence)" "$wanted" 1e-3

# A regression whose parameters are unknown, against the same with the gaps integrated out by hand: of a row without age
# income is N(b0 + b1 m, sqrt((10 b1)^2 + 25)).
awk 'BEGIN { srand(5); print "age,income,known" >"rows.csv"; print "age,income" >"gaps.csv"
    for (i = 0; i < 25; i++) {
        a = 40 + 30 * (rand() - 0.5); y = 3 + a / 2 + 15 * (rand() - 0.5); known = i % 5 != 2
        print a "," y "," known >"rows.csv"; print (known ? a : i % 2 ? "NA" : "") "," y >"gaps.csv" } }'
cat >gaps.vm <<'M'
axis person
data age[person] : real?
data income[person] : real
model {
  m ~ normal(40, 20);  b0 ~ normal(0, 10);  b1 ~ normal(0, 1)
  age[person] ~ normal(m, 10)
  income[person] ~ normal(b0 + b1 * age, 5)
}
M
cat >collapsed.vm <<'M'
axis row
data age[row] : real
data income[row] : real
data known[row] : binary
model {
  m ~ normal(40, 20);  b0 ~ normal(0, 10);  b1 ~ normal(0, 1)
  whole = log_density(normal(m, 10), age) + log_density(normal(b0 + b1 * age, 5), income)
  partly = log_density(normal(b0 + b1 * m, sqrt((10 * b1)^2 + 25)), income)
  factor if known == 1 then whole else partly
}
M
"$vmrun" fit collapsed.vm --data rows.csv --seed 1 --draws 10000 --json >out 2>err
b1=$(value b1 mean) sd=$(value b1 sd) log_evidence=$(evidence)
"$vmrun" fit gaps.vm --data gaps.csv --seed 2 --draws 10000 --json >out 2>err
# both by 10,000 weighted draws: four errors of a tenth of the digit
holds 'a regression is as if the gaps were integrated out: slope' near "$(value b1 mean)" "$b1" 0.01
holds '… its deviation' near "$(value b1 sd)" "$sd" 0.01
holds '… the evidence' near "$(evidence)" "$log_evidence" 5e-4

# Without gaps there is no latent for them.
"$vmrun" fit gaps.vm --data rows.csv --seed 1 --json >out 2>err
holds 'data without gaps have no latents' test -z "$(value age mean)"

# A guide may name them; so do values for log_density.
cat >guide.vm <<'M'
axis person
data age[person] : positive?
model {
  m ~ normal(40, 5)
  age[person] ~ normal(m, 3) truncated [30, inf]
}
guide {
  m ~ normal(?, ?)
  rest ~ mean_field()
}
M
printf 'age\n41\nNA\n39\n' >age.csv
holds 'the missing entries are among the rest of a guide' runs 0 "$vmrun" fit guide.vm --data age.csv --seed 1
sed 's/rest ~/age.missing ~/' guide.vm >named.vm
holds 'and have a name in it' runs 0 "$vmrun" fit named.vm --data age.csv --seed 1
printf '{"m": 38, "age.missing": [37]}' >at.json
runs 0 "$vmrun" log_density guide.vm --data age.csv --at at.json
wanted=$(awk "$n"' BEGIN { print n(38, 40, 5) + n(41, 38, 3) + n(37, 38, 3) + n(39, 38, 3) }')
# log P(normal(38, 3) > 30) is log(1 - 0.00383038), three times
holds 'a density at values of the missing entries' near "$(sed -n 's/.*"log_density": \([-.e0-9]*\).*/\1/p' out)" \
    "$(calculate "$wanted - 3 * log(1 - 0.00383038)")" 1e-6

# What is drawn from the prior has no gaps.
cat >prior.vm <<'M'
axis person
data age[person] : real?
data smoker[person] : binary?
data sum[person] : real
model {
  age[person] ~ normal(40, 10)
  smoker[person] ~ bernoulli(0.5)
  sum[person] ~ normal(age + smoker, 1e-9)
}
M
printf 'age,smoker,sum\nNA,,1\n41,1,1\n39,NA,2\n' >drawn.csv
runs 0 "$vmrun" prior prior.vm --data drawn.csv --seed 4
cp out drawn.json
drawn() { sed -n "s/.*\"$1\": \[\([^]]*\)\].*/\1/p" drawn.json | cut -d, -f"$2"; }
for i in 1 2 3; do
    holds "a draw from the prior, entry $i" near "$(drawn sum $i)" "$(calculate "$(drawn age $i) + $(drawn smoker $i)")" 1e-7
done

# What is wrong about them.
sed 's/?//' gaps.vm >strict.vm
expect 'missing without a question mark' 1 'gaps.csv:4: error[data]: `age[3]` is missing (and 4 more)|declare `age[person] : real?`' \
    "$vmrun" fit strict.vm --data gaps.csv
sed '/age.person. ~/d' gaps.vm >undrawn.vm
expect 'missing, and not drawn' 1 '`age[3]` is missing|let the model draw `age`' "$vmrun" fit undrawn.vm --data gaps.csv
printf 'age,income\n-3,1\nNA,2\n' >negative.csv
sed 's/real?/positive?/' gaps.vm >positive.vm
expect 'what is given is checked' 1 'negative.csv:2: error[data]: `age[1]` is -3' "$vmrun" fit positive.vm --data negative.csv
sed 's/rest ~ mean_field()/age[person] ~ normal(?, ?)/' guide.vm >given.vm
expect 'a guide of given entries' 1 'only the missing entries of `age` are latents|`age.missing ~ mean_field()`' "$vmrun" check given.vm
cat >log.vm <<'M'
axis person
data age[person] : positive?
let y = log(age)
model {
  m ~ normal(0, 1)
  age[person] ~ lognormal(m, 1)
  y[person] ~ normal(m, 1)
}
M
expect 'a value of missing entries is not observed' 1 '`y` is a value that depends on a param or on missing entries' "$vmrun" check log.vm

exit $failures
