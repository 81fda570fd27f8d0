"""Log densities of the library as lists of the terms whose sum they are, in multiple precision (mpmath): x first, entry by
entry, then the arguments. Each is written down from its definition, not as the library computes it."""
from mpmath import mp, mpf, log, log1p, expm1, exp, loggamma, digamma, pi, inf, sqrt, erf, erfc, tanh

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



# ---- of a real number ----


def std_normal(x):
    return [-(x**2) / 2, -HALF_LOG_2PI]


def normal_mixture(x, *v):
    return [log(sum(w * exp(sum(normal(x, l, s))) for w, l, s in zip(v[:3], v[3:6], v[6:])))]


def two_sided(x, loc, left, right):
    return [-(loc - x) / left if x < loc else -(x - loc) / right, -log(left + right)]


def asymmetric_laplace(x, loc, scale, asymmetry):
    return two_sided(x, loc, scale * asymmetry, scale / asymmetry)


def skew_double_exponential(x, loc, scale, tau):
    fall = 2 * (1 - tau) * (loc - x) if x < loc else 2 * tau * (x - loc)
    return [log(2), log(tau), log1p(-tau), -log(scale), -fall / scale]


def gaussian_random_walk(*values):
    x, scale = values[:3], values[3]
    steps = [b - a for a, b in zip((mpf(0),) + x, x)]
    return [-((s / scale) ** 2) / 2 for s in steps] + [-3 * log(scale), -3 * HALF_LOG_2PI]


# ---- of a positive number, or one between bounds ----


def chi_square(x, df):
    return gamma(x, df / 2, mpf(1) / 2)


def inv_chi_square(x, df):
    return inv_gamma(x, df / 2, mpf(1) / 2)


def scaled_inv_chi_square(x, df, scale):
    return inv_gamma(x, df / 2, df / 2 * scale**2)


def frechet(x, shape, scale):
    return [log(shape), shape * log(scale / x), -log(x), -((scale / x) ** shape)]


def rayleigh(x, scale):
    return [log(x), -2 * log(scale), -((x / scale) ** 2) / 2]


def loglogistic(x, scale, shape):
    z = shape * log(x / scale)
    return [log(shape), -log(x), -softplus(z), -softplus(-z)]


def pareto_type_2(x, loc, scale, shape):
    return [log(shape), -log(scale), -(shape + 1) * log1p((x - loc) / scale)] if x >= loc else [-inf]


def gompertz(x, shape, rate):
    return [log(shape), log(rate), rate * x, -shape * expm1(rate * x)]


def levy(x, loc, scale):
    return [log(scale / (2 * pi)) / 2, -3 * log(x - loc) / 2, -scale / (2 * (x - loc))] if x > loc else [-inf]


def log_uniform(x, lower, upper):
    return [-log(x), -log(log(upper / lower))] if lower <= x <= upper else [-inf]


def beta_proportion(x, mean, precision):
    return beta(x, mean * precision, (1 - mean) * precision)


def kumaraswamy(x, a, b):
    return [log(a), log(b), xlogy(a - 1, x), xlog1py(b - 1, -(x**a))]


def triangular(x, lower, mode, upper):
    if x < lower or x > upper:
        return [-inf]
    rise = x <= mode and lower < mode
    side = (x - lower) / (mode - lower) if rise else (upper - x) / (upper - mode)
    return [log(2), -log(upper - lower), log(side) if side else -inf]


def logit_normal(x, loc, scale):
    if not 0 < x < 1:
        return [-inf]
    z = (log(x) - log1p(-x) - loc) / scale
    return [-(z**2) / 2, -log(x), -log1p(-x), -log(scale), -HALF_LOG_2PI]


# ---- of whole numbers ----


def neg_binomial(x, shape, rate):
    return rising(shape, x) + [-loggamma(x + 1), -shape * log1p(1 / rate), -x * log1p(rate)]


def beta_neg_binomial(x, successes, a, b):
    return rising(b, x) + [-loggamma(x + 1), lbeta(x + successes, a + b), -lbeta(successes, a)]


def yule_simon(x, shape):
    return [log(shape), lbeta(x, shape + 1)] if x >= 1 else [-inf]


def zipf(x, exponent):
    return [-exponent * log(x), -log(mp.zeta(exponent))] if x >= 1 else [-inf]


def discrete_range(x, lower, upper):
    return [-log(upper - lower + 1)] if lower <= x <= upper else [-inf]


def discrete_laplace(x, loc, scale):
    return [log(tanh(1 / (2 * scale))), -abs(x - loc) / scale]


def inflated(gate, x, density):
    """0 is as likely as a gate and a chance together, which add up in the density."""
    if x > 0:
        return [log1p(-gate) if gate < 1 else -inf] + density(x)
    zero = exp(sum(density(mpf(0))))
    return [log(gate + (1 - gate) * zero)]


def hurdle(gate, x, density):
    if x == 0:
        return [log(gate) if gate > 0 else -inf]
    return [log1p(-gate) if gate < 1 else -inf] + density(x) + [-log(-expm1(sum(density(mpf(0)))))]


