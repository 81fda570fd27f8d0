#!/bin/sh
# usage: test_mistakes.sh BUILD_DIR   every wrong command, file and value ends with its exit status (1: program or data, 2: the command)
# and a message that names the file, the line or the variable, and what to do.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1

cat >groups.vm <<'M'
axis row, group
data y[row] : real
data of[row] : group
data n : count = 3
model {
  mu ~ normal(0, 5)
  a[group] ~ normal(mu, 1)
  y[row] ~ normal(a[of], 1)
}
M
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
cat >upper.vm <<'M'
data y : real = 1
param mu : real = 0
model {
  z ~ normal(mu, 1)
  y ~ normal(z, 1)
}
M
cat >undeclared.vm <<'M'
axis row
model {
  mu ~ normal(0, 5)
  y[row] ~ normal(mu, 1)
}
M
sed 's/axis row/axis row = 3/' undeclared.vm >latent.vm
printf 'y,of\n1,red\n2,red\n3,blue\n' >good.csv

# --- the command
expect 'no command' 2 'vmrun COMMAND --help' "$vmrun"
expect 'an unknown command' 2 'no command `ft`|did you mean `fit`?' "$vmrun" ft groups.vm
expect 'a command like none' 2 'no command `frobnicate`|--help' "$vmrun" frobnicate
expect 'a model in place of a command' 2 '`vmrun fit groups.vm`' "$vmrun" groups.vm
expect 'fit without a model' 2 'name one model|vmrun fit model.vm' "$vmrun" fit
expect 'fit with two models' 2 'name one model' "$vmrun" fit groups.vm groups.vm
expect 'check without a model' 2 'name one model|vmrun check model.vm' "$vmrun" check
expect 'log_density without values' 2 '--at values.json' "$vmrun" log_density groups.vm
expect 'summary without a file' 2 'name one file' "$vmrun" summary
expect 'version with a word' 2 'takes nothing' "$vmrun" version now
expect 'list with two words' 2 'takes one word' "$vmrun" list a b
expect 'list without a find' 1 'no name in the library has `qqq`' "$vmrun" list qqq
expect 'an unknown flag' 2 'no flag `--dta`|did you mean `--data`?' "$vmrun" fit groups.vm --dta good.csv
expect 'a flag near two' 2 'did you mean `--set` or `--seed`?' "$vmrun" fit groups.vm --sed 3
expect 'a slip in an option' 2 'did you mean `--steps`?' "$vmrun" fit groups.vm --step 3
expect 'a flag like none' 2 'no flag `--frobnicate`|vmrun fit --help' "$vmrun" fit groups.vm --frobnicate
expect 'a flag of another command' 2 'no flag `--at`' "$vmrun" fit groups.vm --at x
expect 'an unknown letter' 2 'no flag `-x`' "$vmrun" fit groups.vm -x
expect 'a flag without its value' 2 '`--data` needs a value' "$vmrun" fit groups.vm --data
expect '-o without its value' 2 '`-o` needs a value' "$vmrun" fit groups.vm -o
expect 'a value too many' 2 '`--json` takes no value' "$vmrun" fit groups.vm --json=3
expect 'a seed that is no number' 2 '--seed x|whole number' "$vmrun" fit groups.vm --seed x
expect 'no draws' 2 '--draws 0|from 1' "$vmrun" fit groups.vm --draws 0
expect 'an unknown family' 2 'full_rank' "$vmrun" fit groups.vm --family flow9
expect 'an unknown kind of log' 2 '`--log` takes `json`' "$vmrun" fit groups.vm --log xml
expect 'an upper bound for a param' 1 'upper.vm:2:7|`chi` bounds the evidence from above|use `objective = elbo`' \
    "$vmrun" fit upper.vm --objective 'chi(2, 10)'
