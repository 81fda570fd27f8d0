"""Makes loo_table.h: leave-one-out cross-validation by arviz (0.21 made the one here) of log densities that the test can make itself: draws
of mean and log sd are the fractional parts of (s + 1) times the golden ratio and sqrt 2, and observation i is the normal quantile of
(i + 1/2) / N, the last one moved by 3, as seen with tails of its own.

usage: loo_table.py > loo_table.h"""
import arviz as az
import numpy as np
import xarray as xr

GOLDEN, ROOT = 0.61803398874989484820, 0.41421356237309504880
N = 12


def log_densities(draws):
    s = np.arange(1, draws + 1, dtype=float)
    mean = 0.8 * (np.mod(s * GOLDEN, 1.0) + np.mod(s * ROOT, 1.0) - 1)
    log_sd = 0.5 * (np.mod(s * GOLDEN * ROOT, 1.0) - 0.5)
    i = np.arange(N)
    y = -2.2 + 0.4 * i + 3 * (i == N - 1)
    z = (y[None, :] - mean[:, None]) / np.exp(log_sd[:, None])
    return -0.5 * z * z - log_sd[:, None]


print("/* Made by loo_table.py: draws, elpd_loo, p_loo, its standard error with N in place of N - 1, then elpd and k-hat")
print(" * of the observations. */")
print("static const double LOO_TABLE[][28] = {")
for draws in (400, 1000, 4000):
    x = log_densities(draws)
    data = az.from_dict(posterior={"m": np.zeros((1, draws))}, log_likelihood={"y": x[None]})
    r = az.loo(data, pointwise=True, reff=1.0)
    row = [draws, float(r.elpd_loo), float(r.p_loo), float(r.se), *map(float, r.loo_i.values), *map(float, r.pareto_k.values)]
    print("    {" + ", ".join(f"{v:.17g}" for v in row) + "},")
print("};")
