"""Where the densities are looked at: of each function of formulas.py the arguments and x of its rows (TABLE); cdf and quantile
(TAILS); pairs of arguments for divergences (DIVERGENCES); and whole examples, which are integrated, or summed, and drawn
from (EXAMPLES)."""
from formulas import *

# ---- densities ----

UNIT = [1e-300, 1e-16, 1e-5, 0.02, 0.3, 0.5, 0.9, 0.9999]
NEAR_1 = [1 - 2.0**-53, 1 - 2.0**-40]
SIZES = [1e-8, 0.01, 1, 1e8]
AROUND = [0, 1e-9, 1e-3, 0.3, -1, 2.2, 5, -8, -40, 300, 1e5, -1e8, 0.9]
AHEAD = [1e-300, 1e-100, 1e-12, 1e-6, 1e-3, 0.05, 0.4, 1, 2, 3, 9, 40, 300, 1e4, 1e8]
LOCATIONS = [(0.0, 1.0), (-3.5, 0.25), (1e6, 1e-8), (1.5, 1e8), (0.1, 1e-3)]
COUNTS = [0, 1, 2, 3, 17, 100, 1000, 10**5, 10**7, 10**9]
SOME = [0, 1, 2, 17, 1000, 10**9]
PROBABILITIES = [0, 1e-300, 1e-100, 1e-16, 1e-9, 1e-5, 1e-3, 0.02, 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9,
                 0.95, 0.99, 0.999, 1 - 1e-5, 1 - 1e-7, 1 - 1e-9, 1 - 1e-11, 1 - 1e-13, 1 - 1e-14, 1 - 2.0**-53, 1]
LOGITS = [-1e8, -1e4, -800, -745, -300, -100, -40, -37, -20, -8, -3, -1, -0.3, -1e-3, -1e-9, 0, 1e-300, 1e-12, 1e-5, 0.3,
          0.8, 1.5, 4, 12, 20, 35, 37, 100, 800, 1e6]
SUCCESSES = {1: [0, 1, 2], 10: [0, 3, 10], 1000: [0, 1, 400, 1000], 10**9: [0, 7, 5 * 10**8, 10**9]}
TRIALS = [(n, x) for n, counts in SUCCESSES.items() for x in counts]


def located(shifts, more=()):
    """Points of a location, a scale and further arguments."""
    return [((l, s) + m, l + s * z) for m in more or [()] for l, s in LOCATIONS for z in shifts]


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
SHARES_OF_3 = [(0.2, 0.3, 0.5), (1e-300, 0.25, 0.75), (1e-9, 1e-9, 1 - 2e-9), (0.125, 0.875, 1e-17),
               (0.5, 0.25, 0.25), (0.998, 1e-3, 1e-3), (1e-100, 1e-100, 1)]
DIRICHLET = grid([(1, 1, 1), (0.5, 2, 7), (1e-3, 1e-3, 1e-3), (1e8, 1, 3e7), (1, 1, 2), (40, 3, 1e-8), (9, 8, 7),
                  (1e4, 1e5, 1e6)], SHARES_OF_3)
DIRICHLET += [((1, 1, 2), (0, 0.5, 0.5)), ((1, 1, 1), (0, 0, 1)), ((2, 2, 2), (0, 0.5, 0.5)), ((1, 3, 1), (0, 1, 0))]
OF_3 = [(1, 2, 3), (0, 6, 0), (0, 0, 6), (6, 0, 0), (1, 1, 1), (2, 2, 2), (0, 300, 700), (1, 0, 999), (333, 333, 334),
        (10**8, 4 * 10**8, 5 * 10**8)]
LINE = [-1e8, -300, -12, -3, -1e-3, 0, 0.4, 2, 7, 39, 1e4, 1e9]
CUTS = [(-1.0, 0.0, 1.0), (0.3, 0.3 + 1e-9, 2.0), (-30.0, 0.0, 30.0), (5.0, 6.0, 9.0)]
GATES = [0, 1e-12, 0.3, 0.5, 0.99]

