"""Writes coefficients_table.h: the polynomials of the special functions.

Run:  python coefficients.py > coefficients_table.h

Each is the best approximation of a function in the sense of the largest `weight` times the difference, found by
Remez' exchange in multiple precision and rounded to doubles. The error printed beside it is that of the rounded
coefficients on a grid of its own.
"""
import mpmath as mp

mp.mp.prec = 240
half = mp.mpf(1) / 2
GRID = 600
root = mp.findroot(mp.digamma, mp.mpf("1.4616321449683623413"))  # the zero of digamma


def horner(c, x):
    y = mp.mpf(0)
    for a in reversed(c):
        y = y * x + a
    return y


def chebyshev(low, high, n):
    """n extrema of a Chebyshev polynomial, from low to high."""
    return [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * i / (n - 1)) for i in range(n)]


def best(f, low, high, degree, weight):
    count = degree + 2
    grid = chebyshev(low, high, GRID)
    values, weights = [f(x) for x in grid], [weight(x) for x in grid]
    at = [round(i * (GRID - 1) / (count - 1)) for i in range(count)]
    for _ in range(12):
        system = mp.matrix(count, count)
        for row, i in enumerate(at):
            for j in range(degree + 1):
                system[row, j] = grid[i] ** j
            system[row, degree + 1] = (-1) ** row / weights[i]
        solution = list(mp.lu_solve(system, mp.matrix([values[i] for i in at])))
        c, level = solution[:-1], abs(solution[-1])
        error = [(horner(c, x) - y) * w for x, y, w in zip(grid, values, weights)]
        # the extremum of each run of one sign
        peaks = [0]
        for i in range(1, GRID):
            if error[i] * error[peaks[-1]] < 0:
                peaks.append(i)
            elif abs(error[i]) > abs(error[peaks[-1]]):
                peaks[-1] = i
        while len(peaks) > count:
            peaks.pop(0 if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else -1)
        if len(peaks) < count:
            break
        at = peaks
        if max(abs(e) for e in error) < level * mp.mpf("1.02"):
            break
    return [mp.mpf(float(a)) for a in c]


def write_words(c):
    words = [float(a).hex() for a in c]
    for i in range(0, len(words), 4):
        print("    " + ", ".join(words[i:i + 4]) + (", \\" if i + 4 < len(words) else ""))


def write(name, what, f, low, high, degree, weight=lambda x: mp.mpf(1)):
    low, high = mp.mpf(low), mp.mpf(high)
    c = best(f, low, high, degree, weight)
    points = [low + (high - low) * (i + mp.mpf("0.37")) / 500 for i in range(500)]
    worst = max(abs((horner(c, x) - f(x)) * weight(x)) for x in points)
    print(f"\n/* {what}, {mp.nstr(low, 5)} to {mp.nstr(high, 5)}: error 2^{mp.nstr(mp.log(worst, 2), 4)} */")
    print(f"#define {name} \\")
    write_words(c)


def write_numbers(name, what, c):
    print(f"\n/* {what} */\n#define {name} \\")
    write_words(c)


def gauss_legendre(n):
    """Nodes and weights of Gauss's rule with n points on 0 … 1."""
    nodes, weights = [], []
    for i in range(n):
        x = mp.cos(mp.pi * (n - i - mp.mpf("0.25")) / (n + half))
        for _ in range(8):  # Newton's method
            slope = n * (x * mp.legendre(n, x) - mp.legendre(n - 1, x)) / (x * x - 1)
            x -= mp.legendre(n, x) / slope
        nodes.append((1 + x) / 2)
        weights.append(1 / ((1 - x * x) * slope**2))
    return nodes, weights


def odd_rest(f):
    """(f(x) - x) / x^3 as a function of x^2; f'(0) = 1."""
    return lambda z: (f(mp.sqrt(z)) / mp.sqrt(z) - 1) / z if z else (mp.taylor(f, 0, 3)[3])


edge = mp.mpf(2) ** -60 - 1