def zero_inflated_poisson(x, gate, rate):
    return inflated(gate, x, lambda k: poisson(k, rate))


def zero_inflated_binomial(x, gate, trials, probability):
    return inflated(gate, x, lambda k: binomial(k, trials, probability))


def zero_inflated_neg_binomial_2(x, gate, mean, dispersion):
    return inflated(gate, x, lambda k: neg_binomial_2(k, mean, dispersion))


def hurdle_poisson(x, gate, rate):
    return hurdle(gate, x, lambda k: poisson(k, rate))


def hurdle_neg_binomial_2(x, gate, mean, dispersion):
    return hurdle(gate, x, lambda k: neg_binomial_2(k, mean, dispersion))


# ---- of categories ----


def ndtr_between(a, b):
    """Phi(b) - Phi(a)."""
    return (erfc(a / sqrt(2)) - erfc(b / sqrt(2))) / 2 if a > 0 else (erfc(-b / sqrt(2)) - erfc(-a / sqrt(2))) / 2


def expit_between(a, b):
    """expit(b) - expit(a)."""
    return 1 / (1 + exp(-b)) - 1 / (1 + exp(-a)) if b < 0 else 1 / (1 + exp(a)) - 1 / (1 + exp(b))


def ordered(between, x, location, cuts):
    edges = [-inf] + [c - location for c in cuts] + [inf]
    return [log(between(edges[int(x) - 1], edges[int(x)]))]


def ordered_logistic(x, location, *cuts):
    return ordered(expit_between, x, location, cuts)


def ordered_probit(x, location, *cuts):
    return ordered(ndtr_between, x, location, cuts)


# ---- of vectors and matrices: three entries, matrices row by row ----


def square(entries):
    return mp.matrix(3, 3) + mp.matrix([entries[:3], entries[3:6], entries[6:9]])


def lower(entries):
    """Of a triangular matrix what is above the diagonal is not looked at."""
    m = square(entries)
    return mp.matrix([[m[i, j] if j <= i else mpf(0) for j in range(3)] for i in range(3)])


def solved(L, b):
    """L^-1 b, by forward substitution."""
    out = []
    for i in range(3):
        out.append((b[i] - sum(L[i, j] * out[j] for j in range(i))) / L[i, i])
    return out


def normal_of_factor(gap, L):
    return [-(y**2) / 2 for y in solved(L, gap)] + [-log(L[i, i]) for i in range(3)] + [-3 * HALF_LOG_2PI]


def multi_normal(*v):
    return normal_of_factor([a - b for a, b in zip(v[:3], v[3:6])], mp.cholesky(square(v[6:])))


def multi_normal_cholesky(*v):
    return normal_of_factor([a - b for a, b in zip(v[:3], v[3:6])], lower(v[6:]))



def lkj_constant(shape):
    """Lewandowski, Kurowicka and Joe (2009), equation 16."""
    return [t for k in (1, 2) for t in [
        -(2 * shape - 2 + 3 - k) * (3 - k) * log(2),
        -(3 - k) * lbeta(shape + mpf(3 - k - 1) / 2, shape + mpf(3 - k - 1) / 2)]]


def lkj_corr(*v):
    return [(v[9] - 1) * log(mp.det(square(v[:9])))] + lkj_constant(v[9])


def lkj_corr_cholesky(*v):
    L, shape = square(v[:9]), v[9]
    return [(3 - k + 2 * shape - 2) * log(L[k - 1, k - 1]) for k in (2, 3)] + lkj_constant(shape)


def log_matrix_gamma(a):
    return [3 * log(pi) / 2] + [loggamma(a - mpf(j) / 2) for j in range(3)]


def wishart(*v):
    x, df, scale = square(v[:9]), v[9], square(v[10:])
    trace = mp.inverse(scale) * x
    return [(df - 4) / 2 * log(mp.det(x)), -df / 2 * log(mp.det(scale)), -sum(trace[i, i] for i in range(3)) / 2,
            -3 * df / 2 * log(2)] + [-t for t in log_matrix_gamma(df / 2)]


def inv_wishart(*v):
    x, df, scale = square(v[:9]), v[9], square(v[10:])
    trace = scale * mp.inverse(x)
    return [df / 2 * log(mp.det(scale)), -(df + 4) / 2 * log(mp.det(x)), -sum(trace[i, i] for i in range(3)) / 2,
            -3 * df / 2 * log(2)] + [-t for t in log_matrix_gamma(df / 2)]


def multi_normal_precision(*v):
    precision, gap = square(v[6:]), mp.matrix([a - b for a, b in zip(v[:3], v[3:6])])
    return [-(gap.T * precision * gap)[0] / 2, log(mp.det(precision)) / 2, -3 * HALF_LOG_2PI]


