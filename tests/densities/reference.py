#!/usr/bin/env python3
"""Writes reference.txt, log densities of the library and their derivatives in multiple precision (mpmath).

usage: reference.py > reference.txt
       reference.py --check               (against scipy, where it has the distribution)

Each density is a list of terms whose sum it is; the derivatives are those of the terms, by differences with
more than twice the digits. Beside each number stands the sum of the absolute values of its terms: what an
implementation that rounds each term can hope for is a few units in the last place of that.

    distribution NAME TYPE[n] ARGUMENT:TYPE[n] …
    ARGUMENTS… x…   log_density size   d/dx size   d/dargument size …
    tail NAME PROPERTY TYPE ARGUMENT:TYPE …
    ARGUMENTS… x   property(x) size
    divergence NAME ARGUMENT:TYPE[n] …
    P-ARGUMENTS… Q-ARGUMENTS…   kl(p, q)

[n] is the number of entries along the event axis; there is none where it is not written. Whole numbers have
no derivatives; `nan` stands where else there is none. What a positive argument scales, as in
d log(1 + m / d), has a derivative of terms that cancel; each is as large as the whole divided by the
argument, and counts as that. The size of a tail is what the rounding of x does to it.
"""
import sys
from mpmath import mp, mpf, log, log1p, exp, loggamma, digamma, pi, inf, isfinite, nan

mp.dps = 50


def xlogy(x, y):
    if y > 0:
        return x * log(y)
    return -inf if x > 0 else inf if x < 0 else mpf(0)


def xlog1py(x, y):
    return xlogy(x, mpf(0)) if y == -1 else x * log1p(y)


def rising(a, n):
    """lgamma(a + n) - lgamma(a), which only for large a is worth one rounding."""
    return [loggamma(a + n), -loggamma(a)] if a < 16 else [loggamma(a + n) - loggamma(a)]


def lbeta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def softplus(x):
    return log1p(exp(x)) if x < 0 else x + log1p(exp(-x))


def choose(n, x):
    return [loggamma(n + 1), -loggamma(x + 1), -loggamma(n - x + 1)]


HALF_LOG_2PI = log(2 * pi) / 2

# ---- densities: lists of terms ----


def normal(x, loc, scale):
    return [-((x - loc) / scale) ** 2 / 2, -log(scale), -HALF_LOG_2PI]


def half_normal(x, scale):
    return [-(x / scale) ** 2 / 2, -log(scale), log(2 / pi) / 2]


def lognormal(x, loc, scale):
    z = (log(x) - loc) / scale
    return [-z**2 / 2, -log(x), -log(scale), -HALF_LOG_2PI]


def cauchy(x, loc, scale):
    return [-log1p(((x - loc) / scale) ** 2), -log(scale), -log(pi)]


def half_cauchy(x, scale):
    return [-log1p((x / scale) ** 2), -log(scale), log(2 / pi)]


def student_t(x, df, loc, scale):
    tail = -(df + 1) / 2 * log1p(((x - loc) / scale) ** 2 / df)
    return rising(df / 2, mpf(1) / 2) + [-log(pi * df) / 2, -log(scale), tail]


def half_student_t(x, df, scale):
    return [log(2)] + student_t(x, df, mpf(0), scale)


def exponential(x, rate):
    return [log(rate), -rate * x]


def gamma(x, shape, rate):
    return [shape * log(rate * x), -rate * x, -log(x), -loggamma(shape)]


def inv_gamma(x, shape, scale):
    return [shape * log(scale / x), -scale / x, -log(x), -loggamma(shape)]


def beta(x, a, b):
    return [xlogy(a - 1, x), xlog1py(b - 1, -x), -lbeta(a, b)]


def uniform(x, lower, upper):
    return [-log(upper - lower)] if lower <= x <= upper else [-inf]


def flat(x):
    return [mpf(0)]


def laplace(x, loc, scale):
    return [-abs(x - loc) / scale, -log(2), -log(scale)]


def logistic(x, loc, scale):
    z = (x - loc) / scale
    return [-softplus(z), -softplus(-z), -log(scale)]


