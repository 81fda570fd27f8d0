"""Makes psis_table.h: weights smoothed by an implementation that shares nothing with psis.c, with numpy in long double and the
integral of Zhang and Stephens (2009), equations 8 to 12, in mpmath. Ratios are a fixed function of the index, so that the test can
make them itself: log_ratio[i] = k * -log(1 - u) with u the fractional part of (i + 1) * golden ratio, Pareto of shape k.

usage: psis_table.py > psis_table.h"""
import mpmath as mp
import numpy as np

mp.mp.dps = 40
GOLDEN = 0.61803398874989484820


def ratios(n, k):
    u = np.mod(np.arange(1, n + 1, dtype=float) * GOLDEN, 1.0)
    return -k * np.log1p(-u)


def fit(x):
    """x ascending, of mpf: shape (with its prior) and scale."""
    n = len(x)
    m = 30 + int(mp.floor(mp.sqrt(n)))
    low = x[int(mp.floor(mp.mpf(n) / 4 + mp.mpf(1) / 2)) - 1]
    thetas = [1 / x[-1] + (1 - mp.sqrt(m / (j - mp.mpf(1) / 2))) / (3 * low) for j in range(1, m + 1)]

    def k_of(t):
        return -mp.fsum(mp.log(1 - t * v) for v in x) / n

    def profile(t):
        k = k_of(t)
        return n * (mp.log(t / k) + k - 1)

    l = [profile(t) for t in thetas]
    w = [1 / mp.fsum(mp.exp(b - a) for b in l) for a in l]
    t = mp.fsum(a * b for a, b in zip(w, thetas))
    k = k_of(t)
    return (n * -k + 5) / (n + 10), k / t


def smooth(r):
    n = len(r)
    order = np.argsort(r, kind="stable")
    m = int(np.ceil(min(n / 5, 3 * np.sqrt(n))))
    x = [mp.mpf(float(v)) - mp.mpf(float(r.max())) for v in r]
    cut = x[order[n - m - 1]]
    tail = order[n - m:]
    k, s = fit([mp.exp(x[i]) - mp.exp(cut) for i in tail])
    for j, i in enumerate(tail):
        p = (j + mp.mpf(1) / 2) / m
        x[i] = min(mp.log(mp.exp(cut) + s * ((1 - p) ** (-k) - 1) / k), mp.mpf(0))
    total = mp.fsum(mp.exp(v) for v in x)
    w = [mp.exp(v) / total for v in x]
    ess = 1 / mp.fsum(v * v for v in w)
    return k, ess, mp.mpf(float(r.max())) + mp.log(total / n), mp.log(max(w)), mp.log(w[order[n - m]])


print("/* Made by psis_table.py: count, shape of the ratios, k-hat, ess, log mean weight, log of the largest and of the")
print(" * smallest weight of the tail. */")
print("static const double PSIS_TABLE[][7] = {")
for n in (100, 1000, 4000):
    for k in (0.1, 0.4, 0.7, 1.2):
        print("    {%d, %g, %s}," % (n, k, ", ".join(mp.nstr(v, 17) for v in smooth(ratios(n, k)))))
print("};")
