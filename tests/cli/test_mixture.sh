#!/bin/sh
# usage: test_mixture.sh BUILD_DIR   what the pass `mix` makes of mixtures whose weights and likelihoods are looked up in tables:
# a topic model (its tape in full), and a model of segments of customers with their own popularity, against the sum over all
# components of products, with its derivatives, in plain Python.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1
cat >topics.vm <<'M'
axis doc, token, word_type, topic = 4
data doc_of[token] : doc
data word[token]   : word_type
model {
  theta[doc, topic]     ~ dirichlet(0.5)
  phi[topic, word_type] ~ dirichlet(0.1)
  z[token]              ~ categorical(theta[doc_of])
  word[token]           ~ categorical(phi[z])
}
M
awk 'BEGIN { print "doc_of,word"; for (i = 0; i < 400; i++) print (i < 5 ? i : i * 7 % 5) + 1 "," (i < 9 ? i : i * i % 9) + 1 }' >topics.csv
runs 0 "$vmrun" check topics.vm --data token=topics.csv --dump mix
holds 'the pass mix finds the mixture of a topic model' [ "$(grep -c ' = mixture ' out)" -eq 1 ]
# what reads and makes tables and rows, when what is left of the sum over topics has been dropped
runs 0 "$vmrun" check topics.vm --data token=topics.csv --dump drop
sed -n 's/^%[0-9]* = \([a-z_]*\) \(\[[a-z_ ]*\]\).*/\1 \2/p' out | grep -E '^(exp|log|max|gather|contract|mixture|shares|s[a-z]*_rows|log_sum_exp|scatter) ' >mixed
cat >expected <<'T'
log [doc z]
max [doc]
exp [doc z]
gather [token z]
gather [token z]
gather [token]
log [word_type z]
max [word_type]
exp [word_type z]
gather [token z]
gather [token z]
gather [token]
contract [token]
mixture [token]
scatter_rows [word_type z]
shares [token z]
scatter_rows [word_type z]
scatter [word_type]
scatter_rows [doc z]
scatter_rows [doc z]
scatter [doc]
T
holds '… and makes products and sums of rows of it' diff expected mixed
runs 0 "$vmrun" check topics.vm --data token=topics.csv --dump machine
holds '… and nothing is computed for each token and topic' [ "$(grep -c 'region of 1600 entries' out)" -eq 0 ]

cat >segments.vm <<'M'
axis customer, purchase, item, segment = 6
data by[purchase]     : customer
data what[purchase]   : item
data weight[purchase] : positive
model {
  base[segment]           ~ normal(0, 1)
  lean[customer, segment] ~ normal(0, 2)
  taste[segment, item]    ~ normal(0, 3)
  factor weight * log_sum_exp[segment](base + lean[by] + taste[what])
}
M
cat >brute.py <<'P'
import json, math, random, sys
C, P, I, S = 7, 500, 11, 6
random.seed(3)
by, what = [i * i % C for i in range(P)], [i % I for i in range(P)]
weight = [random.uniform(0.5, 2) for _ in range(P)]
spread = float(sys.argv[1])
at = {"base": [random.gauss(0, 1) for _ in range(S)],
      "lean": [[random.gauss(0, spread) for _ in range(S)] for _ in range(C)],
      "taste": [[random.gauss(0, spread) for _ in range(I)] for _ in range(S)]}
json.dump({"by": [b + 1 for b in by], "what": [w + 1 for w in what], "weight": weight}, open("segments.json", "w"))
json.dump(at, open("at.json", "w"))
if len(sys.argv) == 2: sys.exit()
normal = lambda x, s: -0.5 * (x / s) ** 2 - math.log(s) - 0.5 * math.log(2 * math.pi)
base, lean, taste = at["base"], at["lean"], at["taste"]
value = sum(normal(x, 1) for x in base)
value += sum(normal(x, 2) for row in lean for x in row) + sum(normal(x, 3) for row in taste for x in row)
slope = {"base": [-x for x in base], "lean": [[-x / 4 for x in row] for row in lean],
         "taste": [[-x / 9 for x in row] for row in taste]}
for i in range(P):
    terms = [base[s] + lean[by[i]][s] + taste[s][what[i]] for s in range(S)]
    most = max(terms)
    shares = [math.exp(t - most) for t in terms]
    value += weight[i] * (most + math.log(sum(shares)))
    for s in range(S):
        share = weight[i] * shares[s] / sum(shares)
        slope["base"][s] += share
        slope["lean"][by[i]][s] += share
        slope["taste"][s][what[i]] += share