def weibull(x, shape, scale):
    return [log(shape), shape * log(x / scale), -log(x), -((x / scale) ** shape)]


def pareto(x, lowest, shape):
    return [log(shape), shape * log(lowest / x), -log(x)] if x >= lowest else [-inf]


def gumbel(x, loc, scale):
    return [-(x - loc) / scale, -exp((loc - x) / scale), -log(scale)]


def bernoulli(x, probability):
    return [xlogy(x, probability), xlog1py(1 - x, -probability)]


def bernoulli_logit(x, logit):
    return [-softplus((1 - 2 * x) * logit)]


def binomial(x, trials, probability):
    if x > trials:
        return [-inf]
    return choose(trials, x) + [xlogy(x, probability), xlog1py(trials - x, -probability)]


def binomial_logit(x, trials, logit):
    if x > trials:
        return [-inf]
    return choose(trials, x) + [-x * softplus(-logit), -(trials - x) * softplus(logit)]


def beta_binomial(x, trials, a, b):
    if x > trials:
        return [-inf]
    return choose(trials, x) + [lbeta(x + a, trials - x + b), -lbeta(a, b)]


def geometric(x, probability):
    return [xlog1py(x, -probability), log(probability)]


def poisson(x, rate):
    return [xlogy(x, rate), -rate, -loggamma(x + 1)]


def poisson_log(x, log_rate):
    return [x * log_rate, -exp(log_rate), -loggamma(x + 1)]


def neg_binomial_2(x, mean, dispersion):
    more = mpf(0) if x == 0 else -x * log1p(dispersion / mean) if mean > 0 else -inf
    return rising(dispersion, x) + [-loggamma(x + 1), -dispersion * log1p(mean / dispersion), more]


def neg_binomial_2_log(x, log_mean, dispersion):
    u = log_mean - log(dispersion)
    return rising(dispersion, x) + [-loggamma(x + 1), -x * softplus(-u), -dispersion * softplus(u)]


def categorical(x, *probabilities):
    return [log(probabilities[int(x) - 1])] if probabilities[int(x) - 1] > 0 else [-inf]


def categorical_logit(x, *logits):
    return [logits[int(x) - 1], -log(sum(exp(l) for l in logits))]


def hypergeometric(x, draws, marked, others):
    if x > marked or x > draws or draws - x > others:
        return [-inf]
    return choose(marked, x) + choose(others, draws - x) + [-t for t in choose(marked + others, draws)]


def multinomial(*values):
    x, n, p = values[:3], values[3], values[4:]
    if sum(x) != n:
        return [-inf]
    return [loggamma(n + 1)] + [-loggamma(k + 1) for k in x] + [xlogy(k, q) for k, q in zip(x, p)]


def dirichlet_multinomial(*values):
    x, n, c = values[:3], values[3], values[4:]
    if sum(x) != n:
        return [-inf]
    ends = [t for k, a in zip(x, c) for t in rising(a, k)]
    return [loggamma(n + 1)] + [-loggamma(k + 1) for k in x] + ends + [-t for t in rising(sum(c), n)]


def dirichlet(*values):
    x, c = values[:3], values[3:]
    return [loggamma(sum(c))] + [-loggamma(a) for a in c] + [xlogy(a - 1, y) for a, y in zip(c, x)]


# ---- where they are looked at: arguments and, for each, the places of x ----

UNIT = [1e-300, 1e-16, 1e-5, 0.3, 0.5, 0.9, 0.9999]
SIZES = [1e-8, 0.01, 1, 1e8]
AROUND = [0, 1e-9, 0.3, -1, 5, -40, 1e5]
AHEAD = [1e-12, 1e-3, 0.4, 1, 3, 40, 1e4]
LOCATIONS = [(0.0, 1.0), (-3.5, 0.25), (1e6, 1e-8), (1.5, 1e8), (0.1, 1e-3)]
COUNTS = [0, 1, 2, 17, 1000, 10**9]
SUCCESSES = {1: [0, 1, 2], 10: [0, 3, 10], 1000: [0, 1, 400, 1000], 10**9: [0, 7, 5 * 10**8, 10**9]}
TRIALS = [(n, x) for n, counts in SUCCESSES.items() for x in counts]


