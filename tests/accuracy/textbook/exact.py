#!/usr/bin/env python3
"""Means and sds of the textbook models of this folder by integration, written to known.json.   usage: exact.py

The effects of groups are integrated out one by one, given the few other latents ("globals"), by the trapezoidal rule; the globals themselves on a
grid where they are one or two, and else by importance sampling with Student's t around their mode, as many draws as make means and sds good to
0.01 sd and 1 %. No Markov chain, and nothing of the program that is tested, has a part in it. Needs numpy and scipy."""
import json
import pathlib
import sys

import numpy as np
from scipy import optimize, special, stats

HERE = pathlib.Path(__file__).parent
expit, gammaln = special.expit, special.gammaln
Z = np.linspace(-8, 8, 161)                # of a standard normal
LOG_Z = stats.norm.logpdf(Z) + np.log(Z[1] - Z[0])


def data(name):
    return {k: np.asarray(v) for k, v in json.loads((HERE / (name + ".json")).read_text()).items()}


def mode_and_root(log_p, start):
    """-> (mode, matrix whose columns span one sd around it)"""
    f = lambda x: -log_p(x[None])[0]
    at = optimize.minimize(f, start, method="Nelder-Mead", options={"maxiter": 20000, "maxfev": 20000, "xatol": 1e-6, "fatol": 1e-9}).x
    at = optimize.minimize(f, at, method="BFGS").x
    d, h = len(at), 1e-3 * (1 + 0 * at)
    for _ in range(3):                     # steps of a third of an sd
        E = np.diag(h)
        H = np.array([[(f(at + E[i] + E[j]) - f(at + E[i] - E[j]) - f(at - E[i] + E[j]) + f(at - E[i] - E[j])) / (4 * h[i] * h[j])
                       for j in range(d)] for i in range(d)])
        h = 0.3 / np.sqrt(np.abs(np.diag(H)))
    return at, np.linalg.cholesky(np.linalg.inv(H))


def in_parts(f, x, most=2000):
    return np.concatenate([f(x[i:i + most]) for i in range(0, len(x), most)])


def on_grid(log_p, start, n=101, reach=9, box=None):
    """-> (points, weights), of one or two globals: `reach` sds around the mode, or a box of [(from, to)], n points each"""
    at, L = (np.zeros(len(start)), np.eye(len(start))) if box else mode_and_root(log_p, start)
    z = np.stack(np.meshgrid(*[np.linspace(*b, n) for b in box or [(-reach, reach)] * len(at)], indexing="ij"), -1).reshape(-1, len(at))
    x = at + z @ L.T
    w = special.softmax(in_parts(log_p, x))
    edge = ((z == z.min(0)) | (z == z.max(0))).any(1)
    assert w[edge].sum() < 1e-4, ("the grid is too small", w[edge].sum())
    return x, w


def by_weights(log_p, start, n, df=6, seed=1):
    """-> (points, weights), of more globals"""
    at, L = mode_and_root(log_p, start)
    r = np.random.default_rng(seed)
    t = stats.multivariate_t(np.zeros(len(at)), np.eye(len(at)), df, seed=r)
    z = t.rvs(n).reshape(n, -1)
    x = at + 1.1 * z @ L.T
    w = special.softmax(in_parts(log_p, x) - t.logpdf(z))
    print("  effective draws %.0f, largest weight %.4f" % (1 / (w ** 2).sum(), w.max()), flush=True)
    return x, w


def moments(w, x, second=None):
    """Mean and sd over weighted globals of x; `second` where x is a conditional mean: the conditional mean of squares."""
    m = np.tensordot(w, x, 1)
    return m, np.sqrt(np.tensordot(w, x ** 2 if second is None else second, 1) - m ** 2)


def report(**named):
    found = {}
    for name, (m, s) in named.items():
        for at in np.ndindex(np.shape(m)):
            found[".".join([name, *(str(i + 1) for i in at)])] = [float(np.asarray(m)[at]), float(np.asarray(s)[at])]
    return found


def effects(x, w, log_terms, value):
    """Moments of effects over weighted globals. log_terms(x): (points, groups, nodes), log of the terms of each group's integral; value(x): their
    values there, same shape but for groups. In parts, since it is large."""
    first = second = 0
    for i in range(0, len(x), 2000):
        p = special.softmax(log_terms(x[i:i + 2000]), -1)
        v = value(x[i:i + 2000])
        first += np.tensordot(w[i:i + 2000], (p * v).sum(-1), 1)
        second += np.tensordot(w[i:i + 2000], (p * v ** 2).sum(-1), 1)
    return first, np.sqrt(second - first ** 2)