found = json.load(open(sys.argv[2]))
flat = lambda x: [z for y in x for z in flat(y)] if isinstance(x, list) else [x]
wanted = [value] + [y for name in sorted(slope) for y in flat(slope[name])]
got = [found["log_density"]] + [y for name in sorted(slope) for y in flat(found["gradient"][name])]
# sums of 500 terms of the size of the tables
off = max(abs(x - y) / (1 + abs(y)) for x, y in zip(got, wanted))
sys.exit(len(got) != len(wanted) or not off < 1e-13 * (1 + spread))
P
for spread in 1 30 1000; do
    python3 brute.py $spread
    runs 0 "$vmrun" check segments.vm --data segments.json --dump mix
    holds "segments are mixtures of tables" [ "$(grep -c ' = mixture ' out)" -eq 1 -a "$(grep -c ' = scatter_rows ' out)" -eq 4 ]
    runs 0 "$vmrun" log_density segments.vm --data segments.json --at at.json
    mv out found.json
    holds "the log density and its gradient, tables $spread apart" python3 brute.py $spread found.json
done

# --- components without an order are said to be exchangeable; those with one, and groups that data tell apart, are not
cat >loose.vm <<'M'
axis row = 100
axis part = 2
data y[row] : real = (if row > 40 then 2 else -1) + sin(7 * row)
model {
  w[part] ~ dirichlet(1)
  m[part] ~ normal(0, 3)
  s[part] ~ lognormal(0, 1)
  z[row] ~ categorical(w)
  y[row] ~ normal(m[z], s[z])
}
M
sed 's/m\[part\] ~/m[part] : ordered ~/' loose.vm >strict.vm
cat >states.vm <<'M'
axis time = 80
axis state = 2
data y[time] : real = (if sin(time / 5) > 0 then 2 else -2) + cos(7 * time)
let start[state] = 0.5
model {
  P[state, state'] ~ dirichlet(1)
  m[state] ~ normal(0, 3)
  s[time = 1] ~ categorical(start)
  s[time > 1] ~ categorical(P[s[time - 1]])
  y[time] ~ normal(m[s], 1)
}
M
# two topics of 60 words, which each of four texts has another share of
cat >lda.vm <<'M'
axis text = 4
axis word = 5
axis topic = 2
axis token = 60
data text_of[token] : text = 1 + floor((token - 1) / 15)
let first[token] = (sin(7 * token) < (if text_of < 3 then 0.7 else -0.7))
data said[token] : word = minimum(5, 1 + floor((if first then 2 else 5) * (0.5 + 0.4999 * sin(5 * token))))
model {
  theta[text, topic] ~ dirichlet(1)
  phi[topic, word]   ~ dirichlet(1)
  z[token]    ~ categorical(theta[text_of])
  said[token] ~ categorical(phi[z])
}
M
cat >groups.vm <<'M'
axis row = 30
axis group = 3
data group_of[row] : group = row - 3 * floor((row - 0.5) / 3)
data y[row] : real = sin(row)
model {
  a[group] ~ normal(0, 1)
  y[row] ~ normal(a[group_of], 1)
}
M
fitted() { "$vmrun" fit "$1" >out 2>err; [ $? -ne 1 ]; }
holds 'parts without an order' fitted loose.vm
holds '… can be exchanged' grep -q '^  relabelling 2: .*`part`' out
holds 'states without an order' fitted states.vm
holds '… can be exchanged, with the rows and columns of their matrix' grep -q '^  relabelling 2: .*`state`' out
for seed in 1 2 3; do
    "$vmrun" fit lda.vm --seed $seed >out 2>err
    holds "topics can be exchanged, seed $seed" grep -q '^  relabelling 2: .*`topic`' out
    sanitized && break
done
"$vmrun" fit lda.vm --family mean_field >out 2>err
holds 'where no modes are looked for, that is said' grep -q '^  modes 1: .*--starts 4' out
cat >factor.vm <<'M'
axis person = 30
axis item = 4
data y[person, item] : real = item / 3 * sin(7 * person) + 0.3 * cos(11 * person * item)
model {
  load[item] ~ normal(0, 1)
  mean[item] ~ normal(0, 1)
  f[person]  ~ normal(0, 1)
  y[person, item] ~ normal(mean + load * f, 0.5)
}
M
holds 'a factor and its loadings' fitted factor.vm
holds '… change their signs together' grep -q '^  relabelling 2: signs of `load` and `f`' out
sed 's/load\[item\] ~/load[item] : positive ~/' factor.vm >bounded.vm
holds 'loadings of one sign' fitted bounded.vm
holds '… do not' sh -c '! grep -q relabelling out'
holds 'parts with an order' fitted strict.vm
holds '… cannot' sh -c '! grep -q relabelling out'
holds 'groups' fitted groups.vm
holds '… cannot' sh -c '! grep -q relabelling out'
end