def located(shifts):
    return [((l, s), l + s * z) for l, s in LOCATIONS for z in shifts]


def stretched(places):
    return [((s,), s * z) for s in SIZES for z in places]


def grid(arguments, places):
    return [(a if isinstance(a, tuple) else (a,), x) for a in arguments for x in places]


def shaped(shapes, scales, places, at):
    """Points of a shape and a scale: `at` says where x is."""
    return [((a, b), at(a, b) * z) for a in shapes for b in scales for z in places]


STUDENT = [
    ((d, l, s), l + s * z)
    for d in [0.01, 1, 3, 29.5, 1e3, 1e8]
    for l, s in [(0.0, 1.0), (-3.5, 1e-8), (2.0, 1e8)]
    for z in [0, -0.7, 12, 1e7]
]
BETA = grid([(1, 1), (0.5, 0.5), (2, 5), (1e-3, 3), (40, 1), (1e8, 1), (3e7, 1e8), (1, 1e8)], UNIT)
BETA += [((1, 1), 0), ((1, 1), 1), ((2, 3), 0), ((2, 3), 1), ((1, 3), 0), ((3, 1), 1)]
DIRICHLET = grid(
    [(1, 1, 1), (0.5, 2, 7), (1e-3, 1e-3, 1e-3), (1e8, 1, 3e7), (1, 1, 2)],
    [(0.2, 0.3, 0.5), (1e-300, 0.25, 0.75), (1e-9, 1e-9, 1 - 2e-9), (0.125, 0.875, 1e-17)],
)
DIRICHLET += [((1, 1, 2), (0, 0.5, 0.5)), ((1, 1, 1), (0, 0, 1))]

LOCATED = "loc:real scale:positive"

