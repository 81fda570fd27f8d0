#!/bin/sh
# usage: test_matrices.sh BUILD_DIR   fits over sums to 0, spheres, correlations and covariances.
set -u
build=$(cd "$1" && pwd) && cd "$(dirname "$0")" && . ./common.sh || exit 1
evidence() { sed -n 's/.*"log_evidence": {"value": \([-+.e0-9]*\).*/\1/p' out; }
# value NAME ENTRY KEY : of the summary with that name and `at`
value() { tr '{' '\n' <out | sed -n "s/.*\"name\": \"$1\", .*\"at\": \\[$2\\], .*\"$3\": \\([-+.e0-9]*\\).*/\\1/p"; }

# Without data the evidence is the mass of the prior: 1, or the area of the sphere. This holds only if the
# transforms, their Jacobians and the constants of the densities all agree. 4,000 draws with weights of a relative sd
# of up to 1 give it within 0.016; 5 times that is allowed. A prior fits no Gaussian, so that the verdict may be bad.
mass() {
    name=$1 wanted=$2
    printf 'axis k = 3\nmodel {\n  %s\n}\n' "$3" >mass.vm
    "$vmrun" fit mass.vm --seed 1 --json >out 2>err
    holds "$name" near "$(evidence)" "$wanted" 0.08
}
mass 'the mass of lkj_corr' 0 'R[k, k'\''] ~ lkj_corr(3)'
mass 'the mass of lkj_corr_cholesky' 0 'L[k, k'\''] ~ lkj_corr_cholesky(3)'
mass 'the mass of wishart' 0 'W[k, k'\''] ~ wishart(9, if k == k'\'' then 1 else 0.4)'
mass 'the mass of inv_wishart' 0 'W[k, k'\''] ~ inv_wishart(9, if k == k'\'' then 1 else 0.4)'
mass 'the mass of a normal on the plane of sums to 0' 0 'x[k] : sum_to_zero ~ normal(k, 1 + k)'
mass 'the area of a sphere' "$(awk 'BEGIN { print log(4 * atan2(0, -1)) }')" 'u[k] : unit_vector ~ flat()'

# With a conjugate prior the posterior is inv_wishart(df + n, scale + sum of squares): its mean in closed form.
cat >conjugate.vm <<'M'
axis n, k = 2
data y[n, k] : real
model {
  S[k, k'] ~ inv_wishart(5, if k == k' then 1 else 0)
  y[n, k] ~ multi_normal(0, S)
}
M
awk 'BEGIN { srand(3); print "y.1,y.2"; for (i = 0; i < 30; i++) { a = rand() * 4 - 2; print a "," a / 2 + rand() } }' >y.csv
"$vmrun" fit conjugate.vm --data y.csv --seed 1 --json >out 2>err
for entry in '1, 1' '1, 2' '2, 2'; do
    wanted=$(awk -F, -v at="$entry" 'NR > 1 { split(at, i, ", "); s += $(i[1]) * $(i[2]) }
        END { split(at, i, ", "); print (s + (i[1] == i[2])) / (NR - 1 + 5 - 2 - 1) }' y.csv)
    # of 4,000 draws of a relative sd of a quarter, four errors are 0.016
    holds "the posterior mean of a covariance, entry $entry" near "$(value S "$entry" mean)" "$wanted" 0.02
done

exit $failures
