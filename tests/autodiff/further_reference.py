"""Writes further_reference.h: values of the less common special functions, as a double and a remainder.

Run:  python further_reference.py > further_reference.h

Points are exact doubles: random over the ranges where a function changes its method, extremes, and the
neighbourhoods of zeros and ends. A row is {x, y, value, rest}; y is 0 for functions of one argument.
"""
import random
import mpmath as mp

mp.mp.dps = 40
random.seed(5)
BOTH = (1, -1)


def uniform(low, high, n):
    return [random.uniform(low, high) for _ in range(n)]


def powers(low, high, n, signs=(1,)):
    return [s * 2.0 ** random.uniform(low, high) for _ in range(n) for s in signs]


def far_bessel(n, x, sign):
    """sqrt(2 pi x) e^-x I(x) for sign -1, sqrt(2 x / pi) e^x K(x) for 1, of order n (DLMF 10.40.1, 10.40.2)."""
    term = total = mp.mpf(1)
    for k in range(1, 20):
        term *= sign * (4 * n * n - (2 * k - 1) ** 2) / (8 * k * x)
        total += term
    return total


def i_scaled(n, x):
    a = abs(x)
    y = mp.besseli(n, a) * mp.exp(-a) if a < 1e4 else far_bessel(n, a, -1) / mp.sqrt(2 * mp.pi * a)
    return -y if n and x < 0 else y


def k_scaled(n, x):
    return mp.besselk(n, x) * mp.exp(x) if x < 1e4 else far_bessel(n, x, 1) / mp.sqrt(2 * x / mp.pi)


def erfcx(x):
    if x < 1e3:
        return mp.exp(x * x) * mp.erfc(x)
    return (1 - 1 / (2 * x * x) + 3 / (4 * x**4) - 15 / (8 * x**6)) / (x * mp.sqrt(mp.pi))


def log1m_exp(x):
    return mp.log(-mp.expm1(x)) if x > -1 else mp.log1p(-mp.exp(x))


def owens_t(h, a):
    ends = sorted({mp.mpf(0), min(a, 1 / (1 + h)), min(a, 10 / (1 + h)), a})
    return mp.exp(-h * h / 2) * mp.quad(lambda x: mp.exp(-h * h * x * x / 2) / (1 + x * x), ends) / (2 * mp.pi)


def von_mises(k, x, weight):
    """The integral of weight(cos t) e^(k (cos t - cos x)) over -pi … x."""
    spread = 6 / mp.sqrt(k + mp.mpf("0.1"))
    ends = sorted({-mp.pi, mp.mpf(x)} | {max(-mp.pi, x - s * spread) for s in (3, 2, 1, mp.mpf("0.3"))})
    return mp.quad(lambda t: weight(mp.cos(t)) * mp.exp(k * (mp.cos(t) - mp.cos(x))), ends)


def von_mises_cdf(k, x):
    if x > 0:
        return 1 - von_mises_cdf(k, -x)
    return von_mises(k, x, lambda c: 1) * mp.exp(k * (mp.cos(x) - 1)) / (2 * mp.pi * i_scaled(0, k))


def von_mises_slope(k, x):
    if x > 0:
        return -von_mises_slope(k, -x)
    ratio = i_scaled(1, k) / i_scaled(0, k)
    return -von_mises(k, x, lambda c: c - ratio)


POSITIVE = uniform(0, 30, 60) + powers(-40, 60, 40) + uniform(1.8, 2.2, 10) + uniform(7.8, 8.2, 10)
PAIRS = ([(10 ** random.uniform(-3, 6), 10 ** random.uniform(-3, 6)) for _ in range(80)]
         + [(10 ** random.uniform(-1, 1), 10 ** random.uniform(-1, 1)) for _ in range(40)])
ORDERS = [(n, x) for n in (0.25, 0.5, 1.0, 2.5, 7.3, 20.0, 100.0) for x in (1e-3, 0.1, 0.7, 2.0, 9.0, 40.0, 300.0)]
ANGLES = [(k, s * min(3.1, z / (k + 0.3) ** 0.5)) for k in (1e-6, 1e-3, 0.1, 0.9, 3.0, 12.0, 60.0, 300.0, 1e4, 1e6)
          for z in (0.01, 0.2, 0.9, 1.5, 3, 6) for s in BOTH]

# Next to the zeros of lgamma and digamma below 0.
LGAMMA_ZEROS = [-n - sign * random.uniform(0.9, 1.1) / float(mp.factorial(n)) for n in range(3, 15) for sign in BOTH for _ in range(3)]
DIGAMMA_ZEROS = [-n - 0.5 - mp.atan(mp.log(n + 1.5) / mp.pi) / mp.pi + s * 2.0 ** random.uniform(-12, -4)
                 for n in range(31) for s in BOTH]