TABLE = [
    # density, type of x, arguments, points
    (normal, "real", LOCATED, located(AROUND)),
    (half_normal, "positive", "scale:positive", stretched(AHEAD)),
    (lognormal, "positive", LOCATED,
     grid([(0, 1), (-3, 0.1), (40, 5), (0.5, 1e-3), (0, 1e8)],
          [1e-300, 1e-8, 0.05, 1, 1.7, 30, 1e15, 1e300])),
    (cauchy, "real", LOCATED, located(AROUND)),
    (half_cauchy, "positive", "scale:positive", stretched(AHEAD)),
    (student_t, "real", "df:positive loc:real scale:positive", STUDENT),
    (half_student_t, "positive", "df:positive scale:positive",
     shaped([0.5, 3, 40, 1e6], [1e-8, 1, 1e8], [1e-6, 0.7, 9, 1e7], lambda d, s: s)),
    (exponential, "positive", "rate:positive", stretched(AHEAD)),
    (gamma, "positive", "shape:positive rate:positive",
     shaped([1e-3, 0.5, 1, 25, 1e8], [1e-8, 4, 1e8], [1e-9, 0.5, 1, 20], lambda a, b: a / b)),
    (inv_gamma, "positive", "shape:positive scale:positive",
     shaped([1e-3, 0.5, 1.124909, 50, 1e8], [1e-8, 4, 1e8], [1e-2, 0.8, 1, 1e9], lambda a, b: b / a)),
    (beta, "unit", "a:positive b:positive", BETA),
    (uniform, "real", "lower:real upper:real",
     grid([(0, 1), (-3, 1e8), (0, 1e-8), (1e6, 1e6 + 1)],
          [-3.5, -3, 0, 1e-9, 0.5, 1, 1.001, 1e6 + 0.5, 1e8])),
    (flat, "real", "", grid([()], [-1e300, 0, 3.5])),
    (laplace, "real", LOCATED, located([z for z in AROUND if z])),
    (logistic, "real", LOCATED, located(AROUND)),
    (weibull, "positive", "shape:positive scale:positive",
     shaped([0.1, 1, 1.5, 12], [1e-8, 1, 1e8], [1e-9, 0.3, 1, 2.5], lambda k, s: s)),
    (pareto, "positive", "lowest:positive shape:positive",
     shaped([0.1, 1, 1.5, 12], [1e-8, 1, 1e8], [1.001, 1.3, 2.5, 1e9, 0.5], lambda a, b: a)),
    (gumbel, "real", LOCATED, located([0, 0.3, -1, 5, -6, 40, 1e5])),
    (bernoulli, "binary", "probability:unit", grid([0, 1e-300, 1e-9, 0.3, 0.5, 1 - 1e-9, 1], [0, 1])),
    (bernoulli_logit, "binary", "logit:real", grid([-800, -40, -1e-9, 0, 0.3, 35, 800], [0, 1])),
    (binomial, "count", "trials:count probability:unit",
     [((n, p), x) for n, x in TRIALS for p in [0, 1e-12, 0.3, 0.5, 1]]),
    (binomial_logit, "count", "trials:count logit:real",
     [((n, l), x) for n, x in TRIALS for l in [-40, -0.8, 0, 25]]),
    (beta_binomial, "count", "trials:count a:positive b:positive",
     [((n, a, b), x) for n, x in TRIALS for a, b in [(1, 1), (0.01, 3), (200, 1e6)]]),
    (geometric, "count", "probability:unit", grid([1e-9, 0.3, 0.99, 1], COUNTS)),
    (poisson, "count", "rate:interval(0,inf)", grid([0, 1e-8, 0.7, 30, 1e9], COUNTS)),
    (poisson_log, "count", "log_rate:real", grid([-30, 0.3, 4, 20.7], COUNTS)),
    (neg_binomial_2, "count", "mean:interval(0,inf) dispersion:positive",
     grid([(1e-8, 1), (0.7, 1e8), (30, 0.5), (30, 1e-3), (1e9, 10), (1e3, 1e12), (0, 2)], COUNTS)),
    (neg_binomial_2_log, "count", "log_mean:real dispersion:positive",
     grid([(-18, 1), (0.3, 1e8), (3.4, 0.5), (3.4, 1e-3), (20.7, 10), (7, 1e12)], COUNTS)),
    (categorical, "k", "probabilities:simplex[3]",
     grid([(0.2, 0.3, 0.5), (1e-300, 0.25, 0.75), (0, 0, 1)], [1, 2, 3])),
    (categorical_logit, "k", "logits:real[3]",
     grid([(0, 0, 0), (-800, 0.3, 700), (1e-9, -1, 40), (-1e8, 1e8, 0)], [1, 2, 3])),
    (dirichlet, "simplex[3]", "concentration:positive[3]", DIRICHLET),
    (hypergeometric, "count", "draws:count marked:count others:count",
     grid([(5, 6, 7), (13, 6, 7), (40, 1000, 10**6), (0, 3, 3)], [0, 1, 3, 6, 7])),
    (multinomial, "count[3]", "trials:count probabilities:simplex[3]",
     grid([(6, 0.2, 0.3, 0.5), (6, 0, 0.25, 0.75), (1000, 1e-300, 0.25, 0.75)],
          [(1, 2, 3), (0, 6, 0), (0, 0, 6), (1, 1, 1), (0, 300, 700)])),
    (dirichlet_multinomial, "count[3]", "trials:count concentration:positive[3]",
     grid([(6, 1.0, 2.0, 3.0), (6, 0.01, 40.0, 0.5), (1000, 1e-3, 1.0, 1e6)],
          [(1, 2, 3), (0, 6, 0), (0, 0, 6), (1, 1, 1), (0, 300, 700)])),
]

# ---- derivatives ----

LOWEST = {"positive": 0, "unit": 0, "interval(0,inf)": 0, "simplex": 0}
HIGHEST = {"unit": 1, "simplex": 1}


def slope(f, at, i, kind):
    """The derivatives of the terms by argument i, from within where it lies on a bound."""
    def moved(term):
        def g(v):
            if mp.im(v):
                raise ValueError
            return f(*at[:i], v, *at[i + 1:])[term]
        return g
    side = 1 if at[i] == LOWEST.get(kind) else -1 if at[i] == HIGHEST.get(kind) else 0
    step = abs(at[i]) * mpf(10) ** -30 or mpf(10) ** -30
    found = []
    for term in range(len(f(*at))):
        g = moved(term)
        with mp.workdps(400):  # a share of 1e-304 beside 1 is seen
            if side:
                once, twice = g(at[i] + side * step), g(at[i] + 2 * side * step)
                d = (4 * once - twice - 3 * g(at[i])) / (2 * side * step)
            else:
                d = (g(at[i] + step) - g(at[i] - step)) / (2 * step)
        found.append(+d)
    return found


