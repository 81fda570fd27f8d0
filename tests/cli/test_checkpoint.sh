#!/bin/sh
# usage: test_checkpoint.sh BUILD_DIR   a fit that is killed at any step and goes on from its checkpoint ends with the bits of one that
# was not; so does one that was interrupted, or was given more steps later, with any number of threads.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1

cat >model.vm <<'M'
axis image = 60, pixel = 6, code = 2, hidden = 6
data x[image, pixel] : binary = if sin(image * 12.9898) * (if pixel <= 3 then 1 else -1) > 0 then 1 else 0
model {
  z[image, code] ~ normal(0, 1)
  x[image, pixel] ~ bernoulli_logit(dense[code -> pixel](z))
}
guide {
  h = tanh(dense[pixel -> hidden](x))
  z[image, code] ~ normal(dense[hidden -> code](h), softplus(dense[hidden -> code](h)))
}
fit { steps = 4000; rate = 0.01; draws = 200; batch = image: 20; tolerance = 1e-9 }
M
# numbers FILE : a hash of the draws, without the comments, which tell seconds
numbers() { grep -v '^#' "$1" | cksum; }

"$vmrun" fit model.vm -o whole.csv >/dev/null 2>&1
for try in 1 2 3 4 5 6 7 8 9 10; do
    rm -f state again.csv
    # killed again and again, after times that grow, until one run comes to its end
    for part in 1 2 3 4 5 6; do
        timeout -s KILL "0.0$((try * part % 9 + 1))" "$vmrun" fit model.vm --checkpoint state --every "$((try * 7))" --resume -o again.csv \
            >/dev/null 2>&1
        [ -f again.csv ] && break
    done
    [ -f again.csv ] || "$vmrun" fit model.vm --checkpoint state --every "$((try * 7))" --resume -o again.csv >/dev/null 2>&1
    holds "killed and resumed, $try" [ "$(numbers again.csv)" = "$(numbers whole.csv)" ]
done

cat >topics.vm <<'M'
axis token = 600, text = 40, topic = 3, kind = 8
data of[token] : text = 1 + floor((token - 1) * (token - 1) / 9000)
data word[token] : kind = 1 + floor(7.99 * sin(token * 12.9898)^2)
model {
  theta[text, topic] ~ dirichlet(0.1)
  phi[topic, kind] ~ dirichlet(0.1)
  z[token] ~ categorical(theta[of])
  word[token] ~ categorical(phi[z])
}
guide { rest ~ conjugate() }
fit { objective = cavi; batch = text: 7; steps = 300; draws = 20; tolerance = 1e-9 }
M
"$vmrun" fit topics.vm -o topics.csv >/dev/null 2>&1
for steps in 1 13 250; do
    rm -f state again.csv
    "$vmrun" fit topics.vm --steps "$steps" --checkpoint state --threads 2 >/dev/null 2>&1
    "$vmrun" fit topics.vm --checkpoint state --resume -o again.csv >/dev/null 2>&1
    holds "steps along the natural gradient, resumed after $steps" [ "$(numbers again.csv)" = "$(numbers topics.csv)" ]
done

rm -f state
"$vmrun" fit model.vm --steps 1500 --checkpoint state -o half.csv >/dev/null 2>&1
"$vmrun" fit model.vm --checkpoint state --resume -o more.csv >/dev/null 2>&1
holds 'more steps later' [ "$(numbers more.csv)" = "$(numbers whole.csv)" ]

# Two climbs, one behind the other: a state of the second holds the end of the first.
cat >two.vm <<'M'
axis row = 40, k = 2
data y[row] : real = 2 * sin(12.9898 * row)
model {
  z[row, k] ~ normal(0, 1)
  y[row]    ~ normal(sum[k](z), sqrt(2))
}
guide { z[row, k] ~ normal(?, ?) }
fit { objective = elbo, chi(2, 20); steps = 800; draws = 200; tolerance = 1e-9 }
M
# bounds FILE : what a fit found, without how long it took
bounds() { sed 's/"seconds": [^,]*,//' "$1" | cksum; }
"$vmrun" fit two.vm --json >whole.json 2>/dev/null
for try in 1 2 3; do
    rm -f state
    for part in 1 2 3 4 5 6; do
        timeout -s KILL "0.$((try * part % 4 + 1))" "$vmrun" fit two.vm --checkpoint state --every "$((try * 70))" --resume --json \
            >again.json 2>/dev/null && break
    done
    "$vmrun" fit two.vm --checkpoint state --every "$((try * 70))" --resume --json >again.json 2>/dev/null
    holds "two climbs, killed and resumed, $try" [ "$(bounds again.json)" = "$(bounds whole.json)" ]
done
rm -f state
"$vmrun" fit two.vm --steps 300 --checkpoint state >/dev/null 2>&1
"$vmrun" fit two.vm --checkpoint state --resume --json >again.json 2>/dev/null
holds 'two climbs, with more steps later' [ "$(bounds again.json)" = "$(bounds whole.json)" ]
expect 'a checkpoint of two climbs for one' 1 'not one of this fit|without `--resume`' "$vmrun" fit two.vm --objective elbo --checkpoint state --resume

rm -f state
"$vmrun" fit model.vm --steps 100000000 --checkpoint state --every 1000000 >/dev/null 2>&1 &
pid=$!
sleep 1
kill -INT $pid
wait $pid
holds 'an interrupt ends the fit' [ $? -eq 4 ]
holds '… and keeps its state' [ -s state ]

expect 'a checkpoint of another seed' 1 'not one of this fit|without `--resume`' "$vmrun" fit model.vm --checkpoint state --resume --seed 2
head -c 3000 state >cut
expect 'a checkpoint that is cut off' 1 'not one of this fit|damaged' "$vmrun" fit model.vm --checkpoint cut --resume
printf 'x,y\n1,2\n' >table.csv
expect 'a file that is no checkpoint' 1 'table.csv: |this is no checkpoint|leave `--resume` out' \
    "$vmrun" fit model.vm --checkpoint table.csv --resume
expect 'to resume without a file' 2 '--checkpoint run.state' "$vmrun" fit model.vm --resume
expect 'every no step' 2 '--every 0|such as 1000' "$vmrun" fit model.vm --checkpoint state --every 0
expect 'a folder that is not there' 1 'no/state: |make its folder' "$vmrun" fit model.vm --checkpoint no/state
printf 'model {\n  z ~ normal(0, 1)\n}\n' >plain.vm
expect 'a fit without steps to keep' 1 'no guide block|leave `--checkpoint` out' "$vmrun" fit plain.vm --checkpoint state
end