def normal_tail(t):
    """(1 + x) erfcx(x / sqrt 2) - 1 for x = 5.5 (1 + t) / (1 - t)."""
    x = mp.mpf("5.5") * (1 + t) / (1 - t) if t < 1 else mp.inf
    z = x / mp.sqrt(2)
    if z < 60:
        return (1 + x) * mp.exp(z * z) * mp.erfc(z) - 1
    return (1 + 1 / x) * far_erfcx(z) * mp.sqrt(2) - 1


def far_erfcx(a):
    """a erfcx(a) by its asymptotic series."""
    term, y = mp.mpf(1), mp.mpf(1)
    for k in range(1, 60):
        term *= -(2 * k - 1) / (2 * a * a)
        y += term
    return y / mp.sqrt(mp.pi)


def scaled_erfcx(t):
    """(1 + 2a) erfcx(a) - 1 for a = 4 (1 + t) / (1 - t)."""
    a = 4 * (1 + t) / (1 - t) if t < 1 else mp.inf
    if a < 60:
        return (1 + 2 * a) * mp.exp(a * a) * mp.erfc(a) - 1
    return (2 + 1 / a) * far_erfcx(a) - 1


def of_ratio(f):
    """f as a function of t = (x - 1) / (x + 1); at t = 1 by its limit."""
    return lambda t: f((1 + t) / (1 - min(t, 1 - mp.mpf(2) ** -40)))


def lgamma_between_zeros(t):
    """log gamma(x) / ((x - 1)(x - 2)) of t = (x - 3/2) / (x + 3/2)."""
    x = (1 + t) / (1 - t) * 3 * half
    return mp.loggamma(x) / ((x - 1) * (x - 2))


def stirling_rest(z):
    """x (log gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2) with z = 1 / x^2."""
    if z == 0:
        return mp.mpf(1) / 12
    x = 1 / mp.sqrt(z)
    return x * (mp.loggamma(x) - (x - half) * mp.log(x) + x - mp.log(2 * mp.pi) / 2)


def ndtri_of(w):
    """ndtri(p) / (2p - 1) with w = -log(4 p (1 - p))."""
    if abs(w) < mp.mpf(2) ** -80:
        return mp.sqrt(mp.pi / 2)
    x = mp.sqrt(-mp.expm1(-w))  # 2p - 1
    return mp.sqrt(2) * mp.erfinv(x) / x


def ndtri_tail(t):
    """-ndtri(p) / s of t = (s - 4) / (s + 4) with s = sqrt(-log p), p < 1/2."""
    s = 4 * (1 + t) / (1 - t)
    z = s - half  # Newton's method for log erfc(z) = log 2p
    for _ in range(200):
        y = mp.erfc(z)
        step = (mp.log(y / 2) + s * s) * y * mp.exp(z * z) * mp.sqrt(mp.pi) / 2
        z += step
        if abs(step) < mp.mpf(2) ** -150:
            break
    return mp.sqrt(2) * z / s


def with_turns(zeros, turn):
    """Each as a sum of two, and `turn` of pi times it."""
    return [y for x in zeros for y in (x, x - mp.mpf(float(x)), turn(mp.pi * x))]


def zeros_of_lgamma(first, last):
    """Between -n - 1 and -n: nearly 1 / n! from -n and 1 / (n + 1)! from -n - 1, as zeros in the log of the distance."""
    zeros = []
    for n in range(first, last + 1):
        for end, sign in ((n, -1), (n + 1, 1)):
            y = mp.findroot(lambda y: mp.log(abs(mp.gamma(-end + sign * mp.exp(y)))), -mp.log(mp.factorial(end)))
            zeros.append(-end + sign * mp.exp(y))
    assert all(x > y for x, y in zip(zeros, zeros[1:]))
    return zeros


def zeros_of_digamma(count):
    zeros = [mp.findroot(mp.digamma, -n - half - mp.atan(mp.log(n + half + 1) / mp.pi) / mp.pi) for n in range(count)]
    assert all(-n - 1 < x < -n for n, x in enumerate(zeros))
    return zeros


def of_middle(f, centre):
    """f(x) as a function of t = (x - centre) / (x + centre)."""
    return lambda t: f(centre * (1 + t) / (1 - t))


def relative(f):
    return lambda t: 1 / f(t)


