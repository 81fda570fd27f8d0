#!/usr/bin/env python3
"""Writes table.json: log densities of the programs of programs/, whose discrete latents are summed out one
assignment after the other, and their gradients, by numpy and scipy.

usage: brute.py > table.json

Each model below makes a random instance: data, values of the continuous latents, the numbers of states of
every entry of the discrete ones, and the joint log density by hand, for an array of assignments (a row each,
states from 0) and values that may be complex. All rows of itertools.product are then written out, so that
nothing of variable elimination is used. Statements of continuous latents are in `prior`. A gradient is the
complex step Im f(x + ih) / h with h = 1e-100, which has no error of differences; an entry of probability 0
is left out of the logarithm.

For draws of the states the first instance of a model also has a program in which the continuous latents are
data, and the probabilities, given all data, of every pair of states of any two entries. `states` names the
discrete latents in the order of the columns of the assignments.
"""
import itertools, json, os, re
import numpy as np
from numpy import exp, log, pi
from scipy import special

STEP = 1e-100
POINTS = 2

# ---- log densities, analytic in what may be complex ----


def lifted(f, derivative):
    def g(x):
        x = np.asarray(x)
        return f(x.real) + 1j * x.imag * derivative(x.real) if np.iscomplexobj(x) else f(x)
    return g


lgamma = lifted(special.gammaln, special.digamma)


def logs(x):
    """log, -inf at 0"""
    x = np.asarray(x)
    return np.where(x.real == 0, -np.inf, log(np.where(x.real == 0, 1, x)))


def normal(x, m, s):
    return -0.5 * ((x - m) / s) ** 2 - log(s) - 0.5 * log(2 * pi)


def half_normal(x, s):
    return log(2) + normal(x, 0, s)


def lognormal(x, m, s):
    return normal(log(x), m, s) - log(x)


def gamma(x, a, b):
    return a * log(b) - lgamma(a) + (a - 1) * log(x) - b * x


def beta(x, a, b):
    return lgamma(a + b) - lgamma(a) - lgamma(b) + (a - 1) * log(x) + (b - 1) * log(1 - x)


def dirichlet(x, a):
    """along the last axis, summed over the others"""
    a = np.broadcast_to(a, x.shape).astype(float)
    each = lgamma(a.sum(-1)) - lgamma(a).sum(-1) + ((a - 1) * log(x)).sum(-1)
    return each.sum()


def bernoulli(y, p):
    return logs(np.where(y == 1, p, 1 - p))


def bernoulli_logit(y, eta):
    return -log(1 + exp(np.where(y == 1, -eta, eta)))


def poisson(y, rate):
    """of a rate that may be 0"""
    never = (rate.real == 0) & (y > 0)
    return np.where(never, -np.inf, y * log(np.where(rate.real == 0, 1, rate)) - rate - special.gammaln(y + 1))


def exponential(y, rate):
    return log(rate) - rate * y


def log_sum_exp(x):
    top = np.max(x.real)
    return top + log(np.sum(exp(x - top)))