def binomial_logit(r, n, eta):
    return r * eta - n * np.logaddexp(0, eta)


def log_inv_gamma(v, a=1e-3, b=1e-3):
    return -(a + 1) * np.log(v) - b / v


def pump():
    d = data("pump")
    x, t = d["x"], d["t"]
    def log_p(g):                          # log alpha, log beta
        a, b = np.exp(g).T[:, :, None]
        return (-a + 0.1 * np.log(b) - b + np.log(a))[:, 0] + (
            gammaln(a + x) - gammaln(a) + a * np.log(b / (b + t)) - x * np.log(b + t)).sum(1)
    g, w = on_grid(log_p, [0, 0])
    a, b = np.exp(g).T[:, :, None]
    m = (a + x) / (b + t)
    return report(alpha=moments(w, a[:, 0]), beta=moments(w, b[:, 0]), theta=moments(w, m, m ** 2 + (a + x) / (b + t) ** 2))


def beetles():
    d = data("beetles")
    x = d["x"] - d["x"].mean()
    def log_p(g):
        eta = g[:, :1] + g[:, 1:] * x
        return (d["r"] * np.log(-np.expm1(-np.exp(eta))) - (d["n"] - d["r"]) * np.exp(eta)).sum(1) - (g ** 2).sum(1) / 2e8
    g, w = on_grid(log_p, [0, 20])
    p = -np.expm1(-np.exp(g[:, :1] + g[:, 1:] * x))
    return report(alpha_star=moments(w, g[:, 0]), beta=moments(w, g[:, 1]), p=moments(w, p))


def hearts():
    d = data("hearts")
    y, t = d["y"], d["t"]
    def log_p(g):
        p, theta = expit(g[:, :1]), expit(g[:, 1:])
        seen = np.log1p(-theta) + y * np.log(p) + (t - y) * np.log1p(-p)
        return np.where(y == 0, np.logaddexp(np.log(theta), seen), seen).sum(1) - (g ** 2).sum(1) / 2e4
    g, w = on_grid(log_p, [0, 0], 201, 14)
    return report(alpha=moments(w, g[:, 0]), delta=moments(w, g[:, 1]), theta=moments(w, expit(g[:, 1])))


def leuk():
    d = data("leuk")
    at_risk, dN = d["at_risk"], d["dN"]
    a = 1e-4 * d["length"] + dN.sum(0)
    total = lambda b: np.exp(b[:, :1] * d["Z"]) @ at_risk + 1e-3
    log_p = lambda b: (b[:, :1] * d["Z"]) @ dN.sum(1) - (a * np.log(total(b))).sum(1) - b[:, 0] ** 2 / 2e6
    g, w = on_grid(log_p, [1.5], 1001)
    m = a / total(g)
    return report(beta=moments(w, g[:, 0]), dL0=moments(w, m, m ** 2 + a / total(g) ** 2))


def linear(x, y, prior, noise):
    """Normal posterior of coefficients with sds `prior` (…, k) and noise (…,): log evidence, means, covariances."""
    A = np.einsum("nk,nl->kl", x, x) / noise[..., None, None] ** 2
    A = A + np.einsum("...k,kl->...kl", prior ** -2.0, np.eye(x.shape[1]))
    b = (x.T @ y) / noise[..., None] ** 2
    C = np.linalg.inv(A)
    m = np.einsum("...kl,...l->...k", C, b)
    log_z = -len(y) * np.log(noise) - np.log(prior).sum(-1) - 0.5 * np.linalg.slogdet(A)[1] - 0.5 * (y @ y) / noise ** 2 + 0.5 * (m * b).sum(-1)
    return log_z, m, C


def dugongs():
    d = data("dugongs")
    def split(g):                          # lambda = 0.5 + 0.5 expit(.), log tau; alpha and beta are linear
        s = expit(g[:, 0])
        return 0.5 + 0.5 * s, np.exp(-0.5 * g[:, 1]), s
    def parts(g):
        l, sigma, s = split(g)
        one = [linear(np.stack([np.ones_like(d["x"]), -(k ** d["x"])], 1), d["Y"], np.array([1e3, 1e3]), n) for k, n in zip(l, sigma)]
        return [np.array(x) for x in zip(*one)]
    def log_p(g):
        l, sigma, s = split(g)
        return parts(g)[0] + np.log(s * (1 - s)) + 1e-4 * g[:, 1] - 1e-4 * np.exp(g[:, 1])
    # with 1e-6 of the mass lambda is near 1, the curve a line, and alpha anything its prior allows: most of its variance
    g, w = on_grid(log_p, [1, 4], 161, box=[(-8, 14), (-1, 9)])
    l, sigma, _ = split(g)
    _, m, C = parts(g)
    both = moments(w, m, m ** 2 + np.einsum("nkk->nk", C))
    return report(alpha=(both[0][0], both[1][0]), beta=(both[0][1], both[1][1]), tau=moments(w, sigma ** -2), sigma=moments(w, sigma),
                  U3=moments(w, special.logit(l)), **{"lambda": moments(w, l)})