TABLE = {
    normal: located(AROUND),
    std_normal: grid([()], [s * z for s in (-1, 1) for z in [0, 1e-300, 1e-100, 1e-16, 1e-8, 1e-4, 0.01, 0.1, 0.3, 0.5, 0.9, 1,
                     1.3, 2, 2.5, 3, 4, 5, 6.5, 8, 12, 17, 26, 37, 38.6, 100, 1e3, 1e5, 1e8, 1e12, 1e100]]),
    half_normal: stretched(AHEAD),
    lognormal: grid([(0, 1), (-3, 0.1), (40, 5), (0.5, 1e-3), (0, 1e8)],
                    [1e-300, 1e-100, 1e-8, 1e-3, 0.05, 1, 1.7, 3, 30, 1e6, 1e15, 1e300]),
    cauchy: located(AROUND),
    half_cauchy: stretched(AHEAD),
    student_t: STUDENT,
    half_student_t: shaped([0.5, 3, 40, 1e6], [1e-8, 1, 1e8], [1e-6, 0.02, 0.7, 9, 1e7], lambda d, s: s),
    exponential: stretched(AHEAD),
    gamma: shaped([1e-3, 0.5, 1, 25, 1e8], [1e-8, 4, 1e8], [1e-9, 0.5, 1, 20], lambda a, b: a / b),
    inv_gamma: shaped([1e-3, 0.5, 1.124909, 50, 1e8], [1e-8, 4, 1e8], [1e-2, 0.8, 1, 1e9], lambda a, b: b / a),
    chi_square: grid([1e-3, 0.5, 1, 2, 7, 300, 1e6], [1e-300, 1e-9, 0.01, 0.7, 2, 9, 40, 310, 1e6, 1e8]),
    inv_chi_square: grid([1e-3, 0.5, 1, 2, 7, 300, 1e6], [1e-8, 1e-6, 1e-3, 0.05, 0.3, 1, 6, 40, 1e5, 1e300]),
    scaled_inv_chi_square: shaped([1e-3, 0.7, 4, 60, 1e6], [1e-8, 4, 1e8], [1e-2, 0.8, 1, 1e9], lambda d, s: s * s),
    beta: BETA,
    beta_proportion: grid([(0.5, 2), (0.3, 7), (1e-6, 3), (0.999, 40), (0.25, 1e8), (0.5, 1e-3), (1e-9, 1e6)], UNIT + NEAR_1[:1]),
    kumaraswamy: grid([(1, 1), (0.5, 0.5), (2, 5), (1e-3, 3), (40, 1), (1e4, 2), (3, 1e8)], UNIT + NEAR_1)
                 + [((1, 3), 0), ((3, 1), 1), ((2, 2), 1)],
    uniform: grid([(0, 1), (-3, 1e8), (0, 1e-8), (1e6, 1e6 + 1), (-1e8, 1e8), (-1e-8, 0), (5, 5 + 1e-9)],
                  [-3.5, -3, 0, 1e-9, 0.5, 1, 1.001, 1e6 + 0.5, 1e8]),
    triangular: grid([(0, 0.3, 1), (-3, 2, 1e8), (0, 0, 1e-8), (1e6, 1e6 + 1, 1e6 + 1), (-1e8, 0, 1e8), (-1, 0.5, 2)],
                     [-3.5, -3, -1, 0, 1e-9, 0.5, 0.999, 1, 1.001, 1e6 + 0.5, 1e6 + 1, 1e8]),
    log_uniform: grid([(1e-8, 1e8), (1, 2), (1e-300, 1e300), (5, 5.0001), (0.1, 1000), (1e-8, 2e-8)],
                      [1e-300, 1e-8, 1.5e-8, 2e-8, 0.1, 0.9, 1, 1.7, 5, 5.00005, 1e3, 1e8]),
    logit_normal: grid([(0, 1), (-3, 0.1), (40, 5), (0.5, 1e-3), (0, 1e8), (2, 3)], UNIT + NEAR_1),
    flat: grid([()], [s * z for s in (-1, 1) for z in [1e-8 * 10**k for k in range(30)]]),
    laplace: located([z for z in AROUND if z] + [25]),
    asymmetric_laplace: located([1e-9, 0.3, -1, 5, -40, 1e5], [(1.0,), (0.3,), (7.0,)]),
    skew_double_exponential: located([1e-9, 0.3, -1, 5, -40, 1e5], [(0.5,), (0.01,), (0.9,)]),
    logistic: located(AROUND),
    gumbel: located([0, 0.9, 1e-9, 1e-3, 0.3, -1, 2.2, 5, -6, 12, 40, 300, 1e5]),
    gaussian_random_walk: grid([1e-8, 0.3, 1, 20, 1e8, 3],
                               [(0, 0, 0), (1, 2, 3), (1e-9, -1e-9, 0), (0.3, 5, -40), (1e5, 1e5, 1e5 + 1), (-1e-8, 3e-8, 0),
                                (1e8, -1e8, 1e8), (0.1, 0.2, 0.3), (2.0, -1.0, 0.5), (7, 7, 7)]),
    weibull: shaped([0.1, 1, 1.5, 12], [1e-8, 1, 1e8], [1e-9, 0.02, 0.3, 1, 2.5], lambda k, s: s),
    frechet: shaped([0.1, 1, 1.5, 12], [1e-8, 1, 1e8], [0.4, 0.8, 1, 30, 1e9], lambda k, s: s),
    rayleigh: stretched(AHEAD),
    loglogistic: shaped([1e-8, 1, 30, 1e8], [0.1, 1, 12], [1e-9, 0.3, 1, 2.5, 1e9], lambda s, k: s),
    pareto: shaped([0.1, 1, 1.5, 12], [1e-8, 1, 1e8], [1.001, 1.3, 2.5, 1e9, 0.5], lambda a, b: a),
    pareto_type_2: [((l, s, k), l + s * z) for k in [0.1, 1.5, 30] for l, s in LOCATIONS for z in [0, 1e-9, 0.7, 1e5, -2]],
    gompertz: shaped([1e-8, 0.3, 1, 40, 1e8], [1e-8, 0.5, 1e8], [1e-9, 0.01, 0.7, 4], lambda a, b: 1 / b),
    levy: [((l, s), l + s * z) for l, s in LOCATIONS for z in [1e-3, 0.01, 0.1, 0.3, 0.9, 2, 7, 50, 1e4, 1e8, 1e16, -1]],
    bernoulli: grid(PROBABILITIES, [0, 1]),
    bernoulli_logit: grid(LOGITS, [0, 1]),
    binomial: [((n, p), x) for n, x in TRIALS for p in [0, 1e-12, 0.3, 0.5, 1]],
    binomial_logit: [((n, l), x) for n, x in TRIALS for l in [-40, -0.8, 0, 3, 25]],
    beta_binomial: [((n, a, b), x) for n, x in TRIALS for a, b in [(1, 1), (0.01, 3), (200, 1e6), (5, 2), (0.5, 0.5)]],
    geometric: grid([1e-9, 1e-3, 0.3, 0.7, 0.99, 1], COUNTS),
    poisson: grid([0, 1e-8, 0.7, 30, 1e5, 1e9], COUNTS),
    poisson_log: grid([-30, -2, 0.3, 4, 12, 20.7], COUNTS),
    neg_binomial: grid([(1, 1), (1e-3, 2), (0.5, 1e-8), (7, 1e8), (1e8, 1e4), (30, 0.3)], COUNTS),
    neg_binomial_2: grid([(1e-8, 1), (0.7, 1e8), (30, 0.5), (30, 1e-3), (1e9, 10), (1e3, 1e12), (0, 2)], COUNTS),
    neg_binomial_2_log: grid([(-18, 1), (0.3, 1e8), (3.4, 0.5), (3.4, 1e-3), (20.7, 10), (7, 1e12)], COUNTS),
    beta_neg_binomial: grid([(1, 1, 1), (3, 0.5, 20), (0.1, 30, 2), (1e4, 7, 1e3), (2, 1e-3, 1e-3), (5, 1e6, 1e6)], COUNTS),
    yule_simon: grid([1e-8, 0.3, 1, 2.5, 40, 1e6], COUNTS),
    zipf: grid([1 + 1e-8, 1.01, 1.5, 2, 4, 30], COUNTS),
    discrete_range: grid([(0, 5), (-3, 10**9), (7, 7), (-10**9, -2), (1, 2), (0, 1000)], [-10**9, -3, -2, 0, 1, 2, 5, 7, 1000, 10**9]),
    discrete_laplace: grid([(0, 1), (-3, 1e-3), (7, 1e8), (0, 0.2), (10**6, 30), (0, 1e4)],
                           [-10**9, -1000, -3, -1, 0, 1, 7, 8, 10**6, 10**9]),
    zero_inflated_poisson: [((g, r), x) for g in GATES for r in [1e-8, 3, 800] for x in [0, 1, 17, 10**9]],
    zero_inflated_binomial: [((g, n, p), x) for g in GATES for n, p in [(10, 0.3), (1000, 0.5), (10**9, 1e-8)] for x in [0, 1, 7, 10]],
    zero_inflated_neg_binomial_2: [((g, m, d), x) for g in GATES for m, d in [(3, 0.7), (1e-8, 2), (500, 1e4)]
                                   for x in [0, 1, 17, 10**9]],
    hurdle_poisson: [((g, r), x) for g in GATES for r in [1e-8, 3, 800] for x in [0, 1, 17, 10**9]],
    hurdle_neg_binomial_2: [((g, m, d), x) for g in GATES for m, d in [(3, 0.7), (1e-8, 2), (500, 1e4)] for x in [0, 1, 17, 10**9]],
    hypergeometric: grid([(5, 6, 7), (13, 6, 7), (40, 1000, 10**6), (0, 3, 3), (10**6, 10**9, 10**9), (7, 7, 10**9), (3, 1, 2)],
                         [0, 1, 2, 3, 5, 6, 7, 13, 40]),
    categorical: grid([(0.2, 0.3, 0.5), (1e-300, 0.25, 0.75), (0, 0, 1), (1 / 3, 1 / 3, 1 / 3)]
                      + [(p, (1 - p) / 2, (1 - p) / 2) for p in PROBABILITIES[1:17]], [1, 2, 3]),
    categorical_logit: grid([(0, 0, 0), (-800, 0.3, 700), (1e-9, -1, 40), (-1e8, 1e8, 0)] + [(l, 0.5, -2) for l in LOGITS[2:18]],
                            [1, 2, 3]),
    ordered_logistic: grid([(l,) + c for c in CUTS for l in [-40, -7, 0, 0.5, 12, 35]], [1, 2, 3, 4]),
    ordered_probit: grid([(l,) + c for c in CUTS for l in [-30, -7, 0, 0.5, 12, 25]], [1, 2, 3, 4]),
    dirichlet: DIRICHLET,
    multinomial: grid([(n, *p) for n in (6, 1000, 10**9) for p in [(0.2, 0.3, 0.5), (0, 0.25, 0.75), (1e-300, 0.25, 0.75)]], OF_3),
    dirichlet_multinomial: grid([(n, *c) for n in (6, 1000, 10**9) for c in [(1.0, 2.0, 3.0), (0.01, 40.0, 0.5), (1e-3, 1.0, 1e6)]],
                                OF_3),
}

# ---- of vectors and matrices: matrices row by row ----


def outer(L, size=1.0):
    """L L', in double, the same on both sides."""
    return tuple(size * sum(L[i][k] * L[j][k] for k in range(3)) for i in range(3) for j in range(3))


FACTORS = [((1, 0, 0), (0, 1, 0), (0, 0, 1)), ((1.4, 0, 0), (0.3, 0.9, 0), (0.1, -0.4, 0.7)),
           ((0.5, 0, 0), (-2.0, 1.5, 0), (0.7, 0.2, 3.0)), ((2.0, 0, 0), (1.9, 0.3, 0), (-1.0, 0.1, 0.2))]


def scaled(size):
    return [tuple(size * v for row in L for v in row) for L in FACTORS]


def unit_rows(L):
    return tuple(tuple(v / float(sqrt(sum(mpf(w) ** 2 for w in row))) for v in row) for row in L)