def write_relative(name, what, f, low, high, degree):
    write(name, what, f, low, high, degree, weight=relative(f))


def bessel_polynomials():
    def far(f, least):
        """sqrt(x) f(x) of t = 2 least / x - 1; at t = -1 by its limit."""
        def g(t):
            x = 2 * least / max(t + 1, mp.mpf(2) ** -60)
            return mp.sqrt(x) * f(x)
        return g

    def middle(f, centre):
        return of_middle(lambda x: mp.sqrt(x) * f(x), centre)

    def scaled_i(n):
        return lambda x: mp.besseli(n, x) * mp.exp(-x)

    def scaled_k(n):
        return lambda x: mp.besselk(n, x) * mp.exp(x)

    def of_square(f):
        """f(x) of x^2, at 0 by its limit."""
        return lambda z: f(mp.sqrt(max(z, mp.mpf(2) ** -120)))

    def log_part(x):
        return mp.log(x / 2) + mp.euler

    def between(least, most):
        centre = mp.sqrt(mp.mpf(least) * most)
        return (least - centre) / (least + centre), (most - centre) / (most + centre)

    write_relative("C_I0_REST", "(I0(x) - 1) / x^2 of x^2", of_square(lambda x: (mp.besseli(0, x) - 1) / x**2), 0, 9, 12)
    write_relative("C_I1_REST", "(2 I1(x) / x - 1) / x^2 of x^2", of_square(lambda x: (2 * mp.besseli(1, x) / x - 1) / x**2), 0, 9, 12)
    write_relative("C_K0_REST", "(K0(x) + (log(x / 2) + gamma) I0(x)) / x^2 of x^2, gamma Euler's constant",
                   of_square(lambda x: (mp.besselk(0, x) + log_part(x) * mp.besseli(0, x)) / x**2), 0, 1, 6)
    write_relative("C_K1_REST", "(x K1(x) - 1 - x (log(x / 2) + gamma) I1(x)) / x^2 of x^2",
                   of_square(lambda x: (x * mp.besselk(1, x) - 1 - x * log_part(x) * mp.besseli(1, x)) / x**2), 0, 1, 7)
    for n in (0, 1):
        about = mp.mpf(13) / 32  # what is left is small, and its rounding does not count
        for where, f, low, high, degree in (
                ("MIDDLE", middle(scaled_i(n), mp.sqrt(24)), *between(3, 8), 18), ("FAR", far(scaled_i(n), 8), -1, 1, 22)):
            of = "(x - c) / (x + c), c^2 = 24" if where == "MIDDLE" else "16 / x - 1"
            write(f"C_I{n}_{where}", f"sqrt(x) e^-x I{n}(x) - 13/32 of {of}", lambda t, f=f: f(t) - about, low, high, degree)
        centre = mp.sqrt(2)
        write_relative(f"C_K{n}_MIDDLE", f"sqrt(x) e^x K{n}(x) of (x - c) / (x + c), c^2 = 2", middle(scaled_k(n), centre),
                       *between(1, 2), 14)
        write_relative(f"C_K{n}_FAR", f"sqrt(x) e^x K{n}(x) of 4 / x - 1", far(scaled_k(n), 2), -1, 1, 22)
    def ratio_rest(k):
        return (1 + 2 * k) * (1 - mp.besseli(1, k) / mp.besseli(0, k)) - 1

    for least in (1, 3, 9):
        c = mp.sqrt(3) * least
        write(f"C_RATIO_{least}", f"(1 + 2k) (1 - I1(k) / I0(k)) - 1 of (k - c) / (k + c), c^2 = {3 * least**2}", of_middle(ratio_rest, c),
              *between(least, 3 * least), 20)
    write("C_RATIO_27", "The same of 54 / k - 1", lambda t: ratio_rest(54 / max(t + 1, mp.mpf(2) ** -60)), -1, 1, 13)