FUNCTIONS = {
    "lgamma": (lambda x: mp.log(abs(mp.gamma(x))), LGAMMA_ZEROS + uniform(-2.9, -2.3, 60)
               + [-2.4570247382208006 + s * 2.0**-k for k in range(4, 50, 3) for s in BOTH]
               + [-2.7476826467274127 + s * 2.0**-k for k in range(4, 50, 3) for s in BOTH]),
    "digamma": (mp.digamma, [float(x) for x in DIGAMMA_ZEROS] + [-0.5040830082644554 + s * 2.0**-k for k in range(4, 52, 3) for s in BOTH]
                + uniform(1.3, 1.7, 40)),
    "trigamma": (lambda x: mp.psi(1, x), uniform(-9, 0, 40)),
    "erfcx": (erfcx, uniform(-26, 50, 80) + powers(-60, 4, 30, BOTH) + powers(4, 300, 30)),
    "log1m_exp": (log1m_exp, [-x for x in uniform(0, 40, 80) + powers(-1000, 9, 60)]),
    "logit": (lambda p: mp.log(p / (1 - p)), uniform(0, 1, 80) + powers(-1000, -1, 40)
              + [1 - x for x in powers(-52, -1, 30)] + [0.5 + x for x in powers(-50, -2, 20, BOTH)]),
    "lambert_w": (lambda x: mp.lambertw(x).real, uniform(-0.36, 5, 80) + powers(-100, 1000, 50)
                  + [-0.36787944117144233 + 2.0**-k for k in range(2, 50, 2)]),
    "lambert_wm1": (lambda x: mp.lambertw(x, -1).real, [-x for x in uniform(0.01, 0.367879, 60) + powers(-1020, -2, 50)]
                    + [-0.36787944117144233 + 2.0**-k for k in range(2, 50, 2)]),
    "bessel_i0e": (lambda x: i_scaled(0, x), POSITIVE),
    "bessel_i1e": (lambda x: i_scaled(1, x), POSITIVE + [-x for x in POSITIVE[:20]]),
    "log_bessel_i0": (lambda x: mp.log(i_scaled(0, x)) + abs(x), POSITIVE),
    "bessel_ratio": (lambda x: i_scaled(1, x) / i_scaled(0, x), POSITIVE),
    "bessel_k0e": (lambda x: k_scaled(0, x), POSITIVE),
    "bessel_k1e": (lambda x: k_scaled(1, x), POSITIVE),
    "log_bessel_i": (lambda n, x: mp.log(mp.besseli(n, x)), ORDERS),
    "log_bessel_i_by_x": (lambda n, x: mp.besseli(n + 1, x) / mp.besseli(n, x) + n / x, ORDERS),
    "log_bessel_i_by_order": (lambda n, x: mp.diff(lambda v: mp.log(mp.besseli(v, x)), n, h=mp.mpf(10)**-15), ORDERS),
    "log_bessel_k": (lambda n, x: mp.log(mp.besselk(n, x)), ORDERS),
    "log_bessel_k_by_x": (lambda n, x: n / x - mp.besselk(n + 1, x) / mp.besselk(n, x), ORDERS),
    "log_bessel_k_by_order": (lambda n, x: mp.diff(lambda v: mp.log(mp.besselk(v, x)), n, h=mp.mpf(10)**-15), ORDERS),
    "lbeta": (lambda a, b: mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b), PAIRS),
    "digamma_rise": (lambda a, b: mp.digamma(a + b) - mp.digamma(a), PAIRS),
    "owens_t": (owens_t, [(h, a) for h in (0.0, 1e-5, 0.1, 0.7, 1.0, 2.5, 6.0, 15.0, 30.0)
                          for a in (1e-8, 0.01, 0.3, 0.99, 1.0, 1.01, 3.0, 50.0, 1e6)]),
    "von_mises_cdf": (von_mises_cdf, ANGLES),
    "von_mises_slope": (von_mises_slope, ANGLES),
}

print("/* Made by further_reference.py; do not edit. Rows: one or two arguments, value, rest. */\n/* clang-format off */")
for name, (f, points) in FUNCTIONS.items():
    print(f"static const double {name.upper()}[][4] = {{")
    for p in points:
        p = p if isinstance(p, tuple) else (p,)
        value = f(*map(mp.mpf, p))
        y = float(value)
        if 1e-300 < abs(y) < 1e300:
            print("    {" + ", ".join(float(v).hex() for v in (p[0], p[1] if len(p) > 1 else 0, y, value - mp.mpf(y))) + "},")
    print("};")