def correlation(L):
    c = outer(unit_rows(L))
    return tuple(1.0 if i % 4 == 0 else v for i, v in enumerate(c))


FACTORS_SCALED = [f for s in (1, 1e-8, 1e8) for f in scaled(s)]
COVARIANCES = [outer(L, s) for s in (1, 1e-8, 1e8) for L in FACTORS]
CORRELATIONS = [correlation(L) for L in FACTORS]
CORRELATION_FACTORS = [sum(unit_rows(L), ()) for L in FACTORS]
NOISES = [(1, 1, 1), (0.5, 2, 7), (1e-3, 1, 1e3)]
NEIGHBOURS = [(0, 1, 0, 1, 0, 1, 0, 1, 0), (0, 1, 1, 1, 0, 1, 1, 1, 0)]
VECTORS = [(0, 0, 0), (1, -2, 0.5), (1e-9, 1e-5, -1e-7), (30, 20, -10), (0.3, 0.2, 0.1), (1e4, -1e4, 3)]
SHAPES = [0.05, 0.5, 1, 1.5, 2, 3, 5, 9, 14, 30, 77, 100, 1e3, 1e4, 1e6]
DEGREES = [2.5, 3, 4, 7, 40]

MIXTURES = [((0.2, 0.3, 0.5), (-1.0, 0.0, 2.0), (1.0, 0.5, 2.0)), ((0.5, 0.25, 0.25), (-1e3, 0.0, 1e3), (1.0, 1e-3, 40.0)),
            ((0.998, 1e-3, 1e-3), (0.0, 0.0, 0.0), (1.0, 10.0, 1e-8))]

TABLE |= {
    normal_mixture: [(m, x) for m in MIXTURES for x in [-1e8, -2e3, -30, -8, -3, -1, -0.4, 0, 1e-9, 0.1, 0.7, 1, 2, 2.5, 3, 5, 9, 12, 40, 1e3, 1e5]],
    exp_mod_normal: located([0, 1e-9, 0.3, -1, 5, -37], [(1e-3,), (1.0,), (40.0,)]),
    skew_normal: located([0, 1e-9, 0.3, -1, 5, -37], [(0.0,), (3.0,), (-1e3,)]),
    von_mises: [((l, k), x) for l in (0, 3, -7.5) for k in (1e-8, 0.3, 2, 50, 1e4) for x in (-3.14159, -1, 0, 0.5, 2.5)],
    wald: shaped([1e-3, 0.5, 1, 25, 1e4], [1e-2, 4, 1e6], [1e-2, 0.5, 1, 20], lambda m, s: m),
    wiener: [((a, d, b, v), d + a * a * t) for a, d in [(1, 0), (2, 0.3), (0.6, 0.125)] for b, v in [(0.5, 0), (0.2, 1.5), (0.9, -3)]
             for t in [0.01, 0.1, 0.29, 0.31, 0.7, 2, 9, -0.1]],
    multi_normal: [(((0.1, 0, -1), c), x) for c in COVARIANCES for x in VECTORS],
    multi_normal_cholesky: [(((0.1, 0, -1), f), x) for f in FACTORS_SCALED for x in VECTORS],
    multi_normal_precision: [(((0.1, 0, -1), c), x) for c in COVARIANCES for x in VECTORS],
    multi_normal_low_rank: [(((0.1, 0, -1), F, n), x) for F in scaled(1) + scaled(1e-3) for n in NOISES for x in VECTORS[:4]],
    multi_student_t: [((d, (0.1, 0, -1), c), x) for d in (0.3, 4, 1e6) for c in COVARIANCES[1:8:2] for x in VECTORS],
    multi_student_t_cholesky: [((d, (0.1, 0, -1), f), x) for d in (0.3, 4, 1e6) for f in FACTORS_SCALED[1:8:2] for x in VECTORS],
    multi_gp: [((c, w), x) for c in COVARIANCES[1:8:2] for w in (1e-8, 0.7, 1e8) for x in VECTORS],
    multi_gp_cholesky: [((f, w), x) for f in FACTORS_SCALED[1:8:2] for w in (1e-8, 0.7, 1e8) for x in VECTORS],
    car: [(((0.1, 0, -1), c, p, W), x) for c in (-0.5, 0, 0.7, 0.99) for p in (1e-8, 3, 1e8) for W in NEIGHBOURS for x in VECTORS[:3]],
    icar: [((W, s), x) for s in (1e-8, 1e-3, 0.3, 1, 40, 1e4, 1e8) for W in NEIGHBOURS
           for x in [(0, 0, 0), (1, -2, 1), (1e-9, -1e-9, 0), (30, 20, -50), (0.25, 0.25, -0.5)]],
    wishart_cholesky: [((d, f), x) for d in DEGREES + [2.1, 12, 1e3] for f in FACTORS_SCALED[1:3] + FACTORS_SCALED[5:7] for x in FACTORS[:4:3]],
    inv_wishart_cholesky: [((d, f), x) for d in DEGREES + [2.1, 12, 1e3] for f in FACTORS_SCALED[1:3] + FACTORS_SCALED[5:7]
                           for x in FACTORS[:4:3]],
    lkj_corr: [((s,), c) for s in SHAPES for c in CORRELATIONS],
    lkj_corr_cholesky: [((s,), f) for s in SHAPES for f in CORRELATION_FACTORS],
    wishart: [((d, c), x) for d in DEGREES for c in COVARIANCES[1:4] + COVARIANCES[5:7] for x in COVARIANCES[:3]],
    inv_wishart: [((d, c), x) for d in DEGREES for c in COVARIANCES[1:4] + COVARIANCES[5:7] for x in COVARIANCES[:3]],
}

# ---- cdf: below x, above x, and the inverse ----




SHARES = [1e-300, 1e-9, 0.2, 0.5, 0.9, 1 - 1e-9]


def phi(z):
    return erfc(-z / sqrt(2)) / 2


def expit(z):
    return 1 / (1 + exp(-z))


def ndtri(p):
    """By bisection and Newton steps, which double the digits."""
    low, high = mpf(-50), mpf(50)
    with mp.workdps(30):
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if phi(middle) < p else (low, middle)
    z = (low + high) / 2
    for _ in range(6):
        z -= (phi(z) - p) / (exp(-z * z / 2) / sqrt(2 * pi))
    return z


def on(standard):
    """The tails of a location and scale."""
    below, above, inverse = standard
    return (lambda x, l, s: below((x - l) / s), lambda x, l, s: above((x - l) / s), lambda p, l, s: l + s * inverse(p))


def half(tails):
    """… with location 0."""
    below, above, inverse = tails
    return (lambda x, s: below(x / s), lambda x, s: above(x / s), lambda p, s: s * inverse(p))


def power(x, shape, scale):
    return (x / scale) ** shape


def sided(sides):
    """Two exponentials back to back."""
    def below(x, *a):
        loc, left, right = sides(*a)
        return left / (left + right) * exp((x - loc) / left) if x < loc else 1 - right / (left + right) * exp((loc - x) / right)

    def above(x, *a):
        loc, left, right = sides(*a)
        return right / (left + right) * exp((loc - x) / right) if x >= loc else 1 - left / (left + right) * exp((x - loc) / left)

    def inverse(p, *a):
        loc, left, right = sides(*a)
        share = left / (left + right)
        return loc + left * log(p / share) if p < share else loc - right * log((1 - p) / (1 - share))
    return below, above, inverse


def gumbel_below(z):
    return exp(-exp(-z))


def triangle_below(x, a, m, b):
    return (x - a) ** 2 / ((b - a) * (m - a)) if x <= m and a < m else 1 - (b - x) ** 2 / ((b - a) * (b - m))


def triangle_inverse(p, a, m, b):
    return a + sqrt(p * (b - a) * (m - a)) if p * (b - a) < m - a else b - sqrt((1 - p) * (b - a) * (b - m))


