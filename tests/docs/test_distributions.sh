#!/bin/sh
# usage: test_distributions.sh BUILD_DIR   docs/distributions.md is what `vmrun list --markdown` prints; the list finds by name and by support.
set -u
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
vmrun=$build/vmrun
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$vmrun" list --markdown >"$work/page"
if cmp -s "$work/page" docs/distributions.md; then
    echo 'ok docs/distributions.md is up to date'
else
    echo "FAIL docs/distributions.md is up to date: run \`vmrun list --markdown >docs/distributions.md\`; $(diff "$work/page" docs/distributions.md | grep -c '^[<>]') lines differ"
fi
# has NAME WORD: the list of WORD has the distribution NAME
has() {
    if "$vmrun" list "$2" | grep -q "^$1("; then echo "ok list $2 has $1"; else echo "FAIL list $2 has $1"; fi
}
has half_normal positive
has lkj_corr correlation
has neg_binomial_2_log binom
has student_t student_t
has neg_binomial_2 'negative binomial'
has neg_binomial_2 NegativeBinomial
has inv_gamma 'Inverse Gamma'
has half_cauchy HALF_CAUCHY
has multi_normal 'multivariate normal'
has wald inverse-gaussian
has hypergeometric hypergeom
has wiener 'Brownian'
# first NAME WORD: the list of WORD, a name in another system or in another spelling, begins with NAME
first() {
    case $("$vmrun" list "$2" | head -n 1) in "$1"*) echo "ok list $2 begins with $1" ;; *) echo "FAIL list $2 begins with $1" ;; esac
}
first half_cauchy HalfCauchy
first beta_binomial BetaBinomial
first normal norm
first student_t t
first lkj_corr LKJCorr
first binomial binom
first 'AR: write its lags' AR
first 'TruncatedNormal: write `x ~ normal(loc, scale) truncated' TruncatedNormal
if "$vmrun" list gamma | grep -q 'gamma(2, 1)'; then echo 'ok list gamma has a picture'; else echo 'FAIL list gamma has a picture'; fi
if "$vmrun" list --markdown normal >/dev/null 2>&1; then echo 'FAIL list --markdown takes no word'; else echo 'ok list --markdown takes no word'; fi
