"""formulas.py against scipy, where it has the distribution: a second opinion on what the names mean."""
from mpmath import exp, isfinite, mpf
from scipy import stats
from formulas import *
from points import TABLE

PEERS = {
    normal: lambda l, s: stats.norm(l, s),
    half_normal: lambda s: stats.halfnorm(0, s),
    lognormal: lambda l, s: stats.lognorm(s, 0, float(exp(l))),
    cauchy: lambda l, s: stats.cauchy(l, s),
    half_cauchy: lambda s: stats.halfcauchy(0, s),
    student_t: lambda d, l, s: stats.t(d, l, s),
    exponential: lambda r: stats.expon(0, 1 / r),
    gamma: lambda a, b: stats.gamma(a, 0, 1 / b),
    inv_gamma: lambda a, b: stats.invgamma(a, 0, b),
    beta: lambda a, b: stats.beta(a, b),
    uniform: lambda a, b: stats.uniform(a, b - a),
    laplace: lambda l, s: stats.laplace(l, s),
    logistic: lambda l, s: stats.logistic(l, s),
    weibull: lambda k, s: stats.weibull_min(k, 0, s),
    gumbel: lambda l, s: stats.gumbel_r(l, s),
    bernoulli: lambda p: stats.bernoulli(p),
    binomial: lambda n, p: stats.binom(int(n), p),
    beta_binomial: lambda n, a, b: stats.betabinom(int(n), a, b),
    geometric: lambda p: stats.geom(p, -1),
    poisson: lambda r: stats.poisson(r),
    neg_binomial_2: lambda m, d: stats.nbinom(d, d / (m + d)),
    dirichlet: lambda *c: stats.dirichlet(c),
    pareto: lambda l, s: stats.pareto(s, 0, l),
    hypergeometric: lambda n, a, b: stats.hypergeom(int(a + b), int(a), int(n)),
    multinomial: lambda n, *p: stats.multinomial(int(n), p),
    dirichlet_multinomial: lambda n, *c: stats.dirichlet_multinomial(c, int(n)),
    std_normal: lambda: stats.norm(),
    asymmetric_laplace: lambda l, s, k: stats.laplace_asymmetric(k, l, s),
    chi_square: lambda d: stats.chi2(d),
    frechet: lambda k, s: stats.invweibull(k, 0, s),
    rayleigh: lambda s: stats.rayleigh(0, s),
    loglogistic: lambda s, k: stats.fisk(k, 0, s),
    pareto_type_2: lambda l, s, k: stats.lomax(k, l, s),
    gompertz: lambda k, r: stats.gompertz(k, 0, 1 / r),
    levy: lambda l, s: stats.levy(l, s),
    log_uniform: lambda a, b: stats.loguniform(a, b),
    triangular: lambda a, m, b: stats.triang((m - a) / (b - a), a, b - a),
    yule_simon: lambda k: stats.yulesimon(k),
    zipf: lambda s: stats.zipf(s),
    discrete_range: lambda a, b: stats.randint(int(a), int(b) + 1),
    discrete_laplace: lambda l, s: stats.dlaplace(1 / s, l),
    beta_neg_binomial: lambda r, a, b: stats.betanbinom(r, a, b),
    neg_binomial: lambda k, r: stats.nbinom(k, r / (1 + r)),
}


def check():
    for f, points in TABLE.items():
        peer = PEERS.get(f)
        if not peer:
            print("%-20s no peer" % f.__name__)
            continue
        worst = 0
        for a, x in points:
            xs = x if isinstance(x, tuple) else (x,)
            terms = f(*[mpf(float(v)) for v in xs + a])
            ours = float(sum(terms))
            size = float(sum(abs(t) for t in terms if isfinite(t)))
            try:
                d = peer(*[float(v) for v in a])
                at = list(xs) if len(xs) > 1 else x
                theirs = float(d.logpmf(at) if hasattr(d, "logpmf") and not hasattr(d, "logpdf") else d.logpdf(at))
            except (AttributeError, ValueError, OverflowError):
                try:
                    theirs = float(d.logpmf(at))
                except (AttributeError, ValueError, OverflowError):
                    continue
            if theirs == theirs and theirs != ours and abs(theirs) < 1e306:
                off = abs(theirs - ours) / (1 + size)
                if off > 1e-6:
                    print("    ", f.__name__, a, x, ours, theirs)
                worst = max(worst, off)
        print("%-20s %4d points, %.1e of the terms" % (f.__name__, len(points), worst))