def lattice(x, loc, scale):
    """P(X <= x) of the discrete Laplace, and what is left."""
    q = exp(-1 / scale)
    return (q ** (loc - x) / (1 + q), 1 - q ** (loc - x) / (1 + q)) if x < loc else (
        1 - q ** (x + 1 - loc) / (1 + q), q ** (x + 1 - loc) / (1 + q))


def logit(p):
    return log(p) - log1p(-p)


def kumaraswamy_above(x, a, b):
    return exp(b * log1p(-(x**a)))


NORMAL = (phi, lambda z: phi(-z), ndtri)
CAUCHY = (lambda z: mp.atan2(1, -z) / pi, lambda z: mp.atan2(1, z) / pi, lambda p: mp.tan(pi * (p - mpf(1) / 2)))

TAILS = {
    normal: on(NORMAL),
    std_normal: NORMAL,
    half_normal: half((lambda z: erf(z / sqrt(2)), lambda z: 2 * phi(-z), lambda p: ndtri((1 + p) / 2))),
    lognormal: (lambda x, l, s: phi((log(x) - l) / s), lambda x, l, s: phi((l - log(x)) / s),
                lambda p, l, s: exp(l + s * ndtri(p))),
    logit_normal: (lambda x, l, s: phi((logit(x) - l) / s), lambda x, l, s: phi((l - logit(x)) / s),
                   lambda p, l, s: expit(l + s * ndtri(p))),
    cauchy: on(CAUCHY),
    half_cauchy: half((lambda z: 2 * mp.atan(z) / pi, lambda z: 2 * mp.atan(1 / z) / pi, lambda p: mp.tan(pi * p / 2))),
    exponential: (lambda x, r: -expm1(-r * x), lambda x, r: exp(-r * x), lambda p, r: -log1p(-p) / r),
    laplace: sided(lambda l, s: (l, s, s)),
    asymmetric_laplace: sided(lambda l, s, k: (l, s * k, s / k)),
    skew_double_exponential: sided(lambda l, s, t: (l, s / (2 - 2 * t), s / (2 * t))),
    logistic: on((expit, lambda z: expit(-z), logit)),
    gumbel: on((gumbel_below, lambda z: -expm1(-exp(-z)), lambda p: -log(-log(p)))),
    weibull: (lambda x, k, s: -expm1(-power(x, k, s)), lambda x, k, s: exp(-power(x, k, s)),
              lambda p, k, s: s * (-log1p(-p)) ** (1 / k)),
    frechet: (lambda x, k, s: exp(-power(x, -k, s)), lambda x, k, s: -expm1(-power(x, -k, s)),
              lambda p, k, s: s * (-log(p)) ** (-1 / k)),
    rayleigh: half((lambda z: -expm1(-z * z / 2), lambda z: exp(-z * z / 2), lambda p: sqrt(-2 * log1p(-p)))),
    loglogistic: (lambda x, s, k: expit(k * log(x / s)), lambda x, s, k: expit(-k * log(x / s)),
                  lambda p, s, k: s * exp(logit(p) / k)),
    pareto: (lambda x, l, k: -expm1(k * log(l / x)), lambda x, l, k: (l / x) ** k, lambda p, l, k: l * exp(-log1p(-p) / k)),
    pareto_type_2: (lambda x, l, s, k: -expm1(-k * log1p((x - l) / s)), lambda x, l, s, k: exp(-k * log1p((x - l) / s)),
                    lambda p, l, s, k: l + s * expm1(-log1p(-p) / k)),
    gompertz: (lambda x, k, r: -expm1(-k * expm1(r * x)), lambda x, k, r: exp(-k * expm1(r * x)),
               lambda p, k, r: log1p(-log1p(-p) / k) / r),
    levy: (lambda x, l, s: erfc(sqrt(s / (2 * (x - l)))), lambda x, l, s: erf(sqrt(s / (2 * (x - l)))),
           lambda p, l, s: l + s / ndtri(p / 2) ** 2),
    log_uniform: (lambda x, a, b: log(x / a) / log(b / a), lambda x, a, b: log(b / x) / log(b / a),
                  lambda p, a, b: a * exp(log(b / a) * p)),
    kumaraswamy: (lambda x, a, b: -expm1(b * log1p(-(x**a))), kumaraswamy_above,
                  lambda p, a, b: exp(log(-expm1(log1p(-p) / b)) / a)),
    uniform: (lambda x, a, b: (x - a) / (b - a), lambda x, a, b: (b - x) / (b - a), lambda p, a, b: a + (b - a) * p),
    triangular: (triangle_below, lambda x, a, m, b: triangle_below(-x, -b, -m, -a), triangle_inverse),
    bernoulli: (lambda x, p: 1 - p if x < 1 else mpf(1), lambda x, p: p if x < 1 else mpf(0), None),
    bernoulli_logit: (lambda x, l: expit(-l) if x < 1 else mpf(1), lambda x, l: expit(l) if x < 1 else mpf(0), None),
    geometric: (lambda x, p: -expm1((x + 1) * log1p(-p)) if p < 1 else mpf(1), lambda x, p: (1 - p) ** (x + 1), None),
    yule_simon: (lambda x, k: 1 - x * mp.beta(x, k + 1), lambda x, k: x * mp.beta(x, k + 1), None),
    discrete_range: (lambda x, a, b: min(max((x - a + 1) / (b - a + 1), mpf(0)), mpf(1)), lambda x, a, b: (b - x) / (b - a + 1),
                     lambda p, a, b: max(mp.ceil(p * (b - a + 1)) + a - 1, a)),
    discrete_laplace: (lambda *a: lattice(*a)[0], lambda *a: lattice(*a)[1], None),
}

# Where the points of the density are no good for the tails.
TAIL_POINTS = {
    discrete_range: grid([(0, 5), (-3, 100), (7, 7), (1, 2)], [-3, 0, 1, 2, 5, 7, 100]),
    yule_simon: grid([0.3, 1, 2.5, 40], COUNTS[1:]),
}

# ---- divergences ----


def dirichlet_kl(p, q):
    """The exact form (Penny 2001): the quadrature would be two-dimensional with singular edges."""
    each = [loggamma(b) - loggamma(a) + (a - b) * (digamma(a) - digamma(sum(p))) for a, b in zip(p, q)]
    return loggamma(sum(p)) - loggamma(sum(q)) + sum(each)


def gumbel_kl(p, q, of_q=gumbel):
    """Over t = exp(-z), which is exponential."""
    def ratio(t):
        x = p[0] - p[1] * log(t)
        return exp(-t) * (sum(gumbel(x, *p)) - sum(of_q(x, *q)))
    return mp.quad(ratio, [0, mpf(10) ** -6, mpf(1) / 10, 1, 5, 20, 120])


def von_mises_kl(p, q):
    def ratio(x):
        l = sum(von_mises(x, *p))
        return exp(l) * (l - sum(von_mises(x, *q)))
    return mp.quad(ratio, [-pi, -1, 0, 1, pi])


def overlap_kl(density):
    """Of two densities that are constant, in some scale, between bounds."""
    def of(p, q):
        return sum(density(p[0], *p)) - sum(density(p[0], *q)) if p[0] >= q[0] and p[1] <= q[1] else inf
    return of


def normal_kl(of_p, of_q=None):
    """Of two normals, by their covariances."""
    def of(p, q):
        P, Q = of_p(p[3:]), (of_q or of_p)(q[3:])
        gap, inverse = mp.matrix([a - b for a, b in zip(p[:3], q[:3])]), mp.inverse(Q)
        ratio = inverse * P
        return (sum(ratio[i, i] for i in range(3)) - 3 - log(mp.det(P) / mp.det(Q)) + (gap.T * inverse * gap)[0]) / 2
    return of


def normal_pairs(spreads):
    return [(((0.1, 0, -1), spreads[1]), ((1, 2, 3), spreads[2])), (((0, 0, 0), spreads[2]), ((0.5, 0, 0), spreads[1])),
            (((0.1, 0.2, 0.3), spreads[3]), ((0.1, 0.2, 0.3), spreads[3]))]


