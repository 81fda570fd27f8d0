"""Makes known.json: data for the ten models beside this file, and their log evidence, in closed form where they are conjugate, else by
quadrature (scipy) over the one or two latents that are left when others are integrated out in closed form.

usage: exact.py > known.json"""
import json

import numpy as np
from scipy import integrate, special, stats

rng = np.random.default_rng(5)


def mvn(y, cov):
    return float(stats.multivariate_normal(np.zeros(len(y)), cov).logpdf(y))


def line(f, low, high, points=None):
    top = max(f(x) for x in np.linspace(low, high, 2001)[1:-1])
    return top + float(np.log(integrate.quad(lambda x: np.exp(f(x) - top), low, high, epsabs=0, epsrel=1e-10, limit=2000, points=points)[0]))


def plane(f, x, y, n=401):
    """Trapezoids: for an integrand that is smooth and vanishes at the border their error falls exponentially."""
    gx, gy = np.linspace(*x, n), np.linspace(*y, n)
    v = f(gx[:, None, None], gy[None, :, None])
    w = lambda g: np.r_[0.5, np.ones(n - 2), 0.5] * (g[1] - g[0])
    return float(special.logsumexp(v + np.log(w(gx))[:, None] + np.log(w(gy))[None, :]))


known = {}

y = rng.normal(1, 1, 8).round(2)
known["normal_mean"] = {"y": y.tolist()}, mvn(y, np.eye(8) + 100)

known["coin"] = {"heads": 7}, float(np.log(special.comb(10, 7)) + special.betaln(9, 6) - special.betaln(2, 3))

birds, place = [3, 5, 0, 1, 4, 2, 7], [1, 1, 2, 2, 1, 2, 3]
total = 0
for wood in (1, 2, 3):
    x = [b for b, p in zip(birds, place) if p == wood]
    # gamma(2, 1) is conjugate to n Poisson counts of sum s
    total += special.gammaln(2 + sum(x)) - special.gammaln(2) - (2 + sum(x)) * np.log(1 + len(x)) - sum(special.gammaln(np.array(x) + 1))
known["rates"] = {"birds": birds, "place": place}, float(total)

X = rng.normal(size=(20, 3)).round(2)
X[:, 2] = (0.9 * X[:, 1] + 0.2 * X[:, 2]).round(2)
y = (X @ [1, -0.5, 0.8] + rng.normal(0, 0.5, 20)).round(2)
known["regression"] = {"X": X.tolist(), "y": y.tolist()}, mvn(y, 0.25 * np.eye(20) + 4 * X @ X.T)
# y is multivariate t: 2 a degrees of freedom, shape (b / a) (1 + 4 X X')
known["regression_scale"] = {"X": X.tolist(), "y": y.tolist()}, float(
    stats.multivariate_t(np.zeros(20), 2 / 3 * (np.eye(20) + 4 * X @ X.T), df=6).logpdf(y))

y, s = np.array([28, 8, -3, 7, -1, 1, 18, 12.0]), np.array([15, 10, 16, 11, 9, 11, 10, 18.0])
given = lambda tau: mvn(y, np.diag(s**2 + tau**2) + 25) + np.log(2 / (np.pi * 5 * (1 + (tau / 5) ** 2)))
known["schools"] = {"y": y.tolist(), "sigma": s.tolist()}, line(lambda u: given(np.exp(u)) + u, -25, 12)

y = np.r_[rng.normal(-1.5, 1, 5), rng.normal(2, 1, 7)].round(2)
n = lambda x, m: stats.norm.logpdf(x, m, 1)
mix = lambda a, b: np.logaddexp(np.log(1 / 3) + n(y, a), np.log(2 / 3) + n(y, b)).sum(-1) - ((a * a + b * b) / 18)[..., 0] - np.log(2 * np.pi * 9)
known["mixture"] = {"y": y.tolist()}, plane(mix, (-16, 16), (-16, 16))

known["square"] = {"y": 4}, line(lambda z: stats.norm.logpdf(z, 0, 2) + stats.norm.logpdf(4, z * z, 1), -12, 12, [-2, 2])

x = rng.normal(size=15).round(2)
t = (rng.random(15) < special.expit(0.5 + 1.5 * x)).astype(int)
logit = lambda a, b: -np.logaddexp(0, -(2 * t - 1) * (a + b * x)).sum(-1) - ((a * a + b * b) / 8)[..., 0] - np.log(2 * np.pi * 4)
known["logistic"] = {"x": x.tolist(), "y": t.tolist()}, plane(logit, (-22, 22), (-22, 22))

y = np.r_[rng.normal(2, 1, 11), 12].round(2)
def robust(m, u):
    v = np.exp(u)
    return stats.t.logpdf(y, 3, m, v).sum(-1) + (stats.norm.logpdf(m, 0, 5) + np.log(2) + stats.norm.logpdf(v, 0, 2) + u)[..., 0]
known["robust"] = {"y": y.tolist()}, plane(robust, (-25, 30), (-5, 2.7))

print(json.dumps({k: {"data": d, "log_evidence": e} for k, (d, e) in known.items()}, indent=1))