def softmax(x):
    x = exp(x - np.max(x.real, -1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


# ---- draws of values, six digits ----


class Draws:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def real(self, *shape, scale=1.5):
        return np.round(scale * self.rng.standard_normal(shape), 6)

    def positive(self, *shape):
        return np.round(exp(0.5 * self.rng.standard_normal(shape)), 6)

    def unit(self, *shape):
        return np.round(self.rng.uniform(0.05, 0.95, shape), 6)

    def shares(self, *shape):
        return self.rng.dirichlet(np.full(shape[-1], 2.0), shape[:-1])

    def increasing(self, k, least):
        return np.round(least + np.cumsum(self.rng.uniform(0.2, 1.5, k)), 6)

    def index(self, n, size):
        """of n entries, from 0"""
        return self.rng.integers(0, size, n)

    def count(self, *shape):
        return self.rng.poisson(1.5, shape)

    def binary(self, *shape):
        return self.rng.integers(0, 2, shape)


# ---- models ----

MODELS = []


class Instance:
    def __init__(self, data, at, sizes, prior, density, sets=None, states="z"):
        self.data, self.at, self.sizes, self.states = data, at, list(sizes), states.split()
        self.prior, self.density, self.sets = prior, density, sets or {}


def model(f, *args, name=None):
    MODELS.append((name or f.__name__, f, args))
    return f


def columns(z, *shape):
    """the columns of the assignments as [assignment, …shape]"""
    return z.reshape((len(z),) + shape)


@model
def mixture(r):
    y = r.real(5, scale=4)
    at = dict(w=r.shares(3), mu=r.increasing(3, -2), s=r.positive(3))
    return Instance(
        dict(y=y), at, [3] * 5,
        lambda v: dirichlet(v["w"], 2) + log(6) + normal(v["mu"], 0, 10).sum() + lognormal(v["s"], 0, 1).sum(),
        lambda v, z: (log(v["w"])[z] + normal(y, v["mu"][z], v["s"][z])).sum(1))


@model
def zero_inflated(r):
    fish, site, hours = r.count(7) * r.binary(7), r.index(7, 2), r.positive(7)
    at = dict(pi=r.unit(), mu=r.real(), tau=r.positive(), a=r.real(2, scale=0.7))
    return Instance(
        dict(fish=fish, site_of=site + 1, hours=hours), at, [2] * 7,
        lambda v: normal(v["mu"], 0, 2) + half_normal(v["tau"], 1) + normal(v["a"], v["mu"], v["tau"]).sum(),
        lambda v, z: (bernoulli(z, v["pi"]) + poisson(fish, (z == 0) * hours * exp(v["a"][site]))).sum(1),
        states="idle")


@model
def lda(r):
    doc, word = r.index(6, 2), np.array([0, 1, 2, 3, 1, 0])
    at = dict(theta=r.shares(2, 3), phi=r.shares(3, 4))
    return Instance(
        dict(doc_of=doc + 1, word=word + 1), at, [3] * 6,
        lambda v: dirichlet(v["theta"], 0.5) + dirichlet(v["phi"], 0.1),
        lambda v, z: (log(v["theta"])[doc, z] + log(v["phi"])[z, word]).sum(1), dict(doc=2, word_type=4))


@model
def capture_recapture(r):
    y = r.binary(5, 3) * r.binary(5, 1)
    before = np.hstack([np.zeros((5, 1)), y[:, :-1]])
    at = dict(omega=r.unit(), p=r.unit(), c=r.unit())

    def density(v, z):
        seen = bernoulli(y, z[:, :, None] * np.where(before == 1, v["c"], v["p"]))
        return bernoulli(z, v["omega"]).sum(1) + seen.sum((1, 2))
    return Instance(dict(y=y), at, [2] * 5, lambda v: 0, density)


@model
def missing_covariate(r):
    age, income = r.real(6), r.real(6, scale=4)
    at = dict(q=r.unit(), b0=r.real(), b1=r.real(), b2=r.real(), sigma=r.positive())
    return Instance(
        dict(age=age, income=income), at, [2] * 6,
        lambda v: normal(v["b0"], 0, 10) + normal(v["b1"], 0, 1) + normal(v["b2"], 0, 5)
        + half_normal(v["sigma"], 10),
        lambda v, z: (bernoulli(z, v["q"])
                      + normal(income, v["b0"] + v["b1"] * age + v["b2"] * z, v["sigma"])).sum(1),
        states="smoker")


@model
def hmm(r):
    y = r.real(7, scale=3)
    at = dict(P=r.shares(2, 2), mu=r.increasing(2, 0))
    return Instance(
        dict(y=y), at, [2] * 7,
        lambda v: dirichlet(v["P"], 1) + log(2) + normal(v["mu"], 5, 5).sum() - 2 * log(special.ndtr(1.0)),
        lambda v, s: log(0.5) + log(v["P"])[s[:, :-1], s[:, 1:]].sum(1) + normal(y, v["mu"][s], 1).sum(1),
        states="s")


@model
def hmm_two_series(r):
    a, b = r.positive(2, 3), r.positive(2, 3)
    at = dict(start=r.shares(3), P=r.shares(3, 3), phi=r.increasing(3, 0), **{"lambda": r.positive(3)})

    def density(v, z):
        s = columns(z, 2, 3)
        chain = log(v["start"])[s[:, :, 0]].sum(1) + log(v["P"])[s[:, :, :-1], s[:, :, 1:]].sum((1, 2))
        return chain + (exponential(a, v["phi"][s]) + exponential(b, v["lambda"][s])).sum((1, 2))
    return Instance(
        dict(u=a, v=b), at, [3] * 6,
        lambda v: dirichlet(v["start"], 1) + dirichlet(v["P"], np.where(np.eye(3) == 1, 4, 2))
        + log(6) + half_normal(v["phi"], 3).sum() + half_normal(v["lambda"], 3).sum(), density,
        states="s")


def chain(r, length, states):
    y = r.real(length, scale=3)
    at = dict(start=r.shares(states), P=r.shares(states, states), mu=r.real(states), sigma=r.positive())
    return Instance(
        dict(y=y), at, [states] * length,
        lambda v: dirichlet(v["start"], 1) + dirichlet(v["P"], 1) + normal(v["mu"], 0, 3).sum()
        + half_normal(v["sigma"], 1),
        lambda v, s: log(v["start"])[s[:, 0]] + log(v["P"])[s[:, :-1], s[:, 1:]].sum(1)
        + normal(y, v["mu"][s], v["sigma"]).sum(1), dict(state=states),
        states="s")


for length, states in [(1, 3), (2, 2), (3, 3), (4, 4), (5, 3), (6, 2), (7, 4), (8, 2), (8, 4)]:
    model(chain, length, states)


def backward(r, length):
    y = r.real(length, scale=3)
    at = dict(end=r.shares(3), P=r.shares(3, 3), mu=r.real(3))
    return Instance(
        dict(y=y), at, [3] * length,
        lambda v: dirichlet(v["end"], 1) + dirichlet(v["P"], 1) + normal(v["mu"], 0, 3).sum(),
        lambda v, s: log(v["end"])[s[:, -1]] + log(v["P"])[s[:, 1:], s[:, :-1]].sum(1)
        + normal(y, v["mu"][s], 1).sum(1), dict(state=3),
        states="s")


for length in (1, 2, 6):
    model(backward, length)


@model
def sequences(r):
    group, series, time = np.array([0, 1, 1]), r.index(10, 3), r.index(10, 4)
    y = r.count(10)
    at = dict(start=r.shares(2), P=r.shares(2, 2, 2), rate=r.positive(2))

    def density(v, z):
        s = columns(z, 3, 4)
        moves = log(v["P"])[group[:, None], s[:, :, :-1], s[:, :, 1:]].sum((1, 2))
        return log(v["start"])[s[:, :, 0]].sum(1) + moves + poisson(y, v["rate"][s[:, series, time]]).sum(1)
    return Instance(
        dict(group_of=group + 1, series_of=series + 1, time_of=time + 1, y=y), at, [2] * 12,
        lambda v: dirichlet(v["start"], 1) + dirichlet(v["P"], 1) + gamma(v["rate"], 2, 1).sum(), density,
        dict(group=2, series=3, time=4),
        states="s")


def switching(r, length):
    y = r.real(length, scale=3)
    at = dict(start=r.shares(3), P=r.shares(3, 3), mu=r.real(3), phi=r.real())

    def density(v, s):
        m = v["mu"][s]
        seen = normal(y[0], m[:, 0], 1) + normal(y[1:], m[:, 1:] + v["phi"] * (y[:-1] - m[:, :-1]), 1).sum(1)
        return log(v["start"])[s[:, 0]] + log(v["P"])[s[:, :-1], s[:, 1:]].sum(1) + seen
    return Instance(
        dict(y=y), at, [3] * length,
        lambda v: dirichlet(v["start"], 1) + dirichlet(v["P"], 1) + normal(v["mu"], 0, 3).sum()
        + normal(v["phi"], 0, 1), density,
        states="s")


for length in (1, 2, 6):
    model(switching, length)


@model
def factorial(r):
    y = r.real(5, scale=3)
    at = dict(start_a=r.shares(2), start_b=r.shares(3), A=r.shares(2, 2), B=r.shares(3, 3), mu=r.real(2, 3))

    def density(v, z):
        a, b = z[:, :5], z[:, 5:]
        moves = log(v["A"])[a[:, :-1], a[:, 1:]] + log(v["B"])[b[:, :-1], b[:, 1:]]
        return (log(v["start_a"])[a[:, 0]] + log(v["start_b"])[b[:, 0]] + moves.sum(1)
                + normal(y, v["mu"][a, b], 1).sum(1))
    return Instance(
        dict(y=y), at, [2] * 5 + [3] * 5,
        lambda v: sum(dirichlet(v[k], 1) for k in ("start_a", "start_b", "A", "B"))
        + normal(v["mu"], 0, 3).sum(), density,
        states="a b")


@model
def coupled(r):
    y = r.real(5, scale=3)
    at = dict(start_a=r.shares(2), start_b=r.shares(3), A=r.shares(2, 3, 2), B=r.shares(2, 3, 3), mu=r.real(3))

    def density(v, z):
        a, b = z[:, :5], z[:, 5:]
        moves = (log(v["A"])[a[:, :-1], b[:, :-1], a[:, 1:]] + log(v["B"])[a[:, :-1], b[:, :-1], b[:, 1:]])
        return (log(v["start_a"])[a[:, 0]] + log(v["start_b"])[b[:, 0]] + moves.sum(1)
                + normal(y, v["mu"][b], 1).sum(1))
    return Instance(
        dict(y=y), at, [2] * 5 + [3] * 5,
        lambda v: sum(dirichlet(v[k], 1) for k in ("start_a", "start_b", "A", "B"))
        + normal(v["mu"], 0, 3).sum(), density,
        states="a b")


@model
def companion(r):
    y = r.real(5, scale=3)
    at = dict(start=r.shares(2), P=r.shares(2, 2), W=r.shares(2, 3), mu=r.real(3))

    def density(v, z):
        s, k = z[:, :5], z[:, 5:]
        return (log(v["start"])[s[:, 0]] + log(v["P"])[s[:, :-1], s[:, 1:]].sum(1) + log(v["W"])[s, k].sum(1)
                + normal(y, v["mu"][k], 1).sum(1))
    return Instance(
        dict(y=y), at, [2] * 5 + [3] * 5,
        lambda v: sum(dirichlet(v[k], 1) for k in ("start", "P", "W")) + normal(v["mu"], 0, 3).sum(), density,
        states="s k")


@model
def regime(r):
    y = r.real(6, scale=3)
    at = dict(v=r.shares(3), start=r.shares(2), P=r.shares(3, 2, 2), mu=r.real(2))

    def density(v, z):
        g, s = z[:, :1], z[:, 1:]
        moves = log(v["P"])[g, s[:, :-1], s[:, 1:]].sum(1)
        return (log(v["v"])[g[:, 0]] + log(v["start"])[s[:, 0]] + moves
                + normal(y, v["mu"][s] + 0.3 * (g + 1), 1).sum(1))
    return Instance(
        dict(y=y), at, [3] + [2] * 6,
        lambda v: sum(dirichlet(v[k], 1) for k in ("v", "start", "P")) + normal(v["mu"], 0, 3).sum(), density,
        states="r s")


@model
def classes(r):
    y = r.real(3, 3, scale=3)
    at = dict(v=r.shares(2), start=r.shares(2, 2), P=r.shares(2, 2, 2), mu=r.real(2))

    def density(v, z):
        c, s = z[:, :3], columns(z[:, 3:], 3, 3)
        moves = log(v["P"])[c[:, :, None], s[:, :, :-1], s[:, :, 1:]].sum((1, 2))
        return (log(v["v"])[c].sum(1) + log(v["start"])[c, s[:, :, 0]].sum(1) + moves
                + normal(y, v["mu"][s], 1).sum((1, 2)))
    return Instance(
        dict(y=y), at, [2] * 12,
        lambda v: sum(dirichlet(v[k], 1) for k in ("v", "start", "P")) + normal(v["mu"], 0, 3).sum(), density,
        states="c s")


@model
def occupancy(r):
    animal = r.index(9, 4)
    y = r.binary(9) * (animal % 2)
    at = dict(psi=r.unit(), p=r.unit())
    return Instance(
        dict(animal_of=animal + 1, y=y), at, [2] * 4,
        lambda v: beta(v["psi"], 2, 2) + beta(v["p"], 2, 2),
        lambda v, z: bernoulli(z, v["psi"]).sum(1) + bernoulli(y, z[:, animal] * v["p"]).sum(1),
        dict(animal=4))


@model
def nested(r):
    school, y = np.array([0, 0, 1, 2, 2, 1, 0]), r.real(7, scale=3)
    at = dict(v=r.shares(2), W=r.shares(2, 3), mu=r.real(3))
    return Instance(
        dict(school_of=school + 1, y=y), at, [2] * 3 + [3] * 7,
        lambda v: dirichlet(v["v"], 1) + dirichlet(v["W"], 1) + normal(v["mu"], 0, 3).sum(),
        lambda v, z: log(v["v"])[z[:, :3]].sum(1) + log(v["W"])[z[:, school], z[:, 3:]].sum(1)
        + normal(y, v["mu"][z[:, 3:]], 1).sum(1), dict(school=3),
        states="k t")


@model
def several(r):
    group, y = np.array([0, 1, 1, 0]), r.real(4, scale=3)
    at = dict(w=r.shares(3), mu=r.real(3, 2), q=r.unit(), shift=r.real())

    def density(v, a):
        g, b, odd, z = a[:, :1], a[:, 1:3], a[:, 3:7], a[:, 7:]
        seen = normal(y, v["mu"][z, g] + v["shift"] * b[:, group], np.where(odd == 1, 3, 1))
        return (log(0.5) + bernoulli(b, 0.3).sum(1) + bernoulli(odd, v["q"]).sum(1) + log(v["w"])[z].sum(1)
                + seen.sum(1))
    return Instance(
        dict(group_of=group + 1, y=y), at, [2] + [2] * 2 + [2] * 4 + [3] * 4,
        lambda v: dirichlet(v["w"], 2) + normal(v["mu"], 0, 3).sum() + beta(v["q"], 2, 2)
        + normal(v["shift"], 0, 1), density, dict(group=2),
        states="g b odd z")


@model
def factors(r):
    y = r.real(5)
    at = dict(a=r.real(3), c=r.real())

    def density(v, x):
        z, b = x[:, :5], x[:, 5:]
        terms = v["c"] * b * y - 0.5 * (y - v["a"][z]) ** 2 + 0.3 * (z == 1) * b
        return (log(softmax(v["a"]))[z] + bernoulli(b, 0.4) + terms).sum(1)
    return Instance(dict(y=y), at, [3] * 5 + [2] * 5,
                    lambda v: normal(v["a"], 0, 1).sum() + normal(v["c"], 0, 1), density,
        states="z b")


@model
def multistate(r):
    y = np.array([[1, 0, 2], [0, 1, 0], [0, 0, 0]])
    at = dict(survival=r.unit(), move=r.unit(), p=r.unit())

    def density(v, z):
        s, n, zero = columns(z, 3, 3), 1 - v["move"], 0 * v["p"]
        f, p = v["survival"], v["p"]
        P = np.array([[f * n, f * (1 - n), 1 - f], [f * (1 - n), f * n, 1 - f], [zero, zero, zero + 1]])
        found = np.array([[1 - p, p, zero], [1 - p, zero, p], [zero + 1, zero, zero]])
        start = np.array([0.5, 0.5, 0])
        return (logs(start)[s[:, :, 0]].sum(1) + logs(P)[s[:, :, :-1], s[:, :, 1:]].sum((1, 2))
                + logs(found)[s, y].sum((1, 2)))
    return Instance(dict(y=y + 1), at, [3] * 9,
                    lambda v: beta(v["survival"], 2, 2) + beta(v["move"], 2, 2) + beta(v["p"], 2, 2), density,
        states="s")


@model
def survival(r):
    y = np.array([[0, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    at = dict(phi=r.unit(), p=r.unit())

    def density(v, x):
        z = columns(x, 3, 4)
        return (bernoulli(z[:, :, 0], 0.9).sum(1) + bernoulli(z[:, :, 1:], z[:, :, :-1] * v["phi"]).sum((1, 2))
                + bernoulli(y, z * v["p"]).sum((1, 2)))
    return Instance(dict(y=y), at, [2] * 12, lambda v: beta(v["phi"], 2, 2) + beta(v["p"], 2, 2), density)


@model
def choice(r):
    y = r.positive(6)
    at = dict(q=r.unit(), rate=r.positive(), m=r.real())
    return Instance(
        dict(y=y), at, [2] * 6,
        lambda v: beta(v["q"], 2, 2) + gamma(v["rate"], 2, 1) + normal(v["m"], 0, 1),
        lambda v, z: (bernoulli(z, v["q"]) + normal(y, np.where(z == 1, v["m"], 1 / v["rate"]),
                                                    np.where(z == 1, 1, 2 * v["rate"]))).sum(1))


@model
def lags_only(r):
    y = r.real(6, scale=3)
    at = dict(w=r.shares(2), mu=r.real(2))
    return Instance(
        dict(y=y), at, [2] * 6, lambda v: dirichlet(v["w"], 1) + normal(v["mu"], 0, 3).sum(),
        lambda v, s: log(v["w"])[s].sum(1) + normal(y[1:], v["mu"][s[:, :-1]], 1).sum(1),
        states="s")


@model
def moving_average(r):
    y = r.real(6, scale=3)
    at = dict(w=r.shares(3), mu=r.real(3), theta=r.real())

    def density(v, s):
        m = v["mu"][s]
        seen = normal(y[1:], m[:, 1:] + v["theta"] * m[:, :-1], 1).sum(1)
        return log(v["w"])[s].sum(1) + normal(y[0], m[:, 0], 1) + seen
    return Instance(dict(y=y), at, [3] * 6,
                    lambda v: dirichlet(v["w"], 1) + normal(v["mu"], 0, 3).sum() + normal(v["theta"], 0, 1),
                    density,
        states="s")


@model
def discrete_data(r):
    item, yes, hits = np.array([0, 1, 2, 1, 0, 2]), r.binary(6), r.count(6)
    at = dict(w=r.shares(2), phi=r.shares(2, 3), p=r.unit(2), rate=r.positive(2))
    return Instance(
        dict(item=item + 1, yes=yes, hits=hits), at, [2] * 6,
        lambda v: dirichlet(v["w"], 1) + dirichlet(v["phi"], 1) + beta(v["p"], 2, 2).sum()
        + gamma(v["rate"], 2, 1).sum(),
        lambda v, z: (log(v["w"])[z] + log(v["phi"])[z, item] + bernoulli(yes, v["p"][z])
                      + poisson(hits, v["rate"][z])).sum(1))


@model
def logistic(r):
    X, y = r.real(7, 2), r.binary(7)
    at = dict(b=r.real(2), effect=r.real(), q=r.unit())
    return Instance(
        dict(X=X, y=y), at, [2] * 7,
        lambda v: normal(v["b"], 0, 1).sum() + normal(v["effect"], 0, 2) + beta(v["q"], 2, 2),
        lambda v, z: (bernoulli(z, v["q"]) + bernoulli_logit(y, X @ v["b"] + v["effect"] * z)).sum(1),
        states="hidden")


@model
def varying(r):
    x, y = r.real(5), r.real(5, scale=3)
    at = dict(a=r.real(2, 2), b=r.real(2), mu=r.real(2), q=r.unit(2))

    def density(v, z):
        s, out = z[:, :5], z[:, 5:]
        P = softmax(v["a"] + v["b"] * x[:, None, None])
        moves = log(P)[np.arange(1, 5), s[:, :-1], s[:, 1:]].sum(1)
        return (log(0.5) + moves + bernoulli(out, v["q"][s]).sum(1)
                + normal(y, v["mu"][s], np.where(out == 1, 4, 1)).sum(1))
    return Instance(dict(x=x, y=y), at, [2] * 10,
                    lambda v: normal(v["a"], 0, 1).sum() + normal(v["b"], 0, 1).sum()
                    + normal(v["mu"], 0, 3).sum() + beta(v["q"], 2, 2).sum(), density,
        states="s out")


def late(r, name):
    """k[t] given s[t - 1]: with a chain s and what is observed of k, or of both, or with independent s"""
    y = r.real(5, scale=3)
    at = dict(first=r.shares(3), W=r.shares(2, 3), mu=r.real(2, 3) if name == "late_pair" else r.real(3))
    at.update(dict(w=r.shares(2)) if name == "late_only" else dict(start=r.shares(2), P=r.shares(2, 2)))

    def density(v, z):
        s, k = z[:, :5], z[:, 5:]
        states = (log(v["w"])[s].sum(1) if name == "late_only"
                  else log(v["start"])[s[:, 0]] + log(v["P"])[s[:, :-1], s[:, 1:]].sum(1))
        chosen = log(v["first"])[k[:, 0]] + log(v["W"])[s[:, :-1], k[:, 1:]].sum(1)
        return states + chosen + normal(y, v["mu"][s, k] if name == "late_pair" else v["mu"][k], 1).sum(1)
    return Instance(
        dict(y=y), at, [2] * 5 + [3] * 5,
        lambda v: sum(dirichlet(v[k], 1) for k in v if k != "mu") + normal(v["mu"], 0, 3).sum(), density,
        states="s k")


for name in ("late_companion", "late_pair", "late_only"):
    model(late, name, name=name)


@model
def late_items(r):
    y = r.real(4, 2, scale=3)
    at = dict(start=r.shares(2), P=r.shares(2, 2), W=r.shares(2, 2), mu=r.real(2))

    def density(v, z):
        s, k = z[:, :4], columns(z[:, 4:], 4, 2)
        return (log(v["start"])[s[:, 0]] + log(v["P"])[s[:, :-1], s[:, 1:]].sum(1) + 2 * log(0.5)
                + log(v["W"])[s[:, :-1, None], k[:, 1:]].sum((1, 2)) + normal(y, v["mu"][k], 1).sum((1, 2)))
    return Instance(
        dict(y=y), at, [2] * 12,
        lambda v: sum(dirichlet(v[k], 1) for k in ("start", "P", "W")) + normal(v["mu"], 0, 3).sum(), density,
        states="s k")


def memory(r, length):
    y = r.real(length, scale=3)
    at = dict(start=r.shares(2), P=r.shares(2, 2), W=r.shares(2, 2), mu=r.real(2), nu=r.real(2))

    def density(v, z):
        s, k = z[:, :length], z[:, length:]
        return (log(v["start"])[s[:, 0]] + log(v["P"])[s[:, :-1], s[:, 1:]].sum(1) + log(v["W"])[s, k].sum(1)
                + normal(y[0], v["mu"][s[:, 0]], 1)
                + normal(y[1:], v["mu"][s[:, 1:]] + v["nu"][k[:, :-1]], 1).sum(1))
    return Instance(
        dict(y=y), at, [2] * 2 * length,
        lambda v: sum(dirichlet(v[k], 1) for k in ("start", "P", "W")) + normal(v["mu"], 0, 3).sum()
        + normal(v["nu"], 0, 3).sum(), density,
        states="s k")


for length in (1, 2, 6):
    model(memory, length)


@model
def alternating(r):
    y = r.real(5, scale=3)
    at = dict(start_a=r.shares(2), start_b=r.shares(3), A=r.shares(3, 2), B=r.shares(2, 3), mu=r.real(2, 3))

    def density(v, z):
        a, b = z[:, :5], z[:, 5:]
        moves = log(v["A"])[b[:, :-1], a[:, 1:]] + log(v["B"])[a[:, :-1], b[:, 1:]]
        return (log(v["start_a"])[a[:, 0]] + log(v["start_b"])[b[:, 0]] + moves.sum(1)
                + normal(y, v["mu"][a, b], 1).sum(1))
    return Instance(
        dict(y=y), at, [2] * 5 + [3] * 5,
        lambda v: sum(dirichlet(v[k], 1) for k in ("start_a", "start_b", "A", "B"))
        + normal(v["mu"], 0, 3).sum(), density,
        states="a b")


def both_before(r, chains):
    y = r.real(5, scale=3)
    at = dict(A=r.shares(2, 2), B=r.shares(3, 3), mu=r.real(2, 3))

    def density(v, z):
        a, b, A, B = z[:, :5], z[:, 5:], log(v["A"]), log(v["B"])
        states = (A[0, a[:, 0]] + B[0, b[:, 0]] + (A[a[:, :-1], a[:, 1:]] + B[b[:, :-1], b[:, 1:]]).sum(1)
                  if chains else (A[0, a] + B[0, b]).sum(1))
        return states + normal(y[1:], v["mu"][a[:, :-1], b[:, :-1]], 1).sum(1)
    return Instance(
        dict(y=y), at, [2] * 5 + [3] * 5,
        lambda v: dirichlet(v["A"], 1) + dirichlet(v["B"], 1) + normal(v["mu"], 0, 3).sum(), density,
        states="a b")


model(both_before, True, name="both_before_chains")
model(both_before, False, name="both_before_iid")


@model
def leading(r):
    y = r.real(6, scale=3)
    at = dict(start=r.shares(3), P=r.shares(3, 3), mu=r.real(3))
    return Instance(
        dict(y=y), at, [3] * 6,
        lambda v: dirichlet(v["start"], 1) + dirichlet(v["P"], 1) + normal(v["mu"], 0, 3).sum(),
        lambda v, s: log(v["start"])[s[:, 0]] + log(v["P"])[s[:, :-1], s[:, 1:]].sum(1)
        + normal(y[:-1], v["mu"][s[:, 1:]], 1).sum(1),
        states="s")


@model
def two_lags_of_data(r):
    y = r.real(7, scale=3)
    at = dict(start=r.shares(2), P=r.shares(2, 2), mu=r.real(2), phi=r.real())

    def density(v, s):
        m = v["mu"][s]
        return (log(v["start"])[s[:, 0]] + log(v["P"])[s[:, :-1], s[:, 1:]].sum(1)
                + normal(y[2:], m[:, 2:] + v["phi"] * (y[:-2] - m[:, 1:-1]), 1).sum(1))
    return Instance(
        dict(y=y), at, [2] * 7,
        lambda v: dirichlet(v["start"], 1) + dirichlet(v["P"], 1) + normal(v["mu"], 0, 3).sum()
        + normal(v["phi"], 0, 1), density,
        states="s")


@model
def nested_deep(r):
    school, student = np.array([0, 1, 1, 0]), np.array([0, 1, 2, 3, 3, 0, 1, 2])
    y = r.real(8, scale=3)
    at = dict(v=r.shares(2), W=r.shares(2, 2), mu=r.real(2, 2))

    def density(v, z):
        k, t = z[:, :2], z[:, 2:]
        return (log(v["v"])[k].sum(1) + log(v["W"])[k[:, school], t].sum(1)
                + normal(y, v["mu"][k[:, school[student]], t[:, student]], 1).sum(1))
    return Instance(
        dict(school_of=school + 1, student_of=student + 1, y=y), at, [2] * 6,
        lambda v: dirichlet(v["v"], 1) + dirichlet(v["W"], 1) + normal(v["mu"], 0, 3).sum(), density,
        dict(school=2, student=4),
        states="k t")


@model
def summed_factor(r):
    y = r.real(5)
    return Instance(dict(y=y), dict(a=r.real(3)), [3] * 5, lambda v: normal(v["a"], 0, 1).sum(),
                    lambda v, z: (log(softmax(v["a"]))[z] - 0.5 * (y - v["a"][z]) ** 2).sum(1))


@model
def three_chains(r):
    y = r.real(2, 2, scale=2)
    at = dict(stay=r.unit(2), b=r.real(), c=r.real(), d=r.real())

    def density(v, z):
        total, m = 0, 0
        for x, start, least, effect in zip(np.split(z, 3, 1), (0.5, 0.4, 0.3), (0.1, 0.2, 0.3), "bcd"):
            x = columns(x, 2, 2)
            moves = bernoulli(x[:, :, 1], np.where(x[:, :, 0] == 1, v["stay"], least))
            total = total + (bernoulli(x[:, :, 0], start) + moves).sum(1)
            m = m + v[effect] * x
        return total + normal(y, m, 1).sum((1, 2))
    return Instance(dict(y=y), at, [2] * 12,
                    lambda v: beta(v["stay"], 2, 2).sum() + sum(normal(v[k], 0, 1) for k in "bcd"), density,
        states="p q r")


@model
def apart(r):
    x, y = r.real(4, scale=3), r.real(4, scale=3)
    at = dict(P=r.shares(2, 2), mu=r.real(2), shift=r.real())

    def density(v, z):
        s, b, g, h = z[:, :4], z[:, 4:8], z[:, 8:9], z[:, 9:]
        return (log(0.5) + log(v["P"])[s[:, :-1], s[:, 1:]].sum(1)
                + bernoulli(b[:, -1], 0.5) + bernoulli(b[:, :-1], np.where(b[:, 1:] == 1, 0.7, 0.2)).sum(1)
                + bernoulli(g, 0.3)[:, 0] + bernoulli(h, np.where(g == 1, 0.9, 0.2))[:, 0]
                + normal(x, v["mu"][s] + v["shift"] * g, 1).sum(1) + normal(y, v["shift"] * b + h, 1).sum(1))
    return Instance(dict(x=x, y=y), at, [2] * 10,
                    lambda v: dirichlet(v["P"], 1) + normal(v["mu"], 0, 3).sum() + normal(v["shift"], 0, 1),
                    density,
        states="s b g h")


@model
def latent_class(r):
    y = r.binary(5, 3)
    at = dict(v=r.shares(2), p=r.unit(2, 3))

    def density(v, x):
        hard, z = x[:, :1], x[:, 1:]
        p = v["p"][z]
        return (bernoulli(hard, 0.3)[:, 0] + log(v["v"])[z].sum(1)
                + bernoulli(y, np.where(hard[:, :, None] == 1, p ** 2, p)).sum((1, 2)))
    return Instance(dict(y=y), at, [2] * 6, lambda v: dirichlet(v["v"], 1) + beta(v["p"], 2, 2).sum(), density,
        states="hard z")


# The rest of all lengths from 2 to 8 with 2 to 4 states.
for length, states in itertools.product(range(2, 9), range(2, 5)):
    if (chain.__name__, chain, (length, states)) not in MODELS:
        model(chain, length, states)


@model
def missing_binary(r):
    age, income, smoker = r.real(8), r.real(8, scale=4), r.binary(8)
    gaps = np.array([1, 2, 4, 5, 7])
    at = dict(q0=r.real(), q1=r.real(), b0=r.real(), b1=r.real(), b2=r.real(), sigma=r.positive())

    def density(v, z):
        smokes = np.tile(smoker, (len(z), 1))
        smokes[:, gaps] = z
        return (bernoulli_logit(smokes, v["q0"] + v["q1"] * age)
                + normal(income, v["b0"] + v["b1"] * age + v["b2"] * smokes, v["sigma"])).sum(1)
    given = [None if i in gaps else int(x) for i, x in enumerate(smoker)]
    return Instance(
        dict(age=age, income=income, smoker=np.array(given, object)), at, [2] * len(gaps),
        lambda v: normal(v["q0"], 0, 1) + normal(v["q1"], 0, 1) + normal(v["b0"], 0, 10) + normal(v["b1"], 0, 1)
        + normal(v["b2"], 0, 5) + half_normal(v["sigma"], 10),
        density, states="")


# ---- the table ----


def value_and_gradient(f, at):
    value = {k: np.asarray(x, float) for k, x in at.items()}
    gradient = {}
    for name, x in value.items():
        g = np.zeros(x.size)
        for i in range(x.size):
            moved = {k: v.astype(complex) for k, v in value.items()}
            moved[name].reshape(-1)[i] += 1j * STEP
            g[i] = f(moved).imag / STEP
        gradient[name] = g.reshape(x.shape).tolist()
    return float(f(value).real), gradient


TYPES = {"dirichlet": "simplex", "half_normal": "positive", "gamma": "positive", "lognormal": "positive",
         "beta": "unit", "uniform": "unit", "normal": "real"}


def statements(name):
    """-> the program's text, and of its statements the name with its axes, the type and the distribution"""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs", name + ".vm")
    with open(path) as f:
        text = re.sub(r" *#.*", "", f.read())
    found = re.finditer(r"(?m)(?<=[ {;])((\w+)(?:\[([^\]]*)\])?) *(?:: *(\w+) *)?~ *(\w+)\(.*?(?=;|$)", text)
    return text, [m for m in found]


def given(name, instance):
    """The program with continuous latents as data, and copies of the discrete ones, each with the number of
    its first state"""
    text, found = statements(name)
    declared, copies, first = "", {}, {}
    for m in found:
        if m[2] in instance.at:
            declared += "data %s : %s\n" % (m[1], m[4] or TYPES[m[5]])
            text = text.replace(m[0], "")
        elif m[2] in instance.states:
            axes = ", ".join(a.split()[0] for a in m[3].split(",")) if m[3] else ""
            first[m[2]] = int(m[5] == "categorical")
            copies[m[2]] = "copy_%s%s = %s" % (m[2], "[%s]" % axes if axes else "", m[2])
    text = re.sub(r"generate \{[^}]*\}", "", text)
    text = declared + text + "\ngenerate { " + "; ".join(copies[k] for k in instance.states) + " }\n"
    return {"program": re.sub(r"(?m)^[ ;]*\n", "", text), "first": [[k, first[k]] for k in instance.states]}


def pairs(states, weights):
    """-> for any two columns i < j of the assignments [i, j, state of i, state of j, probability], where it
    is not 0"""
    found = []
    for i, j in itertools.combinations(range(states.shape[1]), 2):
        for a, b in itertools.product(sorted(set(states[:, i])), sorted(set(states[:, j]))):
            p = weights[(states[:, i] == a) & (states[:, j] == b)].sum()
            found.append([i, j, int(a), int(b), float(np.round(p, 9))])
    return found


def row(name, instance, with_draws):
    states = np.array(list(itertools.product(*(range(k) for k in instance.sizes))))

    def density(v):
        return instance.prior(v) + log_sum_exp(instance.density(v, states))
    value, gradient = value_and_gradient(density, instance.at)
    listed = {k: np.asarray(x).tolist() for k, x in instance.data.items()}
    found = {"model": name, "assignments": len(states), "set": instance.sets, "data": listed,
             "at": {k: np.asarray(x).tolist() for k, x in instance.at.items()},
             "log_density": value, "gradient": gradient}
    if with_draws and instance.states and states.shape[1] > 1:
        joint = instance.density({k: np.asarray(x, float) for k, x in instance.at.items()}, states)
        weights = exp(joint - log_sum_exp(joint))
        found["draws"] = dict(given(name, instance), pairs=pairs(states, weights))
    return found


def main():
    rows = []
    for number, (name, make, args) in enumerate(MODELS):
        for point in range(POINTS if not args else 1):
            rows.append(row(name, make(Draws(100 * number + point), *args), point == 0))
    print("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]")


main()