DIVERGENCES = [
    (normal, normal, [((0, 1), (1, 2)), ((3, 0.1), (2.5, 0.3)), ((-1, 5), (0, 0.5)), ((0.5, 2), (0.5, 2))]),
    (std_normal, normal, [((), (1, 2)), ((), (-3, 0.4))]),
    (normal, std_normal, [((1, 2), ()), ((-3, 0.4), ())]),
    (normal, laplace, [((0, 1), (1, 2)), ((3, 0.1), (2.5, 0.3)), ((-1, 5), (-1, 0.5))]),
    (laplace, normal, [((0, 1), (1, 2)), ((3, 0.1), (2.5, 0.3))]),
    (logistic, normal, [((0, 1), (1, 2)), ((3, 0.1), (2.5, 0.3))]),
    (von_mises, von_mises, [((0, 1), (1, 2)), ((2, 5), (-1, 0.3))], von_mises_kl),
    (wald, wald, [((1, 2), (1.5, 0.7)), ((3, 20), (3, 4))]),
    (half_normal, half_normal, [((1,), (2,)), ((5,), (0.5,))]),
    (lognormal, lognormal, [((0, 1), (1, 2)), ((1, 0.3), (0.8, 0.5))]),
    (logit_normal, logit_normal, [((0, 1), (1, 2)), ((1, 0.3), (0.8, 0.5))]),
    (cauchy, cauchy, [((0, 1), (1, 2)), ((3, 0.5), (-2, 4))]),
    (exponential, exponential, [((1,), (2,)), ((5,), (0.5,))]),
    (exponential, gamma, [((1,), (2, 0.7)), ((5,), (0.5, 2))]),
    (gamma, exponential, [((2, 0.7), (1,)), ((0.5, 2), (5,))]),
    (gamma, gamma, [((2, 1), (3, 0.5)), ((25, 4), (2, 1)), ((0.7, 2), (1.5, 3))]),
    (inv_gamma, inv_gamma, [((2, 1), (3, 0.5)), ((5, 4), (2, 1))]),
    (chi_square, chi_square, [((3,), (5,)), ((20,), (2,))]),
    (inv_chi_square, inv_chi_square, [((3,), (5,)), ((20,), (2,))]),
    (scaled_inv_chi_square, scaled_inv_chi_square, [((3, 1), (5, 0.7)), ((20, 0.3), (2, 1))]),
    (weibull, weibull, [((1.5, 2), (1, 3)), ((2, 0.5), (3, 1))]),
    (frechet, frechet, [((1.5, 2), (1, 3)), ((4, 0.5), (3, 1))]),
    (rayleigh, rayleigh, [((1,), (2,)), ((5,), (0.5,))]),
    (beta, beta, [((2, 3), (1, 1)), ((1.5, 4), (3, 0.5)), ((20, 30), (2, 2))]),
    (beta_proportion, beta_proportion, [((0.4, 5), (0.5, 2)), ((0.3, 20), (0.7, 4))]),
    (uniform, uniform, [((0, 1), (-1, 3)), ((0, 2), (0, 2)), ((0, 2), (1, 2))], overlap_kl(uniform)),
    (log_uniform, log_uniform, [((1, 2), (0.5, 3)), ((1, 2), (1.5, 3))], overlap_kl(log_uniform)),
    (laplace, laplace, [((0, 1), (1, 2)), ((3, 0.5), (-2, 4))]),
    (asymmetric_laplace, asymmetric_laplace, [((0, 1, 0.5), (1, 2, 2)), ((3, 0.5, 2), (-2, 4, 0.7)), ((0, 1, 3), (0, 1, 3))]),
    (skew_double_exponential, skew_double_exponential, [((0, 1, 0.2), (1, 2, 0.5)), ((3, 0.5, 0.7), (-2, 4, 0.1))]),
    (gumbel, gumbel, [((0, 1), (1, 2)), ((3, 0.5), (-2, 4))], gumbel_kl),
    (pareto, pareto, [((2, 1.5), (1, 3)), ((1, 2), (2, 2))],
     lambda p, q: inf if p[0] < q[0] else mp.quad(
         lambda u: p[1] * exp(-p[1] * u) * (sum(pareto(p[0] * exp(u), *p)) - sum(pareto(p[0] * exp(u), *q))), [0, 1, 4, inf])),
    (bernoulli, bernoulli, [((0.3,), (0.5,)), ((0,), (0.5,)), ((1,), (0.2,)), ((0,), (0,)), ((1e-9,), (0.1,))]),
    (bernoulli_logit, bernoulli_logit, [((0.3,), (-1,)), ((-30,), (2,)), ((40,), (3,))]),
    (poisson, poisson, [((3,), (4,)), ((0,), (2,)), ((0.1,), (5,))]),
    (poisson_log, poisson_log, [((1,), (1.5,)), ((-2,), (0.4,))]),
    (categorical, categorical, [((0.2, 0.3, 0.5), (0.1, 0.1, 0.8)), ((0, 0.25, 0.75), (0.5, 0.25, 0.25))]),
    (categorical_logit, categorical_logit, [((0, 1, -1), (0.5, 0, 2)), ((-30, 2, 0), (1, 1, 1))]),
    (lognormal, gamma, [((0, 1), (2, 0.7)), ((1, 0.3), (20, 6))]),
    (lognormal, exponential, [((0, 1), (2,)), ((1, 0.3), (0.4,))]),
    (lognormal, inv_gamma, [((0, 1), (2, 0.7)), ((1, 0.3), (20, 60))]),
    (lognormal, weibull, [((0, 0.5), (2, 0.7)), ((1, 0.3), (1.3, 3))]),
    (lognormal, half_normal, [((0, 0.5), (2,)), ((1, 0.3), (3,))]),
    (gamma, inv_gamma, [((2.5, 0.7), (2, 1)), ((20, 6), (20, 60))]),
    (inv_gamma, gamma, [((2.5, 0.7), (2, 1)), ((20, 60), (20, 6))]),
    (gamma, weibull, [((2.5, 0.7), (2, 1)), ((20, 6), (1.3, 4))]),
    (gamma, half_normal, [((2.5, 0.7), (2,)), ((20, 6), (4,))]),
    (weibull, gamma, [((1.5, 2), (2, 1)), ((2, 0.5), (0.7, 3))]),
    (weibull, exponential, [((1.5, 2), (1,))]),
    (exponential, weibull, [((1,), (1.5, 2))]),
    (exponential, half_normal, [((1.5,), (2,))]),
    (half_normal, exponential, [((1.5,), (2,))]),
    (half_normal, gamma, [((1.5,), (2, 0.7))]),
    (chi_square, gamma, [((3,), (2, 0.7))]),
    (gamma, chi_square, [((2, 0.7), (3,))]),
    (gumbel, normal, [((0, 1), (1, 2)), ((3, 0.5), (2, 4))], lambda p, q: gumbel_kl(p, q, normal)),
    (normal, gumbel, [((0, 1), (1, 2)), ((3, 0.5), (2, 4))],
     lambda p, q: mp.quad(lambda x: exp(sum(normal(x, *p))) * (sum(normal(x, *p)) - sum(gumbel(x, *q))),
                          [p[0] + k * p[1] for k in (-20, -6, -2, 0, 2, 6, 20)])),
    (uniform, normal, [((0, 1), (1, 2)), ((-3, 5), (0.5, 1))],
     lambda p, q: mp.quad(lambda x: -(log(p[1] - p[0]) + sum(normal(x, *q))) / (p[1] - p[0]), [p[0], p[1]])),
    (uniform, beta, [((0, 1), (2, 3)), ((0.2, 0.7), (2, 3)), ((0.1, 1), (0.5, 1.5))],
     lambda p, q: mp.quad(lambda x: -(log(p[1] - p[0]) + sum(beta(x, *q))) / (p[1] - p[0]), [p[0], (p[0] + p[1]) / 2, p[1]])),
    (beta, uniform, [((2, 3), (0, 1)), ((1.5, 4), (-1, 3)), ((2, 2), (0.1, 1))],
     lambda p, q: inf if q[0] > 0 or q[1] < 1 else mp.quad(
         lambda x: exp(sum(beta(x, *p))) * (sum(beta(x, *p)) + log(q[1] - q[0])), [0, mpf(1) / 2, 1])),
    (geometric, geometric, [((0.3,), (0.2,)), ((0.6,), (0.9,))]),
    (poisson, poisson_log, [((3,), (1.5,)), ((0.1,), (0.4,))]),
    (poisson_log, poisson, [((1,), (1.5,)), ((-2,), (0.4,))]),
    (multi_normal, multi_normal, normal_pairs(COVARIANCES), normal_kl(square)),
    (multi_normal_cholesky, multi_normal_cholesky, normal_pairs(FACTORS_SCALED),
     normal_kl(lambda v: lower(v) * lower(v).T)),
    (multi_normal_precision, multi_normal_precision, normal_pairs(COVARIANCES), normal_kl(lambda v: mp.inverse(square(v)))),
    (multi_normal, multi_normal_cholesky, [((a, COVARIANCES[i]), (b, FACTORS_SCALED[j])) for (a, i), (b, j) in
     [(((0.1, 0, -1), 1), ((1, 2, 3), 2)), (((0, 0, 0), 2), ((0.5, 0, 0), 1))]], normal_kl(square, lambda v: lower(v) * lower(v).T)),
    (multi_normal_cholesky, multi_normal, [((a, FACTORS_SCALED[i]), (b, COVARIANCES[j])) for (a, i), (b, j) in
     [(((0.1, 0, -1), 1), ((1, 2, 3), 2)), (((0, 0, 0), 2), ((0.5, 0, 0), 1))]], normal_kl(lambda v: lower(v) * lower(v).T, square)),
    (dirichlet, dirichlet, [((1, 1, 1), (2, 3, 4)), ((0.5, 2, 7), (1, 1, 1))], dirichlet_kl),
]