def sizes(terms, slopes, at, kind):
    """What the derivatives are made of."""
    if kind not in ("positive", "interval(0,inf)") or not at or not all(isfinite(t) for t in slopes):
        return slopes
    return [max(abs(d), abs(t / at)) for t, d in zip(terms, slopes)]


def text(value, terms):
    if not isfinite(value):
        return "%s 0" % ("nan" if value != value else "inf" if value > 0 else "-inf")
    return "%r %.3g" % (float(value), float(sum(abs(t) for t in terms)))


def split(kind):
    name, _, size = kind.partition("[")
    return name, int(size[:-1]) if size else 1


WHOLE = {"count", "binary", "k"}


def rows():
    for f, kind, arguments, points in TABLE:
        yield ("distribution %s %s %s" % (f.__name__, kind, arguments)).rstrip()
        name, size = split(kind)
        kinds = [name] * size
        for a in arguments.split():
            name, size = split(a.split(":")[1])
            kinds += [name] * size
        n = split(kind)[1]
        seen = set()
        for a, x in points:
            xs = x if isinstance(x, tuple) else (x,)
            values = [float(v) for v in xs + a]
            if tuple(values) in seen:
                continue
            seen.add(tuple(values))
            exact = [mpf(v) for v in values]
            terms = f(*exact)
            value = sum(terms)
            out = [repr(v) for v in values[n:] + values[:n]] + [" " + text(value, terms)]
            for i, k in enumerate(kinds):
                if k in WHOLE:
                    continue
                try:
                    d = slope(f, exact, i, k) if isfinite(value) else [nan]
                    total = sum(d) if all(isfinite(t) for t in d) else nan
                    if abs(total) > mpf(10) ** 300 or any(abs(t) > mpf(10) ** 300 for t in d):
                        total = nan
                except (ValueError, ZeroDivisionError, TypeError):
                    d, total = [nan], nan
                out.append(" " + text(total, sizes(terms, d, exact[i], k)))
            yield " ".join(out)


# ---- cdf, its logarithms and its inverse, far out ----


def above(z):
    """P(Z > z), standard normal."""
    return mp.erfc(z / mp.sqrt(2)) / 2


def cauchy_below(z):
    return mp.atan2(1, -z) / pi


def expit(z):
    return 1 / (1 + exp(-z))


# The cdf and what it leaves of 1, each accurate where it is small, at the standardised z; its inverse.
FAR = [-1e6, -300, -37, -5, -1e-3, 0, 0.7, 6, 40, 1e5]
AWAY = [1e-30, 1e-6, 0.5, 1, 5, 40, 300]
SHARES = [1e-300, 1e-9, 0.2, 0.5, 0.9, 1 - 1e-9]

NORMAL = (lambda z: above(-z), above, None)
TAILS = [
    (normal, "real", "cdf log_cdf log_ccdf", NORMAL, FAR),
    (half_normal, "positive", "cdf log_ccdf",
     (lambda z: mp.erf(z / mp.sqrt(2)), lambda z: 2 * above(z), None), AWAY),
    (cauchy, "real", "cdf log_cdf log_ccdf quantile",
     (cauchy_below, lambda z: cauchy_below(-z), lambda p: mp.tan(pi * (p - mpf(1) / 2))), FAR),
    (half_cauchy, "positive", "cdf log_ccdf quantile",
     (lambda z: 2 * mp.atan(z) / pi, lambda z: 2 * mp.atan(1 / z) / pi, lambda p: mp.tan(pi * p / 2)), AWAY),
    (exponential, "positive", "cdf log_ccdf quantile",
     (lambda z: -mp.expm1(-z), lambda z: exp(-z), lambda p: -log1p(-p)), AWAY),
    (laplace, "real", "cdf log_cdf log_ccdf quantile",
     (lambda z: exp(z) / 2 if z < 0 else 1 - exp(-z) / 2, lambda z: 1 - exp(z) / 2 if z < 0 else exp(-z) / 2,
      lambda p: log(2 * p) if p < 0.5 else -log(2 - 2 * p)), FAR),
    (logistic, "real", "cdf log_cdf log_ccdf quantile",
     (expit, lambda z: expit(-z), lambda p: log(p) - log1p(-p)), FAR),
    (weibull, "positive", "cdf log_ccdf quantile",
     (lambda z: -mp.expm1(-(z**1.5)), lambda z: exp(-(z**1.5)),
      lambda p: (-log1p(-p)) ** (mpf(2) / 3)), AWAY),
    (gumbel, "real", "cdf log_cdf log_ccdf quantile",
     (lambda z: exp(-exp(-z)), lambda z: -mp.expm1(-exp(-z)), lambda p: -log(-log(p))),
     [z for z in FAR if z > -5]),
]

