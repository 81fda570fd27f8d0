"""Writes tails_reference.h: the gamma and beta distributions in multiple precision.

Run:  python tails_reference.py > tails_reference.h

Parameters from 1e-3 to 1e6 (and some beyond), points near the centre, in both tails and next to the ends. Rows:
  GAMMA  a, x, then log P, log Q and the log of the density, each as a double and a remainder, and
         -(dP / da) / density
  BETA   a, b, x, then log I, log (1 - I) and the log of the density, likewise, and -(dI / da) / density,
         -(dI / db) / density

The lower tail of the gamma distribution is the power series (DLMF 8.11.4), the upper Legendre's continued
fraction (8.9.2); the beta distribution is the continued fraction (8.17.22) from the nearer end. Derivatives by
parameters are differences in 50 digits with a step of 1e-15.
"""
import random
import mpmath as mp

mp.mp.dps = 50
random.seed(3)
LEAST = mp.mpf(10) ** -45


def log_gamma_weight(a, x):
    return a * mp.log(x) - x - mp.loggamma(a)


def log_lower(a, x):
    term = total = 1 / a
    n = 0
    while abs(term) > LEAST * total:
        n += 1
        term *= x / (a + n)
        total += term
    return log_gamma_weight(a, x) + mp.log(total)


def log_upper(a, x):
    """The modified method of Lentz."""
    b = x + 1 - a
    d = 1 / b
    c, h, n = mp.mpf(10) ** 300, d, 0
    while True:
        n += 1
        k = n * (a - n)
        b += 2
        d = 1 / (b + k * d)
        c = b + k / c
        h *= c * d
        if abs(c * d - 1) < LEAST:
            return log_gamma_weight(a, x) + mp.log(h)


def log_rest(l):
    """log(1 - e^l)"""
    return mp.log1p(-mp.exp(l)) if l < -1 else mp.log(-mp.expm1(l))


def gamma_tails(a, x):
    """log P and log Q."""
    if x < a + 1 or x < 2:
        p = log_lower(a, x)
        return p, log_rest(p)
    q = log_upper(a, x)
    return log_rest(q), q


def log_beta_lower(a, b, x):
    """The modified method of Lentz."""
    c, d = mp.mpf(1), 1 / (1 - (a + b) * x / (a + 1))
    h, m = d, 0
    while True:
        m += 1
        e = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / (1 + e * d), 1 + e / c
        h *= c * d
        e = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / (1 + e * d), 1 + e / c
        h *= c * d
        if abs(c * d - 1) < LEAST:
            return log_beta_weight(a, b, x) + mp.log(h / a)


def log_beta_weight(a, b, x):
    return a * mp.log(x) + b * mp.log1p(-x) + mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)


def beta_tails(a, b, x):
    if x * (a + b + 2) < a + 1:
        i = log_beta_lower(a, b, x)
        return i, log_rest(i)
    j = log_beta_lower(b, a, 1 - x)
    return log_rest(j), j


def slope(tails, at, density):
    """-(d tail / d parameter) / density, from the smaller tail; `tails` as a function of the parameter."""
    h = at * mp.mpf(10) ** -15
    lower, upper = tails(at)
    before, after = tails(at - h), tails(at + h)
    k = 0 if lower < upper else 1
    change = (after[k] - before[k]) / (2 * h) * mp.exp((lower, upper)[k] - density)
    return change if k else -change


def words(values, single):
    out = []
    for v in values:
        y = float(v)
        out += [y.hex(), float(v - mp.mpf(y)).hex()]
    return out + [float(v).hex() for v in single]


def gamma_row(a, x):
    p, q = gamma_tails(mp.mpf(a), mp.mpf(x))
    density = log_gamma_weight(mp.mpf(a), mp.mpf(x)) - mp.log(x)
    s = slope(lambda c: gamma_tails(c, mp.mpf(x)), mp.mpf(a), density)
    return [a.hex(), x.hex()] + words((p, q, density), (s,))


def beta_row(a, b, x):
    c, d, y = mp.mpf(a), mp.mpf(b), mp.mpf(x)
    i, j = beta_tails(c, d, y)
    density = log_beta_weight(c, d, y) - mp.log(y) - mp.log1p(-y)
    by_a = slope(lambda v: beta_tails(v, d, y), c, density)
    by_b = slope(lambda v: beta_tails(c, v, y), d, density)
    return [a.hex(), b.hex(), x.hex()] + words((i, j, density), (by_a, by_b))


def log_uniform(low, high):
    return 10 ** random.uniform(low, high)


def gamma_points():
    for a in (1e-3, 0.01, 0.1, 0.5, 0.9, 1.0, 1.5, 2.0, 3.9, 4.0, 4.1, 10.0, 30.0, 100.0, 1e3, 1e4, 1e6):
        for z in (-30, -6, -1, -0.01, 0, 0.3, 2, 7, 30):
            x = a + z * a**0.5 if z >= 0 or a > z * z * 4 else a * 10.0 ** (z / 2)
            if x > 0:
                yield a, x
    for _ in range(80):
        a = log_uniform(-3, 4)
        yield a, a * log_uniform(-3, 1.5)
    for a in (1e-3, 0.03, 0.7, 2.5):
        for x in (1e-300, 1e-100, 1e-8, 0.01, 0.56, 0.999, 1.0, 1.001, 5.0, 700.0):
            yield a, x
    yield from ((1e-8, 1e-5), (1e-8, 3.0), (1e-5, 0.5), (1e6, 9e5), (1e6, 1.2e6), (1e6, 1e3), (3e5, 1e5))


def beta_points():
    parameters = (1e-3, 0.05, 0.5, 1.0, 1.7, 3.99, 4.01, 12.0, 200.0, 1e4, 1e6)
    for a in parameters:
        for b in parameters:
            mean, spread = a / (a + b), (1 / a + 1 / b) ** 0.5
            for z in random.sample((-20, -5, -1, 0, 0.5, 3, 10), 2):
                v = mp.log(mp.mpf(a) / b) + z * min(spread, 3)
                x = float(1 / (1 + mp.exp(-v)))
                if 0 < x < 1 and (min(a, b) < 1e5 or abs(z) > 4):
                    yield a, b, x
    for _ in range(60):
        a, b = log_uniform(-3, 4), log_uniform(-3, 4)
        x = 1 / (1 + log_uniform(-6, 6))
        if (a + b) * x * (1 - x) < 1e5:
            yield a, b, x
    for a, b in ((0.5, 0.5), (1e-3, 50.0), (2.5, 1e-3), (1e-3, 2e-3), (0.3, 1e4)):
        for x in (1e-300, 1e-30, 1e-5, 0.1, 0.4999, 0.5, 0.5001, 0.9, 1 - 2.0**-30, 1 - 2.0**-53):
            yield a, b, x


def table(name, columns, rows):
    print(f"static const double {name}[][{columns}] = {{")
    for r in rows:
        print("    {" + ", ".join(r) + "},")
    print("};")


print("/* Made by tails_reference.py, which says what the columns are; do not edit. */\n/* clang-format off */")
table("GAMMA", 9, (gamma_row(*p) for p in gamma_points()))
table("BETA", 11, (beta_row(*p) for p in beta_points()))