expect 'coupled draws under a bound' 1 '`noise = sobol`, but|independent|use `objective = elbo`' "$vmrun" fit upper.vm --objective 'iwae(4)' --noise sobol
expect 'a mode by the means of others' 1 '`objective = map`|`beta` has no meaning|leave one of them out' "$vmrun" fit upper.vm --objective map --beta 2
expect 'a bound without its draws' 2 'iwae(N)' "$vmrun" fit upper.vm --objective iwae
expect 'an order that is no number' 2 'renyi(R, N)' "$vmrun" fit upper.vm --objective 'renyi(x, 10)'
expect 'an argument too many' 2 'renyi(R, N)' "$vmrun" fit upper.vm --objective 'renyi(1, 10, 3)'
expect 'a set without a value' 2 'write `--set NAME=VALUE`' "$vmrun" fit groups.vm --set n
expect 'a set without a name' 2 'write `--set NAME=VALUE`' "$vmrun" fit groups.vm --set =3
expect 'an output of no kind' 2 '`-o fit.txt`|.json|.csv' "$vmrun" fit groups.vm --data good.csv -o fit.txt
expect 'an unknown pass' 2 'no pass `tap`|tape|machine' "$vmrun" check groups.vm --dump tap

# --- the program
expect 'no such model' 1 'nothing.vm: No such file|help: ' "$vmrun" fit nothing.vm
expect 'a folder as the model' 1 'Is a directory|help: ' "$vmrun" fit .
: >empty.vm
expect 'an empty model' 1 'empty.vm|help: ' "$vmrun" fit empty.vm
printf 'model {\n  mu ~ nomral(0, 1)\n  s ~ half_nromal(1)\n}\n' >names.vm
expect 'two mistakes in a program' 1 'names.vm:2:8: error[name]|did you mean `normal(|names.vm:3:7: error[name]|help: ' "$vmrun" fit names.vm