# ---- divergences, by quadrature and sums ----

DIVERGENCES = [
    (normal, "real", LOCATED,
     [((0, 1), (1, 2)), ((3, 0.1), (2.5, 0.3)), ((-1, 5), (0, 0.5)), ((0.5, 2), (0.5, 2))]),
    (half_normal, "positive", "scale:positive", [((1,), (2,)), ((5,), (0.5,))]),
    (lognormal, "positive", LOCATED, [((0, 1), (1, 2)), ((1, 0.3), (0.8, 0.5))]),
    (cauchy, "real", LOCATED, [((0, 1), (1, 2)), ((3, 0.5), (-2, 4))]),
    (exponential, "positive", "rate:positive", [((1,), (2,)), ((5,), (0.5,))]),
    (gamma, "positive", "shape:positive rate:positive",
     [((2, 1), (3, 0.5)), ((25, 4), (2, 1)), ((0.7, 2), (1.5, 3))]),
    (inv_gamma, "positive", "shape:positive scale:positive", [((2, 1), (3, 0.5)), ((5, 4), (2, 1))]),
    (beta, "unit", "a:positive b:positive", [((2, 3), (1, 1)), ((1.5, 4), (3, 0.5)), ((20, 30), (2, 2))]),
    (uniform, "real", "lower:real upper:real", [((0, 1), (-1, 3)), ((0, 2), (0, 2)), ((0, 2), (1, 2))]),
    (laplace, "real", LOCATED, [((0, 1), (1, 2)), ((3, 0.5), (-2, 4))]),
    (bernoulli, "binary", "probability:unit",
     [((0.3,), (0.5,)), ((0,), (0.5,)), ((1,), (0.2,)), ((0,), (0,)), ((1e-9,), (0.1,))]),
    (bernoulli_logit, "binary", "logit:real", [((0.3,), (-1,)), ((-30,), (2,)), ((40,), (3,))]),
    (poisson, "count", "rate:interval(0,inf)", [((3,), (4,)), ((0,), (2,)), ((0.1,), (5,))]),
    (poisson_log, "count", "log_rate:real", [((1,), (1.5,)), ((-2,), (0.4,))]),
    (categorical, "k", "probabilities:simplex[3]",
     [((0.2, 0.3, 0.5), (0.1, 0.1, 0.8)), ((0, 0.25, 0.75), (0.5, 0.25, 0.25))]),
    (categorical_logit, "k", "logits:real[3]", [((0, 1, -1), (0.5, 0, 2)), ((-30, 2, 0), (1, 1, 1))]),
    (dirichlet, "simplex[3]", "concentration:positive[3]",
     [((1, 1, 1), (2, 3, 4)), ((0.5, 2, 7), (1, 1, 1))]),
]