def lambert_polynomials():
    """(W(x) + 1) / p around the branch point, p^2 = 2 (e x + 1), p negative for the branch -1."""
    def f(p):
        if abs(p) < mp.mpf(2) ** -60:
            return mp.mpf(1)
        return (mp.lambertw((p * p / 2 - 1) / mp.e, 0 if p > 0 else -1).real + 1) / p

    write("C_LAMBERT", "(W(x) + 1) / p of p - 0.35, p^2 = 2 (e x + 1)", lambda t: f(t + mp.mpf("0.35")), -0.35, 0.35, 16)
    write("C_LAMBERT_BELOW", "(W(x) + 1) / p of p + 0.25, W the branch -1", lambda t: f(t - mp.mpf("0.25")), -0.25, 0.25, 17)


def main():
    print("/* Made by coefficients.py; do not edit. Lowest power first. */")
    print("#ifndef VM_AUTODIFF_KERNELS_COEFFICIENTS_H\n#define VM_AUTODIFF_KERNELS_COEFFICIENTS_H\n/* clang-format off */")
    reach = mp.log(2) * mp.mpf("0.501")
    write("C_EXP", "(exp(x) - 1 - x) / x^2", lambda x: (mp.expm1(x) - x) / x**2 if x else half, -reach, reach, 9,
          weight=lambda x: x**2 + mp.mpf("0.001"))
    write("C_EXP_REST", "(exp(x) - 1 - x - x^2 / 2) / x^3", lambda x: (mp.expm1(x) - x - x**2 / 2) / x**3 if x else mp.mpf(1) / 6,
          -reach, reach, 9, weight=lambda x: abs(x) + mp.mpf("0.01"))
    s = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)
    write("C_LOG", "2 (artanh(s) - s) / s^3 of s^2", lambda z: 2 * odd_rest(mp.atanh)(z), 0, s * s, 6,
          weight=lambda z: z + mp.mpf("0.0001"))
    quarter = (mp.pi / 4 * mp.mpf("1.001"))**2
    write("C_SIN", "(sin(x) - x) / x^3 of x^2", odd_rest(mp.sin), 0, quarter, 5, weight=lambda z: z + mp.mpf("0.001"))
    write("C_COS", "(cos(x) - 1 + x^2 / 2) / x^4 of x^2",
          lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2 if z else mp.mpf(1) / 24, 0, quarter, 5,
          weight=lambda z: z**2 + mp.mpf("0.001"))
    write("C_LOG1P", "2 (artanh(s) - s) / s^3 of s^2", lambda z: 2 * odd_rest(mp.atanh)(z), 0, 1 / mp.mpf(9), 10,
          weight=lambda z: z + mp.mpf("0.0001"))
    write("C_LOG_REST", "2 (artanh(s) - s - s^3 / 3) / s^5 of s^2",
          lambda z: ((2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z - mp.mpf(2) / 3) / z if z else mp.mpf(2) / 5, 0, s * s, 6)
    write("C_LOG_REST_7", "2 (artanh(s) - s - s^3 / 3 - s^5 / 5) / s^7 of s^2",
          lambda z: (((2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z - mp.mpf(2) / 3) / z - mp.mpf(2) / 5) / z if z else mp.mpf(2) / 7,
          0, s * s, 6)
    write("C_ATAN", "(atan(t) - t) / t^3 of t^2", odd_rest(mp.atan), 0, (mp.sqrt(2) - 1)**2, 10,
          weight=lambda z: z + mp.mpf("0.001"))
    write("C_ASIN", "(asin(t) - t) / t^3 of t^2", odd_rest(mp.asin), 0, 0.25, 12, weight=lambda z: z + mp.mpf("0.001"))
    write("C_SINH", "(sinh(x) - x) / x^3 of x^2", odd_rest(mp.sinh), 0, 1, 7, weight=lambda z: z + mp.mpf("0.001"))
    write("C_ERF", "erf(x) / x - 1 of x^2",
          lambda z: (mp.erf(mp.sqrt(z)) / mp.sqrt(z) if z else 2 / mp.sqrt(mp.pi)) - 1, 0, 1, 11)
    write("C_ERF_FAR", "-log(erfc(x)) of x - 1", lambda x: -mp.log(mp.erfc(x + 1)), 0, 5, 17,
          weight=lambda x: mp.erfc(x + 1))
    for name, what, f in (("C_ERFCX", "((1 + 2a) erfcx(a) - 1) / (1 + t) of t = (a - 4) / (a + 4)", scaled_erfcx),
                          ("C_NORMAL_TAIL", "((1 + a) erfcx(a / sqrt 2) - 1) / (1 + t) of t = (a - 5.5) / (a + 5.5)", normal_tail)):
        write(name, what, lambda t, f=f: f(max(t, edge)) / (1 + max(t, edge)), -1, 1, 23, weight=lambda t: 1 + max(t, edge))
    write("C_LGAMMA", "log gamma(x) / ((x - 1) (x - 2)) of (x - 3/2) / (x + 3/2)", lgamma_between_zeros, -1 / mp.mpf(3),
          1 / mp.mpf(3), 20)
    write("C_STIRLING", "x (log gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2) of 1 / x^2", stirling_rest,
          0, 1 / mp.mpf(16), 8)
    write("C_DIGAMMA", "exp(digamma(x)) - x + 1/2 of (x - 1) / (x + 1)",
          of_ratio(lambda x: mp.exp(mp.digamma(x)) - x + half), 0, 1, 19,
          weight=lambda t: (1 - t) / (1 + t) + mp.mpf("0.0001"))
    write("C_TRIGAMMA", "x (x trigamma(x) - 1) of (x - 1) / (x + 1)", of_ratio(lambda x: x * (x * mp.psi(1, x) - 1)), 0, 1, 18,
          weight=lambda t: (1 - t) / (1 + t) + mp.mpf("0.0001"))
    write("C_DIGAMMA_ROOT", "digamma(x) / (x - its zero) of x - its zero",
          lambda d: mp.digamma(root + d) / d if d else mp.psi(1, root), -1 / mp.mpf(8), 1 / mp.mpf(8), 12)
    write("C_NDTRI", "ndtri(p) / (2p - 1) - 2 of w - 3, w = -log(4p (1 - p))", lambda w: ndtri_of(w + 3) - 2, -3, 3, 23,
          weight=lambda w: 1 / ndtri_of(w + 3))
    low, high = mp.sqrt(mp.mpf("7.3")), mp.mpf("27.3")
    write("C_NDTRI_TAIL", "-ndtri(p) / s - 11/8 of (s - 4) / (s + 4), s = sqrt(-log p)", lambda t: ndtri_tail(t) - mp.mpf("1.375"),
          (low - 4) / (low + 4), (high - 4) / (high + 4), 24)
    nodes, weights = gauss_legendre(32)
    write_numbers("C_GAUSS_NODES", "Gauss's rule with 32 points on 0 … 1: where", nodes)
    write_numbers("C_GAUSS_WEIGHTS", "… and their weights", weights)
    nodes, weights = gauss_legendre(40)
    write_numbers("C_GAUSS_40_NODES", "The same with 40 points", nodes)
    write_numbers("C_GAUSS_40_WEIGHTS", "… and their weights", weights)
    nodes, weights = gauss_legendre(5)
    write_numbers("C_GAUSS_5_NODES", "The same with 5", nodes)
    write_numbers("C_GAUSS_5_WEIGHTS", "… and their weights", weights)
    write_numbers("C_LGAMMA_ZEROS", "Zeros of lgamma from -3 to -17, as sums of two, and the cotangent of pi times them", with_turns(zeros_of_lgamma(2, 16), mp.cot))
    write_numbers("C_DIGAMMA_ZEROS", "Zeros of digamma from 0 to -32, as sums of two, and the sine of pi times them", with_turns(zeros_of_digamma(32), mp.sin))
    for name, zero in zip(("C_LGAMMA_ROOT", "C_LGAMMA_ROOT_2"), zeros_of_lgamma(2, 2)):
        write(name, f"lgamma(x) / d of d = x + {mp.nstr(-zero, 6)}, near a zero",
              lambda d, z=zero: mp.log(abs(mp.gamma(z + d))) / d if d else mp.digamma(z), -mp.mpf("0.05"), mp.mpf("0.05"), 17)
    bessel_polynomials()
    lambert_polynomials()
    print("\n#endif")


if __name__ == "__main__":
    main()