# --- data
expect 'a size of what was not declared' 1 'how many entries `row` has|declare `data y[row] : real`' "$vmrun" fit undeclared.vm --data good.csv
runs 0 "$vmrun" fit latent.vm --data good.csv
holds 'data that bear the name of a latent' grep -q 'warning\[unused\]: `y` is a latent here, so that `y` of good.csv is not read' err
expect 'no data' 1 'groups.vm:2:6|`y[row]`|help: ' "$vmrun" fit groups.vm
expect 'no such file' 1 'nothing.csv|no such file|help: ' "$vmrun" fit groups.vm --data nothing.csv
expect 'a file of nearly that name' 1 'did you mean god.csv?' sh -c 'cp good.csv god.csv && "$0" fit groups.vm --data gd.csv; code=$?; rm god.csv; exit $code' "$vmrun"
expect 'no such file, of no kind' 1 'there is no such file' "$vmrun" fit groups.vm --data nothing
expect 'a folder as data' 1 'this is a folder|help: ' "$vmrun" fit groups.vm --data "$work"
expect 'a file of no kind' 1 '.csv or .json' "$vmrun" fit groups.vm --data groups.vm
expect 'an unknown axis' 1 'good.csv|no axis `rows`|`row`, `group`' "$vmrun" fit groups.vm --data rows=good.csv
: >empty.csv
expect 'an empty table' 1 'empty.csv|the file is empty|help: ' "$vmrun" fit groups.vm --data empty.csv
: >empty.json
expect 'an empty object' 1 'empty.json|the file is empty|help: ' "$vmrun" fit groups.vm --data empty.json
printf 'x,of\n1,red\n' >column.csv
expect 'a wrong column' 1 '`y[row]`|the data have `x`, `of`' "$vmrun" fit groups.vm --data column.csv
printf 'y,of\n1,red\nhello,blue\n' >word.csv
expect 'a string where a number belongs' 1 'word.csv:3|`y[2]` is `hello`|help: ' "$vmrun" fit groups.vm --data word.csv
printf 'y,of\n1,red\n,blue\n' >cell.csv
expect 'an empty cell' 1 'cell.csv:3|`y[2]`|help: ' "$vmrun" fit groups.vm --data cell.csv
printf 'y,of\n1,red\nnan,blue\n' >nan.csv
expect 'a NaN in a table' 1 'nan.csv:3|`y[2]`|help: ' "$vmrun" fit groups.vm --data nan.csv
printf '{"y": [1, "NaN"], "of": ["a", "b"]}' >nan.json
expect 'a NaN in an object' 1 'nan.json|`y[2]`|help: ' "$vmrun" fit groups.vm --data nan.json
printf '{"y": [1, NaN], "of": ["a", "b"]}' >bare.json
expect 'a bare NaN' 1 'bare.json:1|column|in quotes' "$vmrun" fit groups.vm --data bare.json
printf '{"y": [1, null], "of": ["a", "b"]}' >null.json
expect 'a null' 1 'null.json|`y[2]`|help: ' "$vmrun" fit groups.vm --data null.json
printf '{"y": [1, 2,' >broken.json
expect 'JSON that breaks off' 1 'broken.json:1|breaks off' "$vmrun" fit groups.vm --data broken.json
printf '[1, 2]' >list.json
expect 'JSON that is no object' 1 'list.json|no object|help: ' "$vmrun" fit groups.vm --data list.json
printf '{"y": [1, [2]], "of": ["a", "b"]}' >ragged.json
expect 'a ragged list' 1 'ragged.json|`y[2]`|help: ' "$vmrun" fit groups.vm --data ragged.json
printf '{"y": [1, 2, 3], "of": ["a", "b"]}' >lengths.json
expect 'lengths that disagree' 1 'lengths.json|`of` has 2|`y`|3|help: ' "$vmrun" fit groups.vm --data lengths.json
printf 'y,of\n1,red\n2\n' >short.csv
expect 'a row that is short' 1 'short.csv:3|1 cell|2 columns|help: ' "$vmrun" fit groups.vm --data short.csv
printf 'y,of\n1,"red\n2,blue\n' >quote.csv
expect 'a quote that stays open' 1 'quote.csv:2|never closed' "$vmrun" fit groups.vm --data quote.csv
printf 'y,of\n1,r\351d\n' >latin.csv
expect 'text that is not UTF-8' 1 'latin.csv:2|not UTF-8' "$vmrun" fit groups.vm --data latin.csv
printf 'y,of\n1,1\n2,0\n' >index.csv
expect 'an index of 0' 1 'index.csv:3|`of[2]`|help: ' "$vmrun" fit groups.vm --data index.csv
printf 'name,soil\nANOKA,0.1\nCLAY,0.2\n' >counties.csv
printf 'y,county_of\n1,ANOKA\n2,CALY\n' >homes.csv
expect 'a label that the other table lacks' 1 'homes.csv:3|`CALY`|`CLAY`' "$vmrun" fit tables.vm
rm homes.csv
expect 'a table of the model that is not there' 1 'homes.csv|no such file' "$vmrun" fit tables.vm
expect 'a set of nothing' 1 '--set N=3|no data `N`|did you mean `n`?' "$vmrun" fit groups.vm --data good.csv --set N=3
expect 'a set of a word' 1 '--set n=abc|`abc`|help: ' "$vmrun" fit groups.vm --data good.csv --set n=abc
expect 'a set of a list' 1 '--set n=[1,2]|single number|help: ' "$vmrun" fit groups.vm --data good.csv --set 'n=[1,2]'
expect 'a set of half a list' 1 '--set n=[1,|help: ' "$vmrun" fit groups.vm --data good.csv --set 'n=['1,
if [ "$(id -u)" -eq 0 ]; then
    echo 'skip a file that may not be read: root may read all'
else
    cp good.csv locked.csv && chmod 0 locked.csv
    expect 'a file that may not be read' 1 'locked.csv|Permission denied|help: ' "$vmrun" fit groups.vm --data locked.csv
fi

