"""Writes special_reference.h: values of the kernels' functions, as a double and a remainder.

Run:  python special_reference.py > special_reference.h
      python special_reference.py --dense 10 > FILE    ten times the points, for measure_special: lines of the
                                                       function's name, its one or two arguments and these

Points are exact doubles: random over the ranges where a function changes its method, extremes, and the
neighbourhoods of zeros and poles. A row is {x, y, rest} with y + rest the value to twice a double's
precision; functions of two arguments have both in front.
"""
import random
import sys
import mpmath as mp

DENSE = int(sys.argv[2]) if sys.argv[1:2] == ["--dense"] else 0
mp.mp.prec = 250 if DENSE else 400
random.seed(1)


def uniform(low, high, n):
    return [random.uniform(low, high) for _ in range(n * max(DENSE, 1))]


def powers(low, high, n, signs=(1,)):
    """Doubles of magnitude 2^low to 2^high."""
    return [s * 2.0 ** random.uniform(low, high) for _ in range(n * max(DENSE, 1)) for s in signs]


BOTH = (1, -1)
AROUND_1_AND_2 = [z + s * 2.0 ** -k for z in (1.0, 2.0) for k in range(2, 52, 3) for s in BOTH]


def log_ndtr(x):
    r = mp.sqrt(2)
    return mp.log(mp.erfc(-x / r) / 2) if x < 0 else mp.log1p(-mp.erfc(x / r) / 2)


def ndtri(p):
    """Newton's method on the logarithm of the smaller tail."""
    q = p if p <= 0.5 else 1 - p
    x = -mp.sqrt(-2 * mp.log(q)) if q < mp.mpf("0.1") else mp.sqrt(2 * mp.pi) * (q - mp.mpf(1) / 2)
    for _ in range(200):
        step = (log_ndtr(x) - mp.log(q)) / mp.exp(-x * x / 2 - mp.log(2 * mp.pi) / 2 - log_ndtr(x))
        x -= step
        if abs(step) < mp.mpf(2) ** -200 * (1 + abs(x)) ** -1:
            break
    return x if p <= 0.5 else -x


UNARY = {
    "exp": (mp.exp, uniform(-745, 709.7, 150) + powers(-60, 3, 50, BOTH)),
    "log": (mp.log,
            powers(-1074, 1023, 100) + powers(-2, 2, 100) + [1 + 2.0**-k for k in range(1, 52, 2)]),
    "log1p": (mp.log1p,
              powers(-300, 300, 60) + [-x for x in powers(-60, -0.01, 80)] + powers(-3, 3, 60)),
    "expm1": (mp.expm1, uniform(-40, 709, 100) + powers(-300, 3, 60, BOTH)),
    "sin": (mp.sin, uniform(-20, 20, 150) + powers(-30, 40, 60, BOTH)),
    "cos": (mp.cos, uniform(-20, 20, 150) + powers(-30, 40, 60, BOTH)),
    "tan": (mp.tan, uniform(-20, 20, 150) + powers(-30, 40, 60, BOTH)),
    "asin": (mp.asin, uniform(-1, 1, 150) + powers(-60, -0.01, 60, BOTH)),
    "acos": (mp.acos, uniform(-1, 1, 150) + powers(-60, -0.01, 60, BOTH)),
    "atan": (mp.atan, uniform(-5, 5, 100) + powers(-60, 100, 80, BOTH)),
    "sinh": (mp.sinh, uniform(-700, 700, 100) + powers(-60, 5, 60, BOTH)),
    "cosh": (mp.cosh, uniform(-700, 700, 100) + powers(-60, 5, 60, BOTH)),
    "tanh": (mp.tanh, uniform(-25, 25, 100) + powers(-60, 5, 60, BOTH)),
    "expit": (lambda x: 1 / (1 + mp.exp(-x)),
              uniform(-700, 700, 80) + uniform(-40, 40, 120) + powers(-60, 3, 40, BOTH)),
    "log1p_exp": (lambda x: mp.log1p(mp.exp(x)),
                  uniform(-700, 700, 80) + uniform(-40, 40, 120) + powers(-60, 3, 40, BOTH)),
    "lgamma": (lambda x: mp.log(abs(mp.gamma(x))) if abs(x) < 1e5 else mp.loggamma(x).real,
               uniform(0.001, 20, 250) + powers(-200, 200, 100) + AROUND_1_AND_2 + uniform(-20, 0, 80)),
    "digamma": (mp.digamma, uniform(0.001, 20, 200) + powers(-200, 200, 100) + uniform(-20, 0, 80)
                + [1.4616321449683622, 1.4616321449683625]),
    "trigamma": (lambda x: mp.psi(1, x),
                 uniform(0.001, 20, 200) + powers(-200, 200, 100) + uniform(-20, 0, 80)),
    "erf": (mp.erf, uniform(-6, 6, 200) + powers(-200, 4, 60, BOTH)),
    "erfc": (mp.erfc, uniform(-6, 6, 150) + uniform(6, 26.5, 80) + powers(-200, 2, 40, BOTH)),
    "log_ndtr": (log_ndtr, uniform(-40, 9, 200) + uniform(-3, 3, 100) + [-x for x in powers(3, 40, 60)]
                 + uniform(9, 38, 30) + powers(-100, 1, 30, BOTH)),
    "ndtri": (ndtri, uniform(0, 1, 200) + powers(-1022, -1, 120) + [1 - x for x in powers(-52, -1, 60)]
              + [0.5 + s * 2.0**-k for k in range(2, 50, 4) for s in BOTH]),
}

BINARY = {
    "pow": (mp.power, [(a, b) for a, b in zip(powers(-20, 20, 150), uniform(-40, 40, 150))]
            + [(a, b) for a, b in zip(uniform(0.5, 2, 100), uniform(-700, 700, 100))]),
    "xlogy": (lambda x, y: x * mp.log(y), list(zip(powers(-30, 30, 100, BOTH), powers(-100, 100, 200)))),
}


def row(x, value):
    y = float(value)
    rest = float(value - mp.mpf(y))
    if abs(y) < 2.0**-1022 or abs(y) == float("inf"):
        return None  # beyond the normal numbers
    return tuple(float(v).hex() for v in (*x, y, rest))


def write_table(name, f, points):
    print(f"static const double {name.upper()}[][{len(points[0]) + 2}] = {{")
    for x in points:
        r = row(x, f(*map(mp.mpf, x)))
        if r:
            print("    {" + ", ".join(r) + "},")
    print("};")


def write_lines(name, f, points):
    for x in points:
        r = row(x, f(*map(mp.mpf, x)))
        if r:
            print(name, *(r if len(r) == 4 else (r[0], "0", *r[1:])))


UNARY["mills"] = (lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi) / mp.exp(log_ndtr(x)),
                  uniform(-40, 9, 200) + uniform(-3, 3, 100) + [-x for x in powers(3, 40, 60)]
                  + uniform(9, 38, 30) + powers(-100, 1, 30, BOTH))

write = write_lines if DENSE else write_table
if not DENSE:
    print("/* Made by special_reference.py; do not edit. Rows: argument (of pow, xlogy two), value, rest. */")
for name, (f, points) in UNARY.items():
    write(name, f, [(x,) for x in points])
for name, (f, points) in BINARY.items():
    write(name, f, points)