def divergence(f, kind, p, q):
    def ratio(*x):
        l = sum(f(*x, *p))
        return exp(l) * (l - sum(f(*x, *q))) if isfinite(l) else mpf(0)
    if f is uniform:
        return log((q[1] - q[0]) / (p[1] - p[0])) if p[0] >= q[0] and p[1] <= q[1] else inf
    if kind == "k":
        return sum(ratio(mpf(i + 1)) for i in range(3))
    if kind in WHOLE:
        return sum(ratio(mpf(i)) for i in range(2 if kind == "binary" else 400))
    if kind == "simplex[3]":
        # the exact form (Penny 2001): the quadrature would be two-dimensional with singular edges
        each = [loggamma(b) - loggamma(a) + (a - b) * (digamma(a) - digamma(sum(p))) for a, b in zip(p, q)]
        return loggamma(sum(p)) - loggamma(sum(q)) + sum(each)
    if f is beta:
        return mp.quad(ratio, [0, mpf(1) / 16, mpf(1) / 2, 1 - mpf(1) / 16, 1])
    if kind == "real":
        loc, scale = p
        return mp.quad(ratio, [-inf, *sorted({loc - 8 * scale, loc, q[0], loc + 8 * scale}), inf])
    # positive: over the logarithm, where the tails are light
    return mp.quad(lambda u: ratio(exp(u)) * exp(u), [-120, -20, -5, -1, 0, 1, 2, 3, 4, 5, 8, 12, 40, 120])


def divergences():
    for f, kind, arguments, pairs in DIVERGENCES:
        yield "divergence %s %s" % (f.__name__, arguments)
        for p, q in pairs:
            d = divergence(f, kind, [mpf(float(v)) for v in p], [mpf(float(v)) for v in q])
            d = float(d) if abs(d) > 1e-25 else 0.0
            yield "%s  %r" % (" ".join(repr(float(v)) for v in p + q), d)


def log_of(small, other):
    return log(small) if small < 0.5 else log1p(-other)


def tails():
    """Arguments are loc = 0 and scale = 2, or the like: standardising is exact."""
    for f, kind, properties, (below, over, inverse), places in TAILS:
        if f is exponential:
            arguments, values = "rate:positive", [0.5]
        elif f is weibull:
            arguments, values = "shape:positive scale:positive", [1.5, 2.0]
        elif kind == "real":
            arguments, values = LOCATED, [0.0, 2.0]
        else:
            arguments, values = "scale:positive", [2.0]
        by = {
            "cdf": below,
            "log_cdf": lambda z: log_of(below(z), over(z)),
            "log_ccdf": lambda z: log_of(over(z), below(z)),
            "quantile": lambda p: 2 * inverse(p),
        }
        for name in properties.split():
            yield "tail %s %s %s %s" % (f.__name__, name, "unit" if name == "quantile" else kind, arguments)
            for z in SHARES if name == "quantile" else places:
                x, g = mpf(z) if name == "quantile" else 2 * mpf(z), by[name]
                at = mpf(z)
                with mp.workdps(400):
                    step = abs(at) * mpf(10) ** -30 or mpf(10) ** -30
                    value, slope = g(at), (g(at + step) - g(at - step)) / (2 * step)
                    if abs(value) < mpf(10) ** -290 and name != "quantile":
                        value, slope = (mpf(0), mpf(0)) if abs(value) < mpf(10) ** -330 else (None, None)
                if value is None:
                    continue
                row = [repr(v) for v in values + [float(x)]]
                yield " ".join(row) + "  " + text(+value, [value, at * slope])


def main():
    print("# Made by reference.py; see there for the columns.")
    for line in rows():
        print(line)
    for line in tails():
        print(line)
    with mp.workdps(30):
        for line in divergences():
            print(line)


# ---- scipy, as a second opinion on the formulas ----


def check():
    from scipy import stats
    peers = {
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
    }
    for f, kind, arguments, points in TABLE:
        peer = peers.get(f)
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
                theirs = float(d.logpmf(x) if split(kind)[0] in WHOLE else d.logpdf(list(xs) if len(xs) > 1 else x))
            except (ValueError, OverflowError):
                continue
            if theirs == theirs and theirs != ours and abs(theirs) < 1e306:
                off = abs(theirs - ours) / (1 + size)
                if off > 1e-6:
                    print("    ", f.__name__, a, x, ours, theirs)
                worst = max(worst, off)
        print("%-20s %4d points, %.1e of the terms" % (f.__name__, len(points), worst))


if __name__ == "__main__":
    check() if "--check" in sys.argv else main()