# --- two objectives
both() { expect "$1" 1 "$2|help: " "$vmrun" fit groups.vm --data good.csv --objective "$3"; }
both 'two bounds from below' 'both are bounds from below|`objective = elbo, chi(2)`' 'elbo, iwae(5)'
both 'two bounds from above' 'both are bounds from above' 'chi(2), chi(3, 50)'
both 'the wrong way round' 'the bound from above comes second' 'chi(2), elbo'
both 'a mode is no bound' '`map` is no bound' 'map, chi(2)'
both 'exact steps go alone' '`em` is no bound|goes alone' 'em, chi(2)'
both 'coordinate ascent goes alone' '`cavi` is no bound' 'elbo, cavi'
both 'an order that bounds nothing' 'its order must be above 1' 'chi(0.5, 20)'
expect 'three objectives' 2 'two with a comma between' "$vmrun" fit groups.vm --data good.csv --objective 'elbo, iwae(5), chi(2)'
expect 'draws held under a bound from above' 1 'draws held|use `optimizer = adam`' \
    "$vmrun" fit groups.vm --data good.csv --objective 'elbo, chi(2)' --optimizer lbfgs
printf 'data y : real = 1\nmodel {\n  z ~ bernoulli(0.3)\n  y ~ normal(z, 1)\n}\n' >states.vm
expect 'nothing is left to bound' 1 'all latents are summed out|leave `objective` out' "$vmrun" fit states.vm --objective 'iwae(5), chi(2)'

# --- outputs: said before the fit, which `--log json` would show
untouched() {
    name=$1
    shift
    expect "$name" "$@" --log json
    if grep -q '"stage"' err; then fail "$name before the fit" 'it fitted first'; else pass "$name before the fit"; fi
}
untouched 'an output in no folder' 1 'none/fit.json|cannot be written|make its folder' "$vmrun" fit groups.vm --data good.csv -o none/fit.json
mkdir folder.json
untouched 'a folder as output' 1 'folder.json|help: ' "$vmrun" fit groups.vm --data good.csv -o folder.json
untouched 'an output where nobody may write' 1 '/proc/fit.json|help: ' "$vmrun" fit groups.vm --data good.csv -o /proc/fit.json
echo precious >kept.json
untouched 'the second of two outputs' 1 'none/fit.csv' "$vmrun" fit groups.vm --data good.csv -o kept.json -o none/fit.csv
holds 'nothing is overwritten' [ "$(cat kept.json)" = precious ]
runs 1 "$vmrun" fit groups.vm --data word.csv -o kept.json
holds 'a fit that fails overwrites nothing' [ "$(cat kept.json)" = precious ]
if [ -c /dev/full ]; then
    "$vmrun" fit groups.vm --data good.csv >/dev/full 2>err
    holds 'a full standard output ends with 1' [ $? -eq 1 ]
    holds '… and is said' grep -q 'standard output: No space left' err
    expect 'a full -o' 1 '/dev/full|No space left|help: ' sh -c '"$0" fit groups.vm --data good.csv -o /dev/full >shown; exit $?' "$vmrun"
    holds '… and the result is printed' grep -q '^groups: ' shown
fi
holds 'no half-written files stay' [ -z "$(find . -name '*.part')" ]

# --- as R, pandas and spreadsheets write tables
printf '"","y","of"\n"1",1,"a"\n"2",2,"b"\n' >rows.csv
holds 'row names are passed over' runs 0 "$vmrun" check groups.vm --data rows.csv
printf 'axis r\ndata b[r] : binary\nmodel {\n  p ~ beta(1, 1)\n  b[r] ~ bernoulli(p)\n}\n' >truth.vm
printf 'b\nTRUE\nFalse\n' >truth.csv
holds 'TRUE and FALSE are 1 and 0' runs 0 "$vmrun" check truth.vm --data truth.csv
printf 'b\nyes\nno\n' >truth.csv
expect 'other words are not' 1 'truth.csv:2|`yes`|write 0 and 1' "$vmrun" check truth.vm --data truth.csv
expect 'a number of entries that data contradict' 1 '`r` is given as 3|has 2' "$vmrun" check truth.vm --set r=3 --set 'b=[0,1]'

# --- results read back
expect 'no such result' 1 'nothing.json|no such file' "$vmrun" summary nothing.json
expect 'a result of nothing' 1 'ragged.json|no result of a fit|help: ' "$vmrun" summary ragged.json
expect 'draws that are words' 1 'good.csv:2|`of`|help: ' "$vmrun" summary good.csv
expect 'a result of no kind' 1 '.json|.csv' "$vmrun" summary groups.vm
end