# ---- examples: arguments, lowest and highest x, where its middle is and how far it reaches (of counts: highest that matters) ----


def line(*rows):
    return [(a, -inf, inf, c, w) for a, c, w in rows]


def ray(*rows):
    return [(a, low, inf, low, w) for a, low, w in rows]


def counts(*rows):
    return [(a, low, high, low, 1) for a, low, high in rows]


EXAMPLES = {
    exp_mod_normal: line(((1, 0.5, 2), 1.3, 0.7), ((0, 1, 0.3), 2, 3)),
    skew_normal: line(((1, 2, 3), 2, 2), ((0, 1, -0.5), 0, 1)),
    von_mises: [((0.5, 2), -float(pi), float(pi), 0.5, 1), ((2, 0.2), -float(pi), float(pi), 2, 1), ((0, 40), -float(pi), float(pi), 0, 1)],
    wald: ray(((1.5, 4), 0, 1.5), ((1, 0.5), 0, 0.4)),
    normal: line(((1.5, 0.3), 1.5, 0.3), ((-1e6, 1e4), -1e6, 1e4)),
    std_normal: line(((), 0, 1)),
    half_normal: ray(((2,), 0, 2)),
    lognormal: ray(((0.3, 0.8), 0, 1.3)),
    cauchy: line(((-1, 2), -1, 2)),
    half_cauchy: ray(((2,), 0, 2)),
    student_t: line(((9, 1, 2), 1, 2), ((0.8, 1, 2), 1, 2), ((1e4, 0, 1), 0, 1)),
    half_student_t: ray(((3, 2), 0, 2)),
    laplace: line(((1, 0.5), 1, 0.5)),
    asymmetric_laplace: line(((1, 0.5, 2), 1, 0.5), ((0, 1, 0.2), 0, 1)),
    skew_double_exponential: line(((1, 0.5, 0.3), 1, 0.5), ((0, 1, 0.95), 0, 1)),
    logistic: line(((1, 0.5), 1, 0.5)),
    gumbel: line(((1, 0.5), 1, 0.5)),
    exponential: ray(((2.5,), 0, 0.4), ((1e-6,), 0, 1e6)),
    gamma: ray(((2.5, 1.5), 0, 1.5), ((0.3, 2), 0, 0.1), ((3, 1e-6), 0, 1e6)) + [((5000, 2), 0, inf, 2500, 50)],
    inv_gamma: ray(((9, 2), 0, 0.25)),
    chi_square: ray(((3,), 0, 3), ((0.6,), 0, 0.3)),
    inv_chi_square: ray(((12,), 0, 0.1)),
    scaled_inv_chi_square: ray(((12, 1.5), 0, 2.5)),
    weibull: ray(((1.7, 2), 0, 2), ((0.5, 1), 0, 1)),
    frechet: ray(((9, 2), 0, 2), ((0.7, 2), 0, 2)),
    rayleigh: ray(((2,), 0, 2)),
    loglogistic: ray(((2, 9), 0, 2), ((2, 0.8), 0, 2)),
    pareto: ray(((0.5, 9), 0.5, 0.1), ((2, 0.7), 2, 1)),
    pareto_type_2: ray(((-1, 2, 9), -1, 0.3), ((0, 2, 0.7), 0, 2)),
    gompertz: ray(((0.3, 2), 0, 0.5), ((4, 0.5), 0, 0.4)),
    levy: ray(((1, 2), 1, 2)),
    log_uniform: [((0.5, 20), 0.5, 20, 3, 5)],
    beta: [((2, 5), 0, 1, 0.3, 1), ((0.4, 1.5), 0, 1, 0.3, 1), ((300, 400), 0, 1, 0.4, 1)],
    beta_proportion: [((0.3, 7), 0, 1, 0.3, 1)],
    kumaraswamy: [((2, 5), 0, 1, 0.3, 1), ((0.5, 1.5), 0, 1, 0.3, 1)],
    logit_normal: [((0.5, 0.8), 0, 1, 0.6, 1), ((-1, 3), 0, 1, 0.3, 1)],
    uniform: [((-1, 3), -1, 3, 1, 1)],
    triangular: [((-1, 2, 3), -1, 3, 2, 1), ((0, 0, 2), 0, 2, 1, 1)],
    bernoulli: counts(((0.3,), 0, 1)),
    bernoulli_logit: counts(((-0.7,), 0, 1)),
    binomial: counts(((20, 0.3), 0, 20), ((2000, 0.4), 0, 2000)),
    binomial_logit: counts(((20, -0.7), 0, 20)),
    beta_binomial: counts(((20, 1.5, 3), 0, 20)),
    hypergeometric: counts(((5, 6, 7), 0, 8), ((40, 30, 80), 0, 40), ((700, 900, 400), 0, 900)),
    geometric: counts(((0.3,), 0, 150), ((0.01,), 0, 4000)),
    poisson: counts(((4.5,), 0, 80), ((300,), 0, 700), ((0.02,), 0, 20)),
    poisson_log: counts(((1.5,), 0, 80)),
    neg_binomial: counts(((3, 0.7), 0, 250)),
    neg_binomial_2: counts(((4.5, 3), 0, 250), ((0.5, 0.05), 0, 2000)),
    neg_binomial_2_log: counts(((1.5, 3), 0, 250)),
    beta_neg_binomial: counts(((3, 30, 4), 0, 500), ((0.4, 20, 9), 0, 4000)),
    yule_simon: counts(((9,), 0, 3000)),
    zipf: counts(((9,), 0, 300), ((6.5,), 0, 3000)),
    discrete_range: counts(((-3, 9), -3, 9)),
    discrete_laplace: counts(((2, 1.5), -60, 70), ((0, 0.2), -20, 20)),
    zero_inflated_poisson: counts(((0.3, 4.5), 0, 80)),
    zero_inflated_binomial: counts(((0.3, 20, 0.4), 0, 20)),
    zero_inflated_neg_binomial_2: counts(((0.3, 4.5, 3), 0, 250)),
    hurdle_poisson: counts(((0.3, 1.5), 0, 60)),
    hurdle_neg_binomial_2: counts(((0.3, 4.5, 0.8), 0, 600)),
}

# ---- tails by the incomplete gamma and beta functions; quantile is held against cdf alone ----


def upper_gamma(a, x):
    return mp.gammainc(a, x, inf, regularized=True)


