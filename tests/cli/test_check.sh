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
programs=$here/../../../shared/programs
if [ -d "$programs/good" ]; then
    for file in eight_schools linear_gaussian radon; do holds "check $file" runs 0 "$vmrun" check "$programs/good/$file.vm"; done
else
    echo 'skip programs of others: there is no shared/programs beside this repository'
fi
end