def multi_normal_low_rank(*v):
    factor, noise, gap = square(v[6:15]), v[15:18], [a - b for a, b in zip(v[:3], v[3:6])]
    terms = normal_of_factor(gap, mp.cholesky(factor * factor.T + mp.diag(noise)))
    return terms + [t for g, d in zip(gap, noise) for t in (g * g / d, -(g * g) / d)]  # which Woodbury's formula subtracts


def student_of_factor(df, gap, L):
    square_of = sum(y**2 for y in solved(L, gap))
    return rising(df / 2, mpf(3) / 2) + [-3 * log(pi * df) / 2] + [-log(L[i, i]) for i in range(3)] + [
        -(df + 3) / 2 * log1p(square_of / df)]


def multi_student_t(*v):
    return student_of_factor(v[3], [a - b for a, b in zip(v[:3], v[4:7])], mp.cholesky(square(v[7:])))


def multi_student_t_cholesky(*v):
    return student_of_factor(v[3], [a - b for a, b in zip(v[:3], v[4:7])], lower(v[7:]))


def multi_gp(*v):
    return normal_of_factor([x * sqrt(v[12]) for x in v[:3]], mp.cholesky(square(v[3:12]))) + [3 * log(v[12]) / 2]


def multi_gp_cholesky(*v):
    return normal_of_factor([x * sqrt(v[12]) for x in v[:3]], lower(v[3:12])) + [3 * log(v[12]) / 2]


def neighbours(W, correlation):
    return mp.matrix([[(sum(W[i, k] for k in range(3)) if i == j else 0) - correlation * W[i, j] for j in range(3)] for i in range(3)])


def car(*v):
    loc, correlation, precision, W = v[3:6], v[6], v[7], square(v[8:])
    gap = mp.matrix([a - b for a, b in zip(v[:3], loc)])
    Q = neighbours(W, correlation)
    return [-precision * (gap.T * Q * gap)[0] / 2, 3 * log(precision) / 2, log(mp.det(Q)) / 2, -3 * HALF_LOG_2PI]


def icar(*v):
    x, W, scale = v[:3], square(v[3:12]), v[12]
    pseudo = mp.det(neighbours(W, 1) + mp.ones(3, 3) / 3)
    steps = sum(W[i, j] * (x[i] - x[j]) ** 2 for i in range(3) for j in range(3))
    return [log(pseudo) / 2, -2 * log(scale), -2 * HALF_LOG_2PI, -steps / (4 * scale**2)]


def matrix_of_factor(*v):
    """What the density of L L' takes to that of L."""
    return [3 * log(2)] + [(3 - i) * log(v[4 * i]) for i in range(3)]


def product_of(L):
    return tuple((L * L.T)[i, j] for i in range(3) for j in range(3))


def wishart_cholesky(*v):
    return wishart(*product_of(lower(v[:9])), v[9], *product_of(lower(v[10:]))) + matrix_of_factor(*v[:9])


def inv_wishart_cholesky(*v):
    return inv_wishart(*product_of(lower(v[:9])), v[9], *product_of(lower(v[10:]))) + matrix_of_factor(*v[:9])

# ---- with functions of their own ----


def skew_normal(x, loc, scale, shape):
    z = (x - loc) / scale
    return [log(2), -(z**2) / 2, log(erfc(-shape * z / sqrt(2)) / 2), -log(scale), -HALF_LOG_2PI]


def exp_mod_normal(x, loc, scale, rate):
    z, k = (x - loc) / scale, rate * scale
    u = (k - z) / sqrt(2)
    if u < 0:
        return [log(rate), k * (k / 2 - z), log(erfc(u) / 2)]
    if u < 40:
        scaled = exp(u * u) * erfc(u)
    else:  # the asymptotic series, to 1e-80
        scaled = sum((-1) ** n * mp.fac2(2 * n - 1) / (2 * u * u) ** n for n in range(50)) / (u * sqrt(pi))
    return [log(rate), -(z**2) / 2, -log(2), log(scaled)]


def log_bessel_i0(k):
    return log(mp.besseli(0, k))


def von_mises(x, loc, concentration):
    # the exponential part of the Bessel function meets that of the cosine
    return [-2 * concentration * mp.sin((x - loc) / 2) ** 2, -log(2 * pi), -(log_bessel_i0(concentration) - concentration)]


def wald(x, mean, shape):
    return [log(shape / (2 * pi)) / 2, -3 * log(x) / 2, -shape / x * ((x - mean) / mean) ** 2 / 2]


def wiener(x, boundary, delay, bias, drift):
    """The series for short times, which converges for all (Navarro and Fuss 2009)."""
    if x <= delay:
        return [-inf]
    t, w = (x - delay) / boundary**2, 1 - bias
    most = int(mp.ceil(sqrt(t * mp.dps))) + 4
    series = sum((w + 2 * k) * exp(-((w + 2 * k) ** 2 - w**2) / (2 * t)) for k in range(-3 * most, 3 * most + 1))
    return [-3 * log(t) / 2, -HALF_LOG_2PI, -(w**2) / (2 * t), log(series), -2 * log(boundary), drift * boundary * w,
            -(drift**2) * (x - delay) / 2]