def lower_gamma(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def share_of_beta(a, b, x):
    return mp.betainc(a, b, 0, x, regularized=True)


def t_tail(df, z):
    """P(T < z) for z <= 0."""
    return share_of_beta(df / 2, mpf(1) / 2, df / (df + z * z)) / 2


def t_below(x, df, loc, scale):
    z = (x - loc) / scale
    return t_tail(df, z) if z < 0 else 1 - t_tail(df, z)


def half_t(x, df, scale):
    return 1 - 2 * t_tail(df, x / scale)


def gamma_tails(shape_and_rate):
    return (lambda x, *a: lower_gamma(shape_and_rate(*a)[0], shape_and_rate(*a)[1] * x),
            lambda x, *a: upper_gamma(shape_and_rate(*a)[0], shape_and_rate(*a)[1] * x))


def inverse_tails(shape_and_scale):
    return (lambda x, *a: upper_gamma(shape_and_scale(*a)[0], shape_and_scale(*a)[1] / x),
            lambda x, *a: lower_gamma(shape_and_scale(*a)[0], shape_and_scale(*a)[1] / x))


def beta_tails(a_and_b):
    return (lambda x, *a: share_of_beta(*a_and_b(*a), x), lambda x, *a: share_of_beta(*reversed(a_and_b(*a)), 1 - x))


def poisson_tails(rate):
    return (lambda x, r: upper_gamma(x + 1, rate(r)), lambda x, r: lower_gamma(x + 1, rate(r)), None)


def binomial_tails(probability):
    return (lambda x, n, p: share_of_beta(n - x, x + 1, 1 - probability(p)) if x < n else mpf(1),
            lambda x, n, p: share_of_beta(x + 1, n - x, probability(p)) if x < n else mpf(0), None)


def neg_binomial_tails(size_and_odds):
    def below(x, *a):
        size, odds = size_and_odds(*a)
        return share_of_beta(size, x + 1, odds / (1 + odds))

    def above(x, *a):
        size, odds = size_and_odds(*a)
        return share_of_beta(x + 1, size, 1 / (1 + odds))
    return below, above, None


def inflated_tails(tails):
    below, above, _ = tails
    return (lambda x, gate, *a: gate + (1 - gate) * below(x, *a), lambda x, gate, *a: (1 - gate) * above(x, *a), None)


POISSON, BINOMIAL = poisson_tails(lambda r: r), binomial_tails(lambda p: p)
NEGATIVE = neg_binomial_tails(lambda m, d: (d, d / m))


def term_by_term(first, ratio, j, count):
    """count terms from number j on, each the one before times ratio(j); of infinitely many those that are something."""
    total, t = mpf(0), first
    while count > 0 and t > total * mpf(10) ** -140:
        total += t
        t *= ratio(j)
        j, count = j + 1, count - 1
    return total


def beta_binomial_below(x, n, a, b):
    x, n = mp.nint(x), mp.nint(n)
    first = exp(loggamma(a + b) - loggamma(b) + loggamma(n + b) - loggamma(n + a + b))
    return term_by_term(first, lambda j: (n - j) * (a + j) / ((j + 1) * (n - j - 1 + b)), mpf(0), min(x, n) + 1)


def beta_binomial_above(x, n, a, b):
    x, n = mp.nint(x), mp.nint(n)
    return beta_binomial_below(n - x - 1, n, b, a) if x < n else mpf(0)


def either(below, above, few):
    """Both by the one sum that has few terms, where the other has not."""
    return (lambda x, *v: below(x, *v) if few(below, x, *v) else 1 - above(x, *v),
            lambda x, *v: above(x, *v) if few(above, x, *v) else 1 - below(x, *v), None)


def hypergeometric_below(x, draws, marked, others):
    x, draws, marked, others = (mp.nint(v) for v in (x, draws, marked, others))
    j = max(mpf(0), draws - others)
    first = exp(sum(hypergeometric(j, draws, marked, others)))
    return term_by_term(first, lambda i: (marked - i) * (draws - i) / ((i + 1) * (others - draws + i + 1)), j, min(x, marked, draws) - j + 1)


def hypergeometric_above(x, draws, marked, others):
    return hypergeometric_below(draws - x - 1, draws, others, marked)


def beta_negative_below(x, r, a, b):
    first = exp(sum(beta_neg_binomial(mpf(0), r, a, b)))
    return term_by_term(first, lambda j: (b + j) * (r + j) / ((j + 1) * (a + b + r + j)), mpf(0), mp.nint(x) + 1)


def modified_tails(x, loc, scale, rate):
    z = (x - loc) / scale
    density = exp(sum(exp_mod_normal(x, loc, scale, rate))) / rate
    return phi(z) - density, phi(-z) + density


def wald_tails(x, mean, shape):
    a, b = sqrt(shape / x) * (x / mean - 1), sqrt(shape / x) * (x / mean + 1)
    other = exp(2 * shape / mean) * phi(-b)
    return phi(a) + other, phi(-a) - other


def owens_t(h, a):
    return mp.quad(lambda t: exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a]) / (2 * pi)


def skew_below(x, loc, scale, shape):
    z = (x - loc) / scale
    return phi(z) - 2 * owens_t(z, shape)


TAILS |= {
    wald: (lambda *a: wald_tails(*a)[0], lambda *a: wald_tails(*a)[1], None),
    skew_normal: (skew_below, lambda *a: 1 - skew_below(*a), None),
    exp_mod_normal: (lambda *a: modified_tails(*a)[0], lambda *a: modified_tails(*a)[1], None),
    student_t: (t_below, lambda x, d, l, s: t_below(2 * l - x, d, l, s), None),
    half_student_t: (half_t, lambda x, d, s: 2 * t_tail(d, x / s), None),
    gamma: (*gamma_tails(lambda a, b: (a, b)), None),
    inv_gamma: (*inverse_tails(lambda a, b: (a, b)), None),
    chi_square: (*gamma_tails(lambda d: (d / 2, mpf(1) / 2)), None),
    inv_chi_square: (*inverse_tails(lambda d: (d / 2, mpf(1) / 2)), None),
    scaled_inv_chi_square: (*inverse_tails(lambda d, s: (d / 2, d / 2 * s**2)), None),
    beta: (*beta_tails(lambda a, b: (a, b)), None),
    beta_proportion: (*beta_tails(lambda m, p: (m * p, (1 - m) * p)), None),
    beta_binomial: either(beta_binomial_below, beta_binomial_above,
                          lambda side, x, n, a, b: n < 3000 or (x < n / 2) == (side == beta_binomial_below)),
    beta_neg_binomial: (beta_negative_below, lambda *v: 1 - beta_negative_below(*v), None),
    hypergeometric: either(hypergeometric_below, hypergeometric_above,
                           lambda side, x, d, m, o: d < 3000 or (x < d / 2) == (side == hypergeometric_below)),
    poisson: POISSON,
    poisson_log: poisson_tails(exp),
    binomial: BINOMIAL,
    binomial_logit: binomial_tails(expit),
    neg_binomial: neg_binomial_tails(lambda k, r: (k, r)),
    neg_binomial_2: NEGATIVE,
    neg_binomial_2_log: neg_binomial_tails(lambda l, d: (d, d * exp(-l))),
    zero_inflated_poisson: inflated_tails(POISSON),
    zero_inflated_binomial: inflated_tails(BINOMIAL),
    zero_inflated_neg_binomial_2: inflated_tails(NEGATIVE),
}


def von_mises_below(x, loc, concentration):
    """The Fourier series of the density, term by term."""
    ratios, r = [], mpf(0)
    for j in range(int(concentration) + 90, 0, -1):  # I_j / I_(j-1), backwards
        r = 1 / (2 * j / concentration + r)
        ratios.append(r)
    total, share = (x + pi) / (2 * pi), mpf(1)
    for j, r in enumerate(reversed(ratios), 1):
        share *= r
        total += share * (mp.sin(j * (x - loc)) + mp.sin(j * (pi + loc))) / (j * pi)
    return total