def hierarchical_linear(x, y, prior_of, log_prior, start, n, box=None):
    """Normal coefficients given two variances, of which the first is the noise's; prior_of(v) gives the sds of coefficients."""
    def log_p(g):
        v = np.exp(g)
        return linear(x, y, prior_of(v), np.sqrt(v[:, 0]))[0] + log_prior(v) + g.sum(1)
    g, w = on_grid(log_p, start, n, 15, box)
    v = np.exp(g)
    first = second = 0
    for i in range(0, len(v), 2000):
        _, m, C = linear(x, y, prior_of(v[i:i + 2000]), np.sqrt(v[i:i + 2000, 0]))
        first += w[i:i + 2000] @ m
        second += w[i:i + 2000] @ (m ** 2 + np.einsum("nkk->nk", C))
    return v, w, first, np.sqrt(second - first ** 2)


def equiv():
    d = data("equiv")
    persons = len(d["Y"])
    X = np.zeros((persons * 2, 3 + persons))
    X[:, 0], X[:, 1], X[:, 2] = 1, d["treatment"].ravel() / 2, np.tile(d["sign"], persons) / 2
    X[np.arange(2 * persons), 3 + np.arange(2 * persons) // 2] = 1
    prior = lambda v: np.concatenate([np.full((len(v), 3), 1e3), np.sqrt(np.repeat(v[:, 1:], persons, 1))], 1)
    v, w, m, s = hierarchical_linear(X, d["Y"].ravel(), prior, lambda v: log_inv_gamma(v).sum(1), [-4, -4], 121)
    return report(mu=(m[0], s[0]), phi=(m[1], s[1]), pi_=(m[2], s[2]), delta=(m[3:], s[3:]),
                  sigma1=moments(w, np.sqrt(v[:, 0])), sigma2=moments(w, np.sqrt(v[:, 1])))


def rats():
    d = data("rats")
    n, k = d["y"].shape
    x = np.tile(d["x"] - d["xbar"], n)
    X = np.zeros((n * k, 2 + 2 * n))       # mu_alpha, mu_beta, then deviations of each rat
    rat = np.arange(n * k) // k
    X[:, 0], X[:, 1] = 1, x
    X[np.arange(n * k), 2 + rat], X[np.arange(n * k), 2 + n + rat] = 1, x
    L = np.zeros((2 * n, 2 + 2 * n))       # what is reported: alpha and beta
    L[:, 2:] = np.eye(2 * n)
    L[:n, 0], L[n:, 1] = 1, 1
    prior = lambda v: np.concatenate([np.full((len(v), 2), 1e2), np.sqrt(np.repeat(v[:, 1:2], n, 1)), np.sqrt(np.repeat(v[:, 2:], n, 1))], 1)
    log_p = lambda g: linear(X, d["y"].ravel(), prior(np.exp(g)), np.exp(g[:, 0] / 2))[0] + log_inv_gamma(np.exp(g)).sum(1) + g.sum(1)
    g, w = by_weights(log_p, [3.6, 5.3, -1.3], 12000)
    first = second = 0
    for i in range(0, len(g), 1000):
        _, m, C = linear(X, d["y"].ravel(), prior(np.exp(g[i:i + 1000])), np.exp(g[i:i + 1000, 0] / 2))
        mean, square = m[:, :2], np.einsum("nkk->nk", C)[:, :2]
        mean = np.concatenate([mean, m @ L.T], 1)
        square = np.concatenate([square, np.einsum("al,nlm,am->na", L, C, L, optimize=True)], 1) + mean ** 2
        first, second = first + w[i:i + 1000] @ mean, second + w[i:i + 1000] @ square
    s = np.sqrt(second - first ** 2)
    sigma = moments(w, np.exp(g / 2))
    return report(mu_alpha=(first[0], s[0]), mu_beta=(first[1], s[1]), alpha=(first[2:2 + n], s[2:2 + n]), beta=(first[2 + n:], s[2 + n:]),
                  sigma_y=(sigma[0][0], sigma[1][0]), sigma_alpha=(sigma[0][1], sigma[1][1]), sigma_beta=(sigma[0][2], sigma[1][2]))


def surgical():
    d = data("surgical")
    r, n = d["r"][:, None], d["n"][:, None]
    value = lambda g: (g[:, :1] + np.exp(g[:, 1:] / 2) * Z)[:, None, :]        # mu, log of the variance
    terms = lambda g: binomial_logit(r, n, value(g)) + LOG_Z
    log_p = lambda g: special.logsumexp(terms(g), -1).sum(1) - g[:, 0] ** 2 / 2e6 + log_inv_gamma(np.exp(g[:, 1])) + g[:, 1]
    g, w = on_grid(log_p, [-2.5, -2], 81, 12)
    return report(mu=moments(w, g[:, 0]), sigma=moments(w, np.exp(g[:, 1] / 2)), pop_mean=moments(w, expit(g[:, 0])),
                  b=effects(g, w, terms, value), p=effects(g, w, terms, lambda g: expit(value(g))))


def blocker():
    d = data("blocker")
    # the likelihood of delta, mu integrated out
    delta = np.linspace(-8, 8, 1601)
    log_l = []
    for rt, nt, rc, nc in zip(d["rt"], d["nt"], d["rc"], d["nc"]):
        at = np.log((rc + 0.5) / (nc - rc + 0.5))
        mu = np.linspace(at - 7, at + 7, 1401)[:, None]
        log_l.append(special.logsumexp(binomial_logit(rc, nc, mu) + binomial_logit(rt, nt, mu + delta) - mu ** 2 / 2e5, 0))
    log_l = np.array(log_l)
    log_l -= log_l.max(1, keepdims=True)
    u = np.linspace(-5, 5, 201)
    z, log_z = np.sinh(u), stats.t(4).logpdf(np.sinh(u)) + np.log(np.cosh(u)) + np.log(u[1] - u[0])
    value = lambda g: (g[:, :1] + np.exp(g[:, 1:] / 2) * z)[:, None, :]
    terms = lambda g: np.stack([np.interp(value(g)[:, 0], delta, l, left=-1e3, right=-1e3) for l in log_l], 1) + log_z
    log_p = lambda g: special.logsumexp(terms(g), -1).sum(1) - g[:, 0] ** 2 / 2e6 + log_inv_gamma(np.exp(g[:, 1])) + g[:, 1]
    g, w = on_grid(log_p, [-0.25, -4], 81, box=[(-0.7, 0.2), (-11, 1)])
    return report(d=moments(w, g[:, 0]), sigma_delta=moments(w, np.exp(g[:, 1] / 2)), delta=effects(g, w, terms, value))


def stacks():
    d = data("stacks")
    z = (d["x"] - d["x"].mean(0)) / d["x"].std(0, ddof=1)
    def log_p(g):                          # beta0, beta, log phi, log of the scale
        phi, s = np.exp(g[:, 4]), np.exp(g[:, 5])
        off = np.abs(d["Y"] - g[:, :1] - g[:, 1:4] @ z.T).sum(1)
        return (-g[:, 0] ** 2 / 2 / 316 ** 2 + 0.01 * g[:, 4] - 0.01 * phi - 1.5 * g[:, 4] - 0.5 * (g[:, 1:4] ** 2).sum(1) / phi
                - 21 * g[:, 5] - off / s + log_inv_gamma(s) + g[:, 5])
    # the mode is an edge of the density, whose curvature says nothing: a Gaussian from a first round of draws
    r = np.random.default_rng(1)
    m, L = np.array([17, 6, 2.5, -0.5, 3.5, 0.8]), np.diag([1, 1, 1, 1, 2, 0.3])
    for _ in range(12):
        t = stats.multivariate_t(np.zeros(6), np.eye(6), 5, seed=r)
        q = t.rvs(400000)
        x = m + q @ L.T
        w = special.softmax(log_p(x) - t.logpdf(q))
        m = w @ x
        L = np.linalg.cholesky((x - m).T @ ((x - m) * w[:, None]))
    print("  effective draws %.0f, largest weight %.4f" % (1 / (w ** 2).sum(), w.max()))
    b = moments(w, x[:, 1:4])
    return report(beta0=moments(w, x[:, 0]), beta=b, sigmasq=moments(w, np.exp(x[:, 5])))


def oxford():
    d = data("oxford")
    r0, n0, r1, n1, year = (d[k].astype(float) for k in ("r0", "n0", "r1", "n1", "year"))
    # the likelihood of the log odds ratio of each stratum, mu integrated out
    ratio = np.linspace(-9, 9, 721)
    log_l = []
    for a, b, c, e in zip(r0, n0, r1, n1):
        at = np.log((a + c + 0.5) / (b + e - a - c + 0.5))
        mu = np.linspace(at - 12, at + 12, 961)[:, None]
        log_l.append(special.logsumexp(binomial_logit(a, b, mu) + binomial_logit(c, e, mu + ratio) - mu ** 2 / 2e6, 0))
    log_l = np.array(log_l)
    log_l -= log_l.max(1, keepdims=True)
    z, log_z = Z[::4], LOG_Z[::4] + np.log(4)
    def terms(g):
        at = (g[:, :1] + g[:, 1:2] * year + g[:, 2:3] * (year ** 2 - 22))[:, :, None] + np.exp(g[:, 3] / 2)[:, None, None] * z
        k = np.clip((at - ratio[0]) / (ratio[1] - ratio[0]), 0, len(ratio) - 1.001)
        i = k.astype(int)
        j = np.arange(len(year))[None, :, None]
        return log_l[j, i] * (1 - k + i) + log_l[j, i + 1] * (k - i) + log_z
    log_p = lambda g: special.logsumexp(terms(g), -1).sum(1) - (g[:, :3] ** 2).sum(1) / 2e6 + log_inv_gamma(np.exp(g[:, 3])) + g[:, 3]
    g, w = by_weights(log_p, [0.55, 0, 0.005, -3], 6000, df=4)
    m = moments(w, g[:, :3])
    return report(alpha=(m[0][0], m[1][0]), beta1=(m[0][1], m[1][1]), beta2=(m[0][2], m[1][2]), sigma=moments(w, np.exp(g[:, 3] / 2)),
                  b=effects(g, w, terms, lambda g: z[None, None, :] + 0 * g[:, :1, None]))


def lsat():
    y = data("lsat")["y"]
    patterns, count = np.unique(y, axis=0, return_counts=True)
    z, log_z = Z[::4], LOG_Z[::4] + np.log(4)
    def terms(g):                          # alpha, log beta: (points, patterns, nodes)
        eta = np.exp(g[:, 5:])[:, :, None] * z - g[:, :5, None]               # (points, questions, nodes)
        return np.einsum("rq,pqz->prz", patterns, eta) - np.logaddexp(0, eta).sum(1)[:, None] + log_z
    log_p = lambda g: special.logsumexp(terms(g), -1) @ count - (g[:, :5] ** 2).sum(1) / 2e4 - np.exp(2 * g[:, 5]) / 2e4 + g[:, 5]
    g, w = by_weights(log_p, [-2.5, -1, -0.2, -1.2, -2, -0.3], 30000)
    first, sd = effects(g, w, terms, lambda g: z[None, None, :] + 0 * g[:, :1, None])
    of = np.array([np.flatnonzero((patterns == row).all(1))[0] for row in y])
    return report(alpha=moments(w, g[:, :5]), beta=moments(w, np.exp(g[:, 5])), theta=(first[of], sd[of]))


def dyes():
    d = data("dyes")
    batches, items = d["y"].shape
    X = np.zeros((batches * items, 1 + batches))
    X[:, 0] = 1
    X[np.arange(batches * items), 1 + np.arange(batches * items) // items] = 1
    prior = lambda v: np.concatenate([np.full((len(v), 1), 1e5), np.sqrt(np.repeat(v[:, 1:], batches, 1))], 1)
    log_prior = lambda v: log_inv_gamma(v).sum(1)          # of 1 / gamma: the same
    v, w, m, s = hierarchical_linear(X, d["y"].ravel(), prior, log_prior, [7.8, 7.3], 161, box=[(6, 11), (-11, 20)])
    return report(theta=(m[0], s[0]), sigma_within=moments(w, np.sqrt(v[:, 0])), sigma_between=moments(w, np.sqrt(v[:, 1])))


MODELS = [pump, beetles, hearts, leuk, dugongs, equiv, dyes, rats, surgical, blocker, stacks, oxford, lsat]


def main():
    to = HERE / "known.json"
    known = json.loads(to.read_text()) if to.exists() else {}
    for model in [m for m in MODELS if not sys.argv[1:] or m.__name__ in sys.argv[1:]]:
        print(model.__name__, flush=True)
        known[model.__name__] = model()
        to.write_text(json.dumps(known, indent=0) + "\n")


if __name__ == "__main__":
    main()