def passages(x, boundary, delay, bias, drift):
    """By x, and ever: the images of the way up (Navarro and Fuss 2009), each with the law of one barrier."""
    t, v, u = (x - delay) / boundary**2, drift * boundary, bias
    ever = exp(v * (1 - u)) * (mp.sinh(v * u) / mp.sinh(v) if v else u)

    def by(a):
        return exp(-abs(v) * a) * phi((abs(v) * t - a) / sqrt(t)) + exp(abs(v) * a) * phi(-(abs(v) * t + a) / sqrt(t))
    most = 6 + int(8 * t)
    with mp.workdps(80):
        before = sum((1 if k >= 0 else -1) * by(abs(1 - u + 2 * k)) for k in range(-most, most + 1))
    return exp(v * (1 - u)) * before, ever - exp(v * (1 - u)) * before


def edge(x, location, cuts):
    return cuts[int(x) - 1] - location if x <= len(cuts) else inf


def hurdle_tails(tails):
    below, above, _ = tails
    return (lambda x, gate, *a: gate + (1 - gate) * (below(x, *a) - below(0, *a)) / above(0, *a) if x > 0 else gate,
            lambda x, gate, *a: (1 - gate) * above(x, *a) / above(0, *a) if x > 0 else 1 - gate, None)


TAILS |= {
    normal_mixture: (lambda x, *v: sum(w * phi((x - l) / s) for w, l, s in zip(v[:3], v[3:6], v[6:])),
                     lambda x, *v: sum(w * phi((l - x) / s) for w, l, s in zip(v[:3], v[3:6], v[6:])), None),
    von_mises: (von_mises_below, lambda x, l, k: von_mises_below(-x, -l, k), None),
    wiener: (lambda *a: passages(*a)[0], lambda *a: passages(*a)[1], None),
    zipf: (lambda x, s: 1 - mp.zeta(s, x + 1) / mp.zeta(s), lambda x, s: mp.zeta(s, x + 1) / mp.zeta(s), None),
    hurdle_poisson: hurdle_tails(POISSON),
    hurdle_neg_binomial_2: hurdle_tails(NEGATIVE),
    ordered_logistic: (lambda x, l, *c: expit(edge(x, l, c)), lambda x, l, *c: expit(-edge(x, l, c)), None),
    ordered_probit: (lambda x, l, *c: phi(edge(x, l, c)), lambda x, l, *c: phi(-edge(x, l, c)), None),
}

COUNTED = [0, 1, 3, 17, 60]
TAIL_POINTS |= {
    wald: shaped([0.5, 1, 25], [0.1, 4, 100], [0.05, 0.5, 1, 3, 9], lambda m, s: m),
    skew_normal: [((l, s, a), l + s * z) for l, s, a in [(0, 1, 1), (2, 0.5, 3), (0, 1, -2)] for z in [-0.4, 0, 0.3, 0.8, 1.2]],
    exp_mod_normal: [((l, s, r), l + s * z) for l, s, r in [(0, 1, 1), (2, 0.5, 0.7), (0, 1, 8)] for z in [-1, 0, 0.5, 2, 9, 40]],
    student_t: [((d, l, s), l + s * z) for d in [0.3, 1, 3, 29.5, 1e3] for l, s in [(0.0, 1.0), (-3.5, 0.25)] for z in [-30, -2, -1e-3, 0.7, 12]],
    half_student_t: shaped([0.5, 3, 40], [1e-8, 1, 1e8], [1e-6, 0.02, 0.7, 9], lambda d, s: s),
    gamma: shaped([0.01, 0.5, 1, 25, 300], [1e-8, 4], [1e-9, 0.5, 1, 2, 5], lambda a, b: a / b),
    inv_gamma: shaped([0.01, 0.5, 1, 25, 300], [1e-8, 4], [0.2, 0.5, 1, 2, 1e9], lambda a, b: b / a),
    chi_square: grid([0.02, 1, 7, 60], [1e-9, 0.01, 2, 9, 40, 200]),
    inv_chi_square: grid([0.02, 1, 7, 60], [0.005, 0.03, 0.3, 6, 1e5]),
    scaled_inv_chi_square: shaped([0.7, 4, 60], [1e-4, 4], [0.1, 0.5, 1, 3, 1e3], lambda d, s: s * s),
    beta: grid([(1, 1), (0.5, 0.5), (2, 5), (0.01, 3), (40, 1), (300, 200)], [1e-16, 1e-5, 0.02, 0.3, 0.6, 0.9, 0.9999]),
    beta_proportion: grid([(0.5, 2), (0.3, 7), (0.01, 3), (0.9, 40)], [1e-16, 1e-5, 0.02, 0.3, 0.6, 0.9, 0.9999]),
    poisson: grid([1e-8, 0.7, 30, 200], COUNTED),
    poisson_log: grid([-8, 0.3, 3, 5], COUNTED),
    binomial: grid([(10, 0.3), (100, 0.5), (1000, 0.01), (100, 1e-6)], [0, 1, 3, 7, 10, 60]),
    binomial_logit: grid([(10, -0.7), (100, 0), (1000, -5), (100, -12)], [0, 1, 3, 7, 10, 60]),
    beta_binomial: grid([(10, 0.3, 2), (100, 0.5, 0.5), (1000, 40, 0.01), (1000, 200, 1e6), (1000, 3, 5), (100, 1e-6, 1e-8)],
                        [0, 1, 7, 10, 60, 400]) +
                   grid([(10**9, 0.5, 0.7), (10**9, 1e-8, 3), (10**6, 50, 1e-3)], [0, 7, 500]) +
                   [((10**9, 0.5, 0.7), 10**9 - 3), ((10**6, 50, 1e-3), 10**6 - 40)],
    beta_neg_binomial: grid([(1, 1, 1), (0.5, 0.02, 7), (7, 3, 2), (100, 40, 3), (1e-8, 0.3, 1e8), (1e6, 1e-8, 0.5)], COUNTED),
    hypergeometric: grid([(5, 6, 7), (13, 6, 7), (40, 1000, 10**6), (700, 900, 400), (2000, 10**9, 10**9)],
                         [0, 1, 3, 6, 20, 300, 950]) + grid([(10**6, 10**4, 10**9)], [0, 1, 3, 6, 20]),
    neg_binomial: grid([(1, 1), (0.5, 1e-2), (7, 100), (30, 0.3)], COUNTED),
    neg_binomial_2: grid([(1e-3, 1), (30, 0.5), (4, 200), (50, 10)], COUNTED),
    neg_binomial_2_log: grid([(-7, 1), (3.4, 0.5), (1, 200), (4, 10)], COUNTED),
    zero_inflated_poisson: grid([(0.3, 4), (0, 0.7), (0.9, 30)], COUNTED),
    zero_inflated_binomial: grid([(0.3, 100, 0.1), (0, 60, 0.5)], COUNTED),
    zero_inflated_neg_binomial_2: grid([(0.3, 3, 0.7), (0, 30, 4)], COUNTED),
    hurdle_poisson: grid([(0.3, 4), (1e-9, 0.7), (0.9, 30), (0.2, 1e-6)], COUNTED),
    hurdle_neg_binomial_2: grid([(0.3, 3, 0.7), (1e-9, 30, 4), (0.2, 1e-6, 2)], COUNTED),
    von_mises: [((l, k), x) for l in (0, 3, -1.5, 7.5) for k in (0.3, 2, 50) for x in (-3.14, -1, 0.25, 0.5, 2.5)],
    wiener: [((a, d, b, v), d + a * a * t) for a, d in [(1, 0), (2, 0.3)] for b, v in [(0.5, 0), (0.2, 1.5), (0.9, -3), (0.4, 9)]
             for t in [0.05, 0.29, 0.31, 2]],
    zipf: grid([1.01, 1.5, 2, 4, 30], [1, 2, 3, 17, 100, 1000, 10**5, 10**9]),
    ordered_logistic: grid([(l, -1.0, 0.0, 1.0) for l in [-40, -7, 0, 0.5, 12, 35]], [1, 2, 3, 4]),
    ordered_probit: grid([(l, -1.0, 0.0, 1.0) for l in [-30, -7, 0, 0.5, 12, 25]], [1, 2, 3, 4]),
}
