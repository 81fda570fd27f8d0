#!/usr/bin/env python3
"""Writes table.json: log densities of models and their gradients, by numpy and scipy.

usage: reference.py > table.json

The posteriors of tests/accuracy and of posteriors/ are written here from their formulas, in `shared/posteriordb/README.md`
beside the repository, and the programs of programs/ from what they mean; neither is a translation of a .vm
program, from which only the names of the latents are taken. A density is that of the latents of the program:
where it is non-centred (eight_schools_noncentered) of the standardised effects, else of the named quantities.

Each function below returns the latents, each with how to draw it inside its support, and the log density as a
function of them. A gradient is the complex step Im f(x + ih) / h with h = 1e-100, which has no error of
differences, so that every function here must be analytic: no abs and max of what depends on latents, and a
branch is chosen by the real part. For a program that is compared in unconstrained space the latents are drawn
there, a row of the table holds x(u), and both density and gradient are those of u.
"""
import json, os, re
import numpy as np
from numpy import exp, log, sqrt, pi
from scipy import special, stats

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
POSTERIORS = os.path.join(os.path.dirname(os.path.dirname(TESTS)), "shared", "posteriordb", "data")
POINTS = 5
MANY = 200  # entries of a latent, of whose gradient the table has one number: its slope along cos 1, cos 2, …
STEP = 1e-100

# ---- draws: each a function of the generator; six digits are enough, and keep the table small ----


def rounded(x):
    return np.round(x, 6 if np.size(x) < MANY else 2)


def real(*shape, loc=0.0, scale=1.0):
    return lambda rng: rounded(loc + scale * rng.standard_normal(shape))


def positive(*shape, loc=1.0, spread=0.5):
    return lambda rng: rounded(loc * exp(spread * rng.standard_normal(shape)))


def between(a, b, *shape):
    return lambda rng: rounded(rng.uniform(a + 0.02 * (b - a), b - 0.02 * (b - a), shape))


def increasing(k, least=None):
    def draw(rng):
        steps = rng.uniform(0.2, 1.0, k)
        return rounded(np.cumsum(steps) + (rng.standard_normal() if least is None else least))
    return draw


def shares(k):
    return lambda rng: rng.dirichlet(np.full(k, 2.0))


# ---- functions of a complex number x + iy with y so small that f(x) + iy f'(x) is exact ----


def lifted(f, derivative):
    def g(x):
        x = np.asarray(x)
        return f(x.real) + 1j * x.imag * derivative(x.real) if np.iscomplexobj(x) else f(x)
    return g


LOG_ROOT = 0.5 * log(2 * pi)
lgamma = lifted(special.gammaln, special.digamma)
digamma = lifted(special.digamma, lambda x: special.polygamma(1, x))
Phi = lifted(special.ndtr, lambda x: exp(-0.5 * x ** 2 - LOG_ROOT))
log_Phi = lifted(special.log_ndtr, lambda x: exp(-0.5 * x ** 2 - LOG_ROOT - special.log_ndtr(x)))


def absolute(x):
    return np.where(np.real(x) < 0, -x, x)


def largest(x, axis=None):
    x = np.asarray(x) if axis is not None else np.ravel(x)
    return np.take_along_axis(x, np.expand_dims(np.argmax(x.real, axis or 0), axis or 0),
                              axis or 0).squeeze(axis or 0)


def log_sum_exp(x, axis=None):
    top = np.max(np.real(x), axis=axis, keepdims=True)
    return np.squeeze(top, axis=axis) + log(np.sum(exp(x - top), axis=axis))


# ---- log densities, by entry ----


def normal(x, m, s):
    return -0.5 * ((x - m) / s) ** 2 - log(s) - LOG_ROOT


def half_normal(x, s):
    return log(2) + normal(x, 0, s)


def lognormal(x, m, s):
    return normal(log(x), m, s) - log(x)


def cauchy(x, m, s):
    return -log(pi * s) - log(1 + ((x - m) / s) ** 2)


def half_cauchy(x, s):
    return log(2) + cauchy(x, 0, s)


def student(x, nu, m, s):
    constant = lgamma((nu + 1) / 2) - lgamma(nu / 2) - 0.5 * log(nu * pi)
    return constant - log(s) - (nu + 1) / 2 * log(1 + ((x - m) / s) ** 2 / nu)


def gamma(x, a, b):
    return a * log(b) - lgamma(a) + (a - 1) * log(x) - b * x


def inv_gamma(x, a, b):
    return a * log(b) - lgamma(a) - (a + 1) * log(x) - b / x


def beta_density(x, a, b):
    return lgamma(a + b) - lgamma(a) - lgamma(b) + (a - 1) * log(x) + (b - 1) * log(1 - x)


def dirichlet(x, a):
    return lgamma(np.sum(a)) - np.sum(lgamma(a)) + np.sum((a - 1) * log(x))


def expit(x):
    return 1 / (1 + exp(-x))


def softplus(x):
    """log(1 + exp(x))"""
    x = np.asarray(x)
    up = x.real > 0
    return np.where(up, x, 0) + log(1 + exp(np.where(up, -x, x)))


def bernoulli_logit(y, x):
    return -np.where(y == 1, softplus(-x), softplus(x))


def bernoulli(y, p):
    return np.where(y == 1, log(p), log(1 - p))


def choose(n, k):
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def binomial(k, n, p):
    return choose(n, k) + k * log(p) + (n - k) * log(1 - p)


def binomial_logit(k, n, x):
    return choose(n, k) - k * softplus(-x) - (n - k) * softplus(x)


def poisson_log(k, x):
    return k * x - exp(x) - lgamma(k + 1)


def total(*terms):
    return sum(np.sum(t) for t in terms)


# ---- the posteriors of tests/accuracy, by what stands in posteriors.txt ----

POSTERIOR = {}


def posterior(*patterns):
    def register(f):
        for p in patterns:
            POSTERIOR[p] = f
        return f
    return register


def regression(columns, y, sigma_prior, noise):
    """y ~ N(columns beta, sigma), beta flat; sigma is drawn around `noise`"""
    X = np.column_stack([np.broadcast_to(c, len(y)) for c in columns]).astype(float)

    def f(beta, sigma):
        return total(sigma_prior(sigma), normal(y, X @ beta, sigma))
    return {"beta": real(X.shape[1]), "sigma": positive(loc=noise)}, f


@posterior("kidiq-.*")
def kidiq(d, name):
    hs, iq = d["mom_hs"], d["mom_iq"]
    columns = {"momhs": [1, hs], "momiq": [1, iq], "momhsiq": [1, hs, iq],
               "interaction": [1, hs, iq, hs * iq]}
    return regression(columns[name.split("kidscore_")[1]], d["kid_score"], lambda s: half_cauchy(s, 2.5), 20)


@posterior("kidiq_with_mom_work-.*")
def kidiq_with_mom_work(d, name):
    hs, iq, work = d["mom_hs"], d["mom_iq"], d["mom_work"]
    shift = {"interaction_c": (hs.mean(), iq.mean(), 1, 1), "interaction_c2": (0.5, 100, 1, 1),
             "interaction_z": (hs.mean(), iq.mean(), 2 * hs.std(ddof=1), 2 * iq.std(ddof=1))}
    which = name.split("kidscore_")[1]
    if which == "mom_work":
        columns = [1, work == 2, work == 3, work == 4]
    else:
        c = shift[which]
        a, b = (hs - c[0]) / c[2], (iq - c[1]) / c[3]
        columns = [1, a, b, a * b]
    return regression(columns, d["kid_score"], lambda s: 0, 20)


@posterior("nes.*-nes")
def nes(d, name):
    age = d["age_discrete"]
    columns = [1, d["real_ideo"], d["race_adj"], age == 2, age == 3, age == 4, d["educ1"], d["gender"],
               d["income"]]
    return regression(columns, d["partyid7"], lambda s: 0, 2)


@posterior("sblr.-blr")
def blr(d, name):
    def f(beta, sigma):
        return total(normal(beta, 0, 10), half_normal(sigma, 10), normal(d["y"], d["X"] @ beta, sigma))
    return {"beta": real(5), "sigma": positive()}, f


@posterior("kilpisjarvi_mod-.*")
def kilpisjarvi(d, name):
    def f(alpha, beta, sigma):
        return total(normal(alpha, d["pmualpha"], d["psalpha"]), normal(beta, d["pmubeta"], d["psbeta"]),
                     normal(d["y"], alpha + beta * d["x"], sigma))
    return {"alpha": real(loc=9), "beta": real(scale=0.03), "sigma": positive()}, f


@posterior("eight_schools-eight_schools_centered")
def eight_schools_centered(d, name):
    def f(mu, tau, theta):
        return total(normal(mu, 0, 5), half_cauchy(tau, 5), normal(theta, mu, tau),
                     normal(d["y"], theta, d["sigma"]))
    return {"mu": real(scale=4), "tau": positive(loc=3), "theta": real(8, loc=4, scale=6)}, f


@posterior("eight_schools-eight_schools_noncentered")
def eight_schools_noncentered(d, name):
    def f(mu, tau, theta_trans):
        return total(normal(mu, 0, 5), half_cauchy(tau, 5), normal(theta_trans, 0, 1),
                     normal(d["y"], mu + tau * theta_trans, d["sigma"]))
    return {"mu": real(scale=4), "tau": positive(loc=3), "theta_trans": real(8)}, f


@posterior("arK-arK")
def ar(d, name):
    y, K = d["y"], 5

    def f(alpha, beta, sigma):
        back = [alpha + sum(beta[k] * y[t - 1 - k] for k in range(K)) for t in range(K, len(y))]
        return total(normal(alpha, 0, 10), normal(beta, 0, 10), half_cauchy(sigma, 2.5),
                     normal(y[K:], np.array(back), sigma))
    return {"alpha": real(), "beta": real(K), "sigma": positive()}, f


@posterior("mcycle_gp-accel_gp")
def mcycle_gp(d, name):
    def w(s, a, l):
        return a * sqrt(sqrt(2 * pi) * l) * exp(-l ** 2 * s ** 2 / 4)

    def f(Intercept, sdgp_1, lscale_1, zgp_1, Intercept_sigma, sdgp_sigma_1, lscale_sigma_1, zgp_sigma_1):
        mu = Intercept + d["Xgp_1"] @ (w(d["slambda_1"][:, 0], sdgp_1, lscale_1) * zgp_1)
        eta = Intercept_sigma + d["Xgp_sigma_1"] @ (w(d["slambda_sigma_1"][:, 0], sdgp_sigma_1,
                                                      lscale_sigma_1) * zgp_sigma_1)
        return total(student(Intercept, 3, -13, 36), log(2) + student(sdgp_1, 3, 0, 36), normal(zgp_1, 0, 1),
                     inv_gamma(lscale_1, 1.124909, 0.0177), student(Intercept_sigma, 3, 0, 10),
                     normal(zgp_sigma_1, 0, 1),
                     log(2) + student(sdgp_sigma_1, 3, 0, 36), inv_gamma(lscale_sigma_1, 1.124909, 0.0177),
                     normal(d["Y"], mu, exp(eta)))
    return {"Intercept": real(loc=-13, scale=10), "sdgp_1": positive(loc=30), "lscale_1": positive(loc=0.05),
            "zgp_1": real(40),
            "Intercept_sigma": real(loc=2), "sdgp_sigma_1": positive(loc=1),
            "lscale_sigma_1": positive(loc=0.05),
            "zgp_sigma_1": real(20)}, f


@posterior("seeds_data-.*")
def seeds(d, name):
    n, N, x1, x2 = (d[k] for k in ("n", "N", "x1", "x2"))
    a = {k: real() for k in ("alpha0", "alpha1", "alpha2", "alpha12")}

    def likelihood(alpha0, alpha1, alpha2, alpha12, b):
        return np.sum(binomial_logit(n, N, alpha0 + alpha1 * x1 + alpha2 * x2 + alpha12 * x1 * x2 + b))

    def original(alpha0, alpha1, alpha2, alpha12, tau, b):
        a = np.array([alpha0, alpha1, alpha2, alpha12])
        return total(normal(a, 0, 1000), gamma(tau, 0.001, 0.001), normal(b, 0, tau ** -0.5),
                     likelihood(*a, b))

    def stanified(alpha0, alpha1, alpha2, alpha12, sigma, b):
        a = np.array([alpha0, alpha1, alpha2, alpha12])
        return total(normal(a, 0, 1), half_cauchy(sigma, 1), normal(b, 0, sigma), likelihood(*a, b))

    def centred(alpha0, alpha1, alpha2, alpha12, sigma, c):
        a = np.array([alpha0, alpha1, alpha2, alpha12])
        return total(normal(a, 0, 1), half_cauchy(sigma, 1), normal(c, 0, sigma),
                     likelihood(*a, c - np.sum(c) / len(c)))
    if name.endswith("seeds_model"):
        return {**a, "tau": positive(loc=5), "b": real(21)}, original
    if name.endswith("stanified_model"):
        return {**a, "sigma": positive(), "b": real(21)}, stanified
    return {**a, "sigma": positive(), "c": real(21)}, centred


@posterior("radon_mn-.*", "radon_all-.*")
def radon(d, name):
    y, floor, uppm, c = d["log_radon"], d["floor_measure"], d["log_uppm"], d["county_idx"].astype(int) - 1
    J = int(d["J"])
    which = re.sub("_(non)?centered$", "", name.split("-radon_")[1])
    scale = positive(spread=0.3)
    group = lambda s: {"mu_" + s: real(), "sigma_" + s: scale, s: real(J)}

    def level(x, mu, sigma):
        return total(normal(mu, 0, 10), half_normal(sigma, 1), normal(x, mu, sigma))

    def noise(m, sigma_y):
        return total(half_normal(sigma_y, 1), normal(y, m, sigma_y))

    def pooled(alpha, beta, sigma_y):
        return total(normal(alpha, 0, 10), normal(beta, 0, 10), noise(alpha + beta * floor, sigma_y))

    def county_intercept(alpha, beta, sigma_y):
        return total(normal(alpha, 0, 10), normal(beta, 0, 10), noise(alpha[c] + beta * floor, sigma_y))

    def partially_pooled(mu_alpha, sigma_alpha, alpha, sigma_y):
        return total(level(alpha, mu_alpha, sigma_alpha), noise(alpha[c], sigma_y))

    def variable_intercept(mu_alpha, sigma_alpha, alpha, beta, sigma_y):
        return total(level(alpha, mu_alpha, sigma_alpha), normal(beta, 0, 10),
                     noise(alpha[c] + beta * floor, sigma_y))

    def hierarchical_intercept(mu_alpha, sigma_alpha, alpha, beta, sigma_y):
        return total(level(alpha, mu_alpha, sigma_alpha), normal(beta, 0, 10),
                     noise(alpha[c] + beta[0] * uppm + beta[1] * floor, sigma_y))

    def variable_slope(alpha, mu_beta, sigma_beta, beta, sigma_y):
        return total(normal(alpha, 0, 10), level(beta, mu_beta, sigma_beta),
                     noise(alpha + beta[c] * floor, sigma_y))

    def variable_intercept_slope(mu_alpha, sigma_alpha, alpha, mu_beta, sigma_beta, beta, sigma_y):
        return total(level(alpha, mu_alpha, sigma_alpha), level(beta, mu_beta, sigma_beta),
                     noise(alpha[c] + beta[c] * floor, sigma_y))
    latents = {"pooled": {"alpha": real(), "beta": real()},
               "county_intercept": {"alpha": real(J), "beta": real()},
               "partially_pooled": group("alpha"),
               "variable_intercept": {**group("alpha"), "beta": real()},
               "hierarchical_intercept": {**group("alpha"), "beta": real(2)},
               "variable_slope": {"alpha": real(), **group("beta")},
               "variable_intercept_slope": {**group("alpha"), **group("beta")}}[which]
    return {**latents, "sigma_y": scale}, locals()[which]


@posterior("irt_2pl-irt_2pl")
def irt(d, name):
    def f(sigma_theta, sigma_a, sigma_b, mu_b, theta, a, b):
        return total(half_cauchy(np.array([sigma_theta, sigma_a, sigma_b]), 2), normal(mu_b, 0, 5),
                     normal(theta, 0, sigma_theta),
                     lognormal(a, 0, sigma_a), normal(b, mu_b, sigma_b),
                     bernoulli_logit(d["y"], a[:, None] * (theta[None, :] - b[:, None])))
    return {"sigma_theta": positive(), "sigma_a": positive(), "sigma_b": positive(), "mu_b": real(),
            "theta": real(100),
            "a": positive(20), "b": real(20)}, f


@posterior("dogs-dogs")
def dogs(d, name):
    y = d["y"]
    avoided = np.array([[np.sum(row[:t] == 0) for t in range(len(row))] for row in y])
    shocked = np.array([[np.sum(row[:t] == 1) for t in range(len(row))] for row in y])

    def f(beta):
        return total(normal(beta, 0, 100), bernoulli_logit(y,
                                                           beta[0] + beta[1] * avoided + beta[2] * shocked))
    return {"beta": real(3, scale=0.5)}, f


def capture_recapture(y, omega, chance):
    """log of P(history) for all animals; chance[i][t] is that of a capture if present"""
    sum_of_logs = 0
    for row, p in zip(y, chance):
        present = omega * np.prod([p[t] if row[t] else 1 - p[t] for t in range(len(row))])
        sum_of_logs = sum_of_logs + log(present + (0 if row.any() else 1 - omega))
    return sum_of_logs


@posterior("M0_data-M0_model")
def capture_equal(d, name):
    y = d["y"]
    return ({"omega": between(0, 1), "p": between(0, 1)},
            lambda omega, p: capture_recapture(y, omega, [[p] * y.shape[1]] * len(y)))


@posterior("Mt_data-Mt_model")
def capture_by_time(d, name):
    y = d["y"]
    return {"omega": between(0, 1), "p": between(0, 1, 3)}, lambda omega, p: capture_recapture(y, omega,
                                                                                               [p] * len(y))


@posterior("Mb_data-Mb_model")
def capture_by_behaviour(d, name):
    y = d["y"]

    def f(omega, p, c):
        chance = [[c if t > 0 and row[t - 1] else p for t in range(len(row))] for row in y]
        return capture_recapture(y, omega, chance)
    return {"omega": between(0, 1), "p": between(0, 1), "c": between(0, 1)}, f


@posterior("Survey_data-Survey_model")
def survey(d, name):
    k = d["k"]

    def f(theta):
        by_n = [np.sum(binomial(k, n, theta)) for n in range(int(max(k)), int(d["nmax"]) + 1)]
        return log_sum_exp(np.array(by_n)) - log(d["nmax"])
    return {"theta": between(0, 1)}, f


@posterior("GLM_Poisson_Data-.*")
def glm_poisson(d, name):
    def f(alpha, beta1, beta2, beta3):
        x = d["year"]
        return total(-log(40) - 3 * log(20), poisson_log(d["C"],
                                                         alpha + beta1 * x + beta2 * x ** 2 + beta3 * x ** 3))
    return {"alpha": real(loc=3), **{"beta%d" % i: real() for i in (1, 2, 3)}}, f


@posterior("GLMM_Poisson_data-.*")
def glmm_poisson(d, name):
    latents, glm = glm_poisson(d, name)

    def f(alpha, beta1, beta2, beta3, sigma, eps):
        x = d["year"]
        return total(-log(40) - 3 * log(20) - log(5), normal(eps, 0, sigma),
                     poisson_log(d["C"], alpha + beta1 * x + beta2 * x ** 2 + beta3 * x ** 3 + eps))
    return {**latents, "sigma": between(0, 5), "eps": real(40)}, f


@posterior("wells_data-.*")
def wells(d, name):
    D, A, E = d["dist"] / 100, d["arsenic"], d["educ"] / 4
    Dc, Ac, Ec = D - D.mean(), A - A.mean(), E - E.mean()
    columns = {"dist": [1 + 0 * D, d["dist"]], "dist100": [D], "dist100ars": [D, A], "interaction": [D, A, D * A],
               "interaction_c": [Dc, Ac, Dc * Ac], "dae": [D, A, E], "dae_c": [Dc, Ac, Dc * Ac, E],
               "daae_c": [Dc, Ac, Dc * Ac, d["assoc"], E],
               "dae_inter": [Dc, Ac, Ec, Dc * Ac, Dc * Ec, Ac * Ec]}
    which = name.split("wells_")[2].replace("_model", "")
    X = np.column_stack(columns[which])
    if which == "dist":
        return {"beta": real(2, scale=0.02)}, lambda beta: total(bernoulli_logit(d["switched"], X @ beta))

    def f(alpha, beta):
        return total(bernoulli_logit(d["switched"], alpha + X @ beta))
    return {"alpha": real(), "beta": real(X.shape[1])}, f


@posterior("Rate_1_data-.*")
def rate_1(d, name):
    return {"theta": between(0, 1)}, lambda theta: total(binomial(d["k"], d["n"], theta))


@posterior("Rate_2_data-.*")
def rate_2(d, name):
    def f(theta1, theta2):
        return total(binomial(d["k1"], d["n1"], theta1), binomial(d["k2"], d["n2"], theta2))
    return {"theta1": between(0, 1), "theta2": between(0, 1)}, f


@posterior("Rate_4_data-.*")
def rate_4(d, name):
    return ({"theta": between(0, 1), "thetaprior": between(0, 1)},
            lambda theta, thetaprior: total(binomial(d["k"], d["n"], theta)))


@posterior("bones_data-bones_model")
def bones(d, name):
    """expit(a) - expit(b) is sinh((a - b) / 2) / (2 cosh(a / 2) cosh(b / 2)), which loses no digits."""
    def log_cosh(x):
        x = np.where(x.real < 0, -x, x)
        return x - log(2) + log(1 + exp(-2 * x))

    def f(theta):
        terms = [normal(theta, 0, 36)]
        for i, row in enumerate(d["grade"].astype(int)):
            for j, grade in enumerate(row):
                K = int(d["ncat"][j])
                at = lambda k: d["delta"][j] * (theta[i] - d["gamma"][j, k - 1])
                if grade == 1:
                    terms.append(-softplus(at(1)))
                elif grade == K:
                    terms.append(-softplus(-at(K - 1)))
                elif grade > 1:
                    a, b = at(grade - 1), at(grade)
                    terms.append(log(np.sinh((a - b).real / 2)) - log(2) - log_cosh(a / 2) - log_cosh(b / 2))
        return total(*terms)
    return {"theta": real(13, loc=8, scale=6)}, f


@posterior("loss_curves-losscurve_sislob")
def loss_curves(d, name):
    c, t = d["cohort_id"].astype(int) - 1, d["t_value"][d["t_idx"].astype(int) - 1]
    assert d["growthmodel_id"] == 1

    def f(mu_LR, sd_LR, loss_sd, omega, theta, LR):
        growth = 1 - exp(-(t / theta) ** omega)
        return total(normal(mu_LR, 0, 0.5), lognormal(sd_LR, 0, 0.5), lognormal(loss_sd, 0, 0.7),
                     lognormal(omega, 0, 0.5),
                     lognormal(theta, 0, 0.5), lognormal(LR, mu_LR, sd_LR),
                     normal(d["loss"], LR[c] * d["premium"][c] * growth, loss_sd * d["premium"][c]))
    return {"mu_LR": real(scale=0.5), "sd_LR": positive(), "loss_sd": positive(loc=0.3), "omega": positive(),
            "theta": positive(),
            "LR": positive(10)}, f


@posterior("gp_pois_regr-gp_regr")
def gp_regression(d, name):
    x, y = d["x"], d["y"]

    def f(rho, alpha, sigma):
        K = alpha ** 2 * exp(-(x[:, None] - x) ** 2 / (2 * rho ** 2)) + sigma * np.eye(len(x))
        return total(gamma(rho, 25, 4), half_normal(alpha, 2), half_normal(sigma, 1), -len(x) * LOG_ROOT,
                     -0.5 * log(np.linalg.det(K)) - 0.5 * y @ np.linalg.solve(K, y))
    return {"rho": positive(loc=6, spread=0.2), "alpha": positive(), "sigma": positive()}, f


@posterior("garch-garch11")
def garch(d, name):
    y = d["y"]

    def f(mu, alpha0, alpha1, beta1):
        s2 = [d["sigma1"] ** 2]
        for t in range(1, len(y)):
            s2.append(alpha0 + alpha1 * (y[t - 1] - mu) ** 2 + beta1 * s2[-1])
        return total(normal(y, mu, sqrt(np.array(s2))))

    def draw(rng):
        share = between(0, 1)(rng)
        return {"mu": real(loc=5)(rng), "alpha0": positive()(rng), "alpha1": share,
                "beta1": rounded(rng.uniform(0.02, 0.98) * (1 - share))}
    return draw, f


@posterior("hudson_lynx_hare-lotka_volterra")
def lotka_volterra(d, name):
    step = 1 / 25

    def slope(z, theta):
        u, v = z
        return np.array([(theta[0] - theta[1] * v) * u, (-theta[2] + theta[3] * u) * v])

    def f(theta, z_init, sigma):
        mean, sd = np.array([1, 0.05, 1, 0.05]), np.array([0.5, 0.05, 0.5, 0.05])
        value = total(normal(theta, mean, sd)) - log(1 - special.ndtr(-mean / sd)).sum()
        value = value + total(lognormal(sigma, -1, 1)) + total(lognormal(z_init, log(10), 1))
        value = value + total(lognormal(d["y_init"], log(z_init), sigma))
        z = z_init
        for year in range(int(d["N"])):
            for _ in range(25):
                k1 = slope(z, theta)
                k2 = slope(z + step / 2 * k1, theta)
                k3 = slope(z + step / 2 * k2, theta)
                k4 = slope(z + step * k3, theta)
                z = z + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            value = value + total(lognormal(d["y"][year], log(z), sigma))
        return value
    return {"theta": lambda rng: rounded(np.array([0.55, 0.028, 0.8, 0.024]) * exp(0.1 * rng.standard_normal(4))),
            "z_init": positive(2, loc=20, spread=0.3), "sigma": positive(2, loc=0.3, spread=0.3)}, f


@posterior("hmm_example-hmm_example")
def hmm(d, name):
    def f(theta1, theta2, mu):
        transition = log(np.array([theta1, theta2]))
        forward = log(0.5) + normal(d["y"][0], mu, 1)
        for y in d["y"][1:]:
            forward = log_sum_exp(forward[:, None] + transition, 0) + normal(y, mu, 1)
        middle = np.array([3, 10])
        return total(normal(mu, middle, 1), -special.log_ndtr(middle), log_sum_exp(forward))
    return {"theta1": shares(2), "theta2": shares(2),
            "mu": lambda rng: increasing(2, 2)(rng) * np.array([1, 3])}, f


@posterior("mcycle_splines-.*")
def mcycle_splines(d, name):
    def f(Intercept, bs, sds_1_1, zs_1_1, Intercept_sigma, bs_sigma, sds_sigma_1_1, zs_sigma_1_1):
        mu = Intercept + d["Xs"] @ bs + d["Zs_1_1"] @ (sds_1_1 * zs_1_1)
        eta = Intercept_sigma + d["Xs_sigma"] @ bs_sigma + d["Zs_sigma_1_1"] @ (sds_sigma_1_1 * zs_sigma_1_1)
        return total(student(Intercept, 3, -13, 36), log(2) + student(sds_1_1, 3, 0, 36), normal(zs_1_1, 0, 1),
                     student(Intercept_sigma, 3, 0, 10), log(2) + student(sds_sigma_1_1, 3, 0, 36),
                     normal(zs_sigma_1_1, 0, 1), normal(d["Y"], mu, exp(eta)))
    side = lambda s, loc: {"Intercept" + s: real(loc=loc), "bs" + s: real(1),
                           "sds%s_1_1" % s: positive(), "zs%s_1_1" % s: real(38)}
    return {**side("", -13), **side("_sigma", 2)}, f


@posterior("radon_mod-radon_county")
def radon_county(d, name):
    c = d["county"].astype(int) - 1

    def f(mu_a, sigma_a, sigma_y, a):
        return total(normal(mu_a, 0, 1), -2 * log(100), normal(a, mu_a, sigma_a), normal(d["y"], a[c], sigma_y))
    return {"mu_a": real(), "sigma_a": positive(), "sigma_y": positive(), "a": real(int(d["J"]))}, f


@posterior("fims_Aus_Jpn_irt-.*")
def latent_regression(d, name):
    item, person = d["ii"].astype(int) - 1, d["jj"].astype(int) - 1
    W = d["W"].copy()
    W[:, 1:] = (W[:, 1:] - W[:, 1:].mean(0)) / (2 * W[:, 1:].std(0, ddof=1))

    def f(lambda_adj, theta, alpha, beta):
        return total(student(lambda_adj, 3, 0, 1), normal(theta, W @ lambda_adj, 1), lognormal(alpha, 1, 1),
                     on_plane(beta, np.zeros(14), np.full(14, 3.0)),
                     bernoulli_logit(d["y"], alpha[item] * theta[person] - beta[item]))

    def effects(rng):
        free = real(13)(rng)
        return np.append(free, -free.sum())
    return {"lambda_adj": real(4), "theta": real(500), "alpha": positive(14), "beta": effects}, f


@posterior("three_.*-lda")
def lda(d, name):
    w, doc = d["w"].astype(int) - 1, d["doc"].astype(int) - 1

    def f(theta, phi):
        return total(*[dirichlet(row, np.ones(2)) for row in theta],
                     *[dirichlet(row, np.ones(int(d["V"]))) for row in phi],
                     log(np.sum(theta[doc] * phi.T[w], 1)))
    return {"theta": lambda rng: rng.dirichlet([2, 2], int(d["M"])),
            "phi": lambda rng: rng.dirichlet(np.full(int(d["V"]), 2.0), 2)}, f


@posterior("mnist_100-nn_rbm1bJ10")
def digits(d, name):
    M, J, K = d["x"].shape[1], 10, 10
    y = d["y"].astype(int) - 1

    def f(sigma2_alpha, sigma2_beta, alpha, beta, alpha1, beta1):
        logits = beta1 + np.tanh(alpha1 + d["x"] @ alpha) @ beta
        logits = np.column_stack([np.zeros(len(y)), logits])
        return total(inv_gamma(sigma2_alpha, 0.25, 0.25 * (0.05 / M ** 2) ** 2),
                     inv_gamma(sigma2_beta, 0.25, 0.25 * (0.05 / J ** 2) ** 2),
                     normal(alpha, 0, sqrt(sigma2_alpha)), normal(beta, 0, sqrt(sigma2_beta)),
                     normal(alpha1, 0, 1), normal(beta1, 0, 1),
                     logits[np.arange(len(y)), y] - log_sum_exp(logits, 1))
    return {"sigma2_alpha": positive(loc=0.01), "sigma2_beta": positive(), "alpha": real(M, J, scale=0.1),
            "beta": real(J, K - 1), "alpha1": real(J), "beta1": real(K - 1)}, f


@posterior("ovarian-.*")
def horseshoe(d, name):
    scale = 2 * d["scale_global"]

    def f(z, _lambda, tau, caux, beta0):
        c2 = d["slab_scale"] ** 2 * caux
        beta = z * tau * sqrt(c2 * _lambda ** 2 / (c2 + tau ** 2 * _lambda ** 2))
        return total(normal(z, 0, 1), log(2) + student(_lambda, d["nu_local"], 0, 1),
                     log(2) + student(tau, d["nu_global"], 0, scale),
                     inv_gamma(caux, d["slab_df"] / 2, d["slab_df"] / 2), normal(beta0, 0, d["scale_icept"]),
                     bernoulli_logit(d["y"], beta0 + d["x"] @ beta))
    return {"z": real(int(d["d"])), "lambda": lambda rng: 0.01 + positive(int(d["d"]))(rng),
            "tau": positive(loc=0.1), "caux": positive(), "beta0": real()}, \
        lambda z, tau, caux, beta0, **rest: f(z, rest["lambda"], tau, caux, beta0)


@posterior("hmm_gaussian_simulated-hmm_gaussian")
def hmm_gaussian(d, name):
    def f(pi1, A, mu, sigma):
        forward = log(pi1) + np.sum(normal(d["y"][0], mu, sigma))
        for y in d["y"][1:]:
            forward = log_sum_exp(forward[:, None] + log(A), 0) + normal(y, mu, sigma)
        return total(dirichlet(pi1, np.ones(3)), *[dirichlet(row, np.ones(3)) for row in A], log_sum_exp(forward))
    return {"pi1": shares(3), "A": lambda rng: rng.dirichlet(np.full(3, 2.0), 3),
            "mu": lambda rng: rounded(10 * increasing(3)(rng)), "sigma": positive(3, loc=5)}, f


@posterior("uk_drivers-.*")
def uk_drivers(d, name):
    y, n = d["y"], int(d["n"])

    def f(beta, _lambda, sigma, mu, seasonal):
        eleven = np.array([-np.sum(seasonal[t - 11:t]) for t in range(11, n)])
        return total(3 * log(2), log(6), student(sigma, 4, 0, 1), normal(mu[1:], mu[:-1], sigma[1]),
                     normal(seasonal[11:], eleven, sigma[0]),
                     normal(y, mu + beta * d["x"] + _lambda * d["w"] + seasonal, sigma[2]))
    m, s = y.mean(), y.std(ddof=1)
    return {"beta": real(), "lambda": real(), "sigma": increasing(3, 0.1), "mu": between(m - 3 * s, m + 3 * s, n),
            "seasonal": real(n, scale=0.2)}, \
        lambda beta, sigma, mu, seasonal, **rest: f(beta, rest["lambda"], sigma, mu, seasonal)


# ---- the programs of programs/ ----

PROGRAM = {}


def program(f):
    PROGRAM[f.__name__] = f
    return f


def at(values, index):
    """gathers: indices count from 1"""
    if isinstance(index, tuple):
        return values[tuple(i.astype(int) - 1 for i in index)]
    return values[index.astype(int) - 1]


@program
def gathers(d):
    region, home, away, host = d["region_of"], d["home"], d["away"], d["host"]

    def f(level, skill, edge, pull):
        day = np.array([1, 2]) * np.ones_like(host)
        crowd = at(skill, host) + at(pull, (at(region, host), day)) - at(level, at(region, away))[:, None]
        return total(normal(level, 0, 1), normal(skill, at(level, region), 1), normal(edge, 0, 2),
                     normal(pull, 0, 1),
                     bernoulli_logit(d["won"], at(skill, home) - at(skill, away) + at(edge, (home, away))),
                     normal(d["margin"], at(level, at(region, home)) * at(edge, (away, home)), 1.5),
                     normal(d["crowd"], crowd, 2))
    return {"level": real(3), "skill": real(4), "edge": real(4, 4), "pull": real(3, 2)}, f


@program
def aliases(d):
    x, N = d["x"], len(d["x"])
    n = np.arange(1, N + 1)

    def f(l, a, f):
        K = a ** 2 * exp(-0.5 * ((x[:, None] - x[None, :]) / l) ** 2) + 0.1 * np.eye(N)
        along = [sum(x[j] * f[j] * n[i] for j in range(N)) for i in range(N)]
        upper = sum(np.sin(f[i]) * np.cos(f[j]) for i in range(N) for j in range(i + 1, N))
        pairs = [0.01 * (i - j) ** 2 * f[i] ** 2 * f[j] for i in range(N) for j in range(N)]
        return total(half_normal(l, 1), half_normal(a, 2), normal(f, 0, 1), -0.5 * f @ K @ f,
                     np.array(along) * f / 10,
                     N ** 2 * upper, -np.array(pairs))
    return {"l": positive(), "a": positive(), "f": real(N)}, f


@program
def transposed(d):
    M = np.array(d["M"])

    def f(f):
        return total(normal(f, 0, 1), f * (M.T @ f ** 3), f @ (M @ M) @ f ** 2, f @ (M @ M.T) @ f ** 3,
                     f @ (M * M.T) @ np.sin(f))
    return {"f": real(3)}, f


@program
def index_lets(d):
    y, T = d["y"], len(d["y"])

    def f(b, s, f, w):
        terms = [normal(b, 0, 1), half_normal(s, 1), normal(f, 0, 1), normal(w, 0, 1)]
        terms += [normal(y[t], b[0] * y[t - 1] + b[1] * y[t - 2] + b[2] * y[t - 3] + f[t],
                         s) for t in range(3, T)]
        padded = [f[0], *f, f[-1]]
        terms += [-0.5 * (padded[t] - 2 * padded[t + 1] + padded[t + 2]) ** 2 for t in range(T)]
        terms += [d["table"].flat[t] * w.flat[t] * f[t] for t in range(T)]
        return total(*terms)
    return {"b": real(3), "s": positive(), "f": real(T), "w": real(3, 3)}, f


@program
def reductions(d):
    x = d["x"]
    G, S = x.shape

    def var(x, n, axis=None):
        return np.sum((x - np.sum(x, axis, keepdims=True) / n) ** 2, axis) / (n - 1)

    def f(a, b):
        level = np.cumsum(a * x, 1)
        share = exp(a + b) / np.sum(exp(a + b), 1, keepdims=True)
        extremes = largest(a, 1)[:, None] + 2 * largest(-x * a, 0)[None, :] + largest(a * b)
        moments = -0.5 * log(var(a, S, 1))[:, None] + (b * np.sum(a, 0) / G)[None, :] * var(a - x, G * S)
        return total(normal(a, 0, 1), normal(b, 0, 1), -0.1 * np.sum(level + b, 1) ** 2,
                     log_sum_exp(level + b * x, 1),
                     log_sum_exp(a - b), share * x, a * b - log_sum_exp(a * b, 0),
                     0.1 * np.prod(1 + 0.3 * a, 1), extremes, moments,
                     b ** 2 * a, 0.01 * np.cumsum(np.cumsum(a, 1), 0))
    return {"a": real(G, S), "b": real(S)}, f


def laplace_cdf(x):
    return np.where(np.real(x) < 0, 0.5 * exp(-absolute(x)), 1 - 0.5 * exp(-absolute(x)))


def laplace(x, m, s):
    return -absolute(x - m) / s - log(2 * s)


def weibull(x, shape, scale):
    return log(shape / scale) + (shape - 1) * log(x / scale) - (x / scale) ** shape


def logistic(x, m, s):
    return (m - x) / s - log(s) - 2 * softplus((m - x) / s)


def gumbel(x, m, s):
    return (m - x) / s - exp((m - x) / s) - log(s)


@program
def narrowing(d):
    def draw(rng):
        inside = lambda a, b: rounded(a + (b - a) * rng.uniform(0.1, 0.9))
        more = lambda a: rounded(a + rng.uniform(0.2, 2))
        m, s = rounded(rng.normal()), more(0.2)
        v, h = rounded(rng.uniform(0.2, 2, 3)), inside(0, 1)
        return {"m": m, "s": s, "a": more(0), "b": -more(0), "c": inside(m, m + s), "d": -more(-m),
                "e": more(0.5), "f": more(3),
                "g": inside(0.5, 2), "h": h, "i": more(m), "v": v, "w": inside(-1, v), "q": more(0),
                "r": inside(0, 1 - h)}

    def f(m, s, a, b, c, d_, e, f, g, h, i, v, w, q, r):
        below_2, below_half = Phi((log(2) - m) / s), Phi((log(0.5) - m) / s)
        return total(normal(m, 0, 1), half_normal(s, 2), normal(a, m, s) - log_Phi(m / s),
                     normal(b, m, s) - log_Phi(-m / s),
                     normal(c, 1, 2) - log(Phi((m + s - 1) / 2) - Phi((m - 1) / 2)),
                     cauchy(d_, 0, s) - log(0.5 + np.arctan(m / s) / pi),
                     half_cauchy(e, s) - log(1 - 2 / pi * np.arctan(0.5 / s)),
                     log(s) - s * (f - 3), lognormal(g, m, s) - log(below_2 - below_half),
                     laplace(h, m, 1) - log(laplace_cdf(1 - m) - laplace_cdf(-m)),
                     logistic(v, m, s) - log(expit(m / s)), normal(w, 0, v) - log(Phi(v / v) - Phi(-1 / v)),
                     gumbel(q, m, s) - log(1 - exp(-exp(m / s))),
                     weibull(r, 1.5, s) - log(1 - exp(-((1 - h) / s) ** 1.5)),
                     normal(d["y"], a + b + c + d_ + e + f + g + h + i + q + r + np.sum(v * w), 1))
    return draw, lambda **x: f(**{("d_" if k == "d" else k): value for k, value in x.items()})


@program
def orders(d):
    rising = lambda rng: np.array([increasing(4)(rng) for _ in range(2)])
    rising_from_0 = lambda rng: np.array([increasing(4, 0)(rng) for _ in range(2)])

    def f(m, s, a, b, c, d, e, f):
        return total(normal(m, 0, 1), half_normal(s, 1), 7 * log(24), normal(a, m, s),
                     normal(b, m, s) - log_Phi(m / s),
                     cauchy(c, 0, 1), log(s) - s * d, half_normal(e, 1), -0.5 * f ** 2)
    return {"m": real(), "s": positive(), "a": increasing(4), "b": increasing(4, 0), "c": rising,
            "d": increasing(4, 0),
            "e": rising_from_0, "f": increasing(4)}, f


@program
def truncated(d):
    def draw(rng):
        mu, s = rounded(rng.normal()), rounded(rng.uniform(0.3, 1.5))
        share = rng.uniform(0.1, 0.9)
        return {"mu": mu, "s": s, "w": rounded(rng.uniform(-0.9, 0.9)),
                "u": rounded(mu - 2 + share * (2 + 3 * s)),
                "v": rounded(rng.uniform(-3.9, 3)), "x": rounded(rng.uniform(-0.4, 2, 3))}

    def f(mu, s, w, u, v, x):
        cut = lambda c: Phi((c - mu) / s)
        ends = np.array([cut(d["top"][0]), cut(d["top"][1]) - cut(d["low"][1]), 1 - cut(d["low"][2])])
        p = expit(mu)
        geometric = d["n"] * log(1 - p) + log(p) - log((1 - p) - (1 - p) ** 7)
        return total(normal(mu, 0, 1), half_normal(s, 1),
                     normal(w, mu, s) - log(Phi((1 - mu) / s) - Phi((-1 - mu) / s)),
                     normal(u, mu, s) - log(Phi(3.0) - Phi(-2 / s)),
                     laplace(v, mu, s) - log(1 - laplace_cdf((-4 - mu) / s)),
                     normal(d["y"], mu, s) - log(Phi((d["top"] - mu) / s) - Phi((d["low"] - mu) / s)),
                     normal(x, mu, s) - log(ends), log(s) - s * d["z"] - log(1 - exp(-s * d["top"])),
                     geometric)
    return draw, f


@program
def tails(d):
    low, x = d["low"], d["x"]

    def f(s, a, b, c, d, e):
        up = np.where(low > 0, low, 0)
        log_up = log(np.where(low > 0, low, 1))
        ends = np.where(low < 0, 1, 1 - exp(-4 * s))
        ends = ends - np.where(low > 0, 1 - exp(-s * up), 0)
        return total(half_normal(s, 1), half_normal(a, s) - log(2 * (Phi(2 / s) - Phi(up / s))),
                     half_cauchy(b, s) - log(1 - 2 / pi * np.arctan(up / s)),
                     log(s) - s * c - log(exp(-s * up) - exp(-2 * s)),
                     lognormal(d, 0, s) - log(Phi(log(3) / s) - np.where(low > 0, Phi(log_up / s), 0)),
                     weibull(e, 1.5, s) + (up / s) ** 1.5, log(s) - s * x - log(ends))
    at_least = lambda rng: rounded(np.where(low > 0, low, 0) + rng.uniform(0.1, 1.5, 3))
    return {"s": positive(), "a": at_least, "b": at_least, "c": at_least, "d": at_least, "e": at_least}, f


@program
def event_axes(d):
    def walk(x, start, scale):
        return normal(x, np.concatenate([[start], x[:-1]]), scale)

    def f(s, m, h, g):
        return total(half_normal(s, 1), normal(m, 0, 1), walk(h, 0, s), normal(g, 0, 1),
                     *[walk(y, m[i], s) for i, y in enumerate(d["y"])],
                     *[0.1 * walk(g[:, i], 1, s) for i in range(2)])
    return {"s": positive(4), "m": real(2), "h": real(4), "g": real(4, 2)}, f


@program
def censored(d):
    t, y, cap, n = d["t"], d["y"], d["cap"], d["n"]

    def f(mu, s):
        scale, shape, p = exp(mu), 1 + s, expit(mu)
        lives = np.where(d["died"] == 1, weibull(t, shape, scale), -(t / scale) ** shape)
        values = np.where(y >= cap, log_Phi((mu - cap) / s),
                          np.where(y <= -1, log_Phi((-1 - mu) / s), normal(y, mu, s)))
        counts = np.where(n >= 4, 4 * log(1 - p), n * log(1 - p) + log(p))
        return total(normal(mu, 0, 1), half_normal(s, 1), lives, values, counts)
    return {"mu": real(), "s": positive()}, f


@program
def cut(d):
    y, k, u = d["y"], d["k"], d["u"]

    def f(m, s, w):
        at = lambda x: Phi((x - m) / s)
        values = np.where(y >= 3, log(at(4) - at(3)), np.where(y <= 0.5, log(at(0.5) - at(0)), normal(y, m, s)))
        p = expit(m)
        chance = lambda j: p * (1 - p) ** j
        some = 1 - chance(0)
        counts = np.where(k >= 5, log(some - sum(chance(j) for j in range(1, 5))), log(chance(k))) - log(some)
        shares = np.where(u >= 0.8, log(0.9 ** s - 0.8 ** s), log(s) + (s - 1) * log(u)) - log(0.9 ** s - 0.1 ** s)
        return total(normal(m, 1, 1), half_normal(s, 1), values - log(at(4) - at(0)), counts, shares,
                     log(1 + s) + s * log(w) - log(1 - 0.2 ** (1 + s)))
    return {"m": real(loc=1), "s": positive(), "w": between(0.2, 1)}, f


@program
def labels(d):
    group = np.array([["control", "low", "high"].index(g) for g in d["group"]])

    def f(b, drift):
        return total(normal(b, 0, 1), normal(drift, 0, 1),
                     normal(d["y"], b[group] + 0.1 * d["dose"] @ b + d["dose"][:, 1], 1),
                     -(b[2] - b[0]) ** 2 * b[2], drift[1, 1] * drift[0, 2], np.sin(drift[:, 0]), b[1] ** 2)
    return {"b": real(3), "drift": real(3, 3)}, f


@program
def functions(d):
    y = d["y"]

    def f(m, q, t, u, h):
        a, scale = m - 1, exp((m + 1) / 4)
        mixed = log((1 - q) * exp(normal(y, a, scale)) + q * exp(normal(y, a, 10 * scale)))
        return total(normal(m, y.min(), y.max() - y.min()), beta_density(q, 2, 5),
                     log(2 * t / 16) - log((9 - 1) / 16),
                     log(2 * u / 25) - log((4 - 0.25) / 25), normal(h, 0, 1), mixed,
                     -sqrt(np.sum(h ** 2)) * t * u)
    return {"m": real(), "q": between(0, 1), "t": between(1, 3), "u": between(0.5, 2), "h": real(4)}, f


@program
def branches(d):
    k, n, x = d["k"], d["n"], d["x"]

    def f(a, b, s):
        terms = [normal(a, 0, 1), normal(b, 0, 1), half_normal(s, 1)]
        terms += [log(a) - a] if a.real > 0 else [-a ** 2 - sqrt(-a)]
        for i in range(len(k)):
            terms.append(b[i] / n[i] if n[i] > 0 else b[i] * x[i])
            terms.append(k[i] * log(s * k[i]) if k[i] > 0 else -s)
            terms.append(-x[i] ** s if x[i] > 0 else -s)
            terms.append(-(b[i] - x[i]) ** 1.5 if b[i].real > x[i] else -(x[i] - b[i]) ** 2.5)
            terms.append(-b[i] / 5)
            terms.append(b[i] * np.sin(x[i]) / x[i] if x[i] != 0 else -b[i] ** 2)
            terms.append(-0.1 * k[i] * log(s))
            terms.append(b[i] * log(x[i]) / k[i] if x[i] > 0 and k[i] > 0 else b[i])
        return total(*terms)
    return {"a": real(), "b": real(4), "s": positive()}, f


@program
def shares_(d):
    def f(w, p, g, mu):
        mixed = [log(np.sum(w * exp(normal(y, mu, 1)))) for y in d["y"]]
        return total(dirichlet(w, np.full(3, 2.0)), *[dirichlet(row, np.full(3, 1.5)) for row in p],
                     normal(mu, 0, 1),
                     log(at(p, (d["site_of"], d["z"]))), mixed, log(np.sum(g * exp(mu))))
    return {"w": shares(3), "p": lambda rng: np.array([shares(3)(rng) for _ in range(2)]), "g": shares(3),
            "mu": real(3)}, f


@program
def values(d):
    def f(m, s, c):
        x = d["x"]
        kl_normal = -log(s) + 0.5 * (s ** 2 + (m - c) ** 2 - 1)
        kl_gamma = (s - 3) * digamma(s) - lgamma(s) + lgamma(3) + 3 * log(2 / s) + s * (s - 2) / 2
        tails = [log_Phi((-8 - m) / s)] * 3
        variance = (exp(0.3 ** 2) - 1) * exp(m / 2 + 0.3 ** 2)
        return total(normal(m, 0, 1), half_normal(s, 1), normal(c, 0, 1), gamma(x, 1 + s, 2),
                     log_Phi((c - m) / s),
                     3 * 0.5 * (m + s * log(0.3 / 0.7)), -kl_normal, -0.1 * kl_gamma,
                     -0.5 * log(2 * pi * np.e) - log(s), s / (s + 2),
                     -3 * variance, tails, -(x / 2) ** s)
    return {"m": real(), "s": positive(), "c": real(3)}, f


@program
def contractions(d):
    def f(W, V, b, s):
        h = np.tanh(d["X"] @ W + b)
        gram = np.array([[np.sum(h[:, i] * h[:, j]) for j in range(4)] for i in range(4)])
        three = sum(W[i, j] * V[j, k] * b[j] for i in range(3) for j in range(4) for k in range(2))
        return total(normal(W, 0, 1), normal(V, 0, 1), normal(b, 0, 1), half_normal(s, 1),
                     normal(d["Y"], h @ V, s), -0.01 * three,
                     -0.1 * gram)
    return {"W": real(3, 4), "V": real(4, 2), "b": real(4), "s": positive(2)}, f


@program
def nets(d):
    X = d["X"]

    def f(**at):
        def layer(name, x):
            return x @ at[name + ".W"] + at[name + ".b"]

        def first(x):
            return np.tanh(layer("first", x))

        def leaky(x):
            return np.where(np.real(x) > 0, x, 0.1 * x)

        x = expit(layer("gaussian1.inner", -X))
        gap = x - np.mean(x, 1, keepdims=True)
        h = layer("gaussian1.inner", X)
        h = h * Phi(h) + at["gaussian1.layer_norm1.offset"] + (
            at["gaussian1.layer_norm1.scale"] * gap / sqrt(np.mean(gap ** 2, 1, keepdims=True) + 1e-5))
        mean = layer("gaussian1.dense1", h * expit(h))
        spread = softplus(layer("gaussian1.dense2", np.where(np.real(h) > 0, h, exp(h) - 1)))
        twice = layer("shared", first(X)) - layer("shared", first(2 * X))
        apart = layer("dense1", leaky(X)) * layer("dense2", leaky(X + 1))
        relu = np.where(np.real(at["shared.b"]) > 0, at["shared.b"], 0)
        tau = at["first.tau"]
        return total(half_normal(tau, 1), normal(at["first.W"], 0, tau / sqrt(3)), normal(at["first.b"], 0, 1),
                     -0.1 * at["first.b"] ** 2,
                     normal(d["y"], mean + twice + apart + relu * tau, spread))
    sizes = {"first": (3, 4), "shared": (4, 2), "dense1": (3, 2), "dense2": (3, 2), "gaussian1.inner": (3, 4),
             "gaussian1.dense1": (4, 2), "gaussian1.dense2": (4, 2)}
    draws = {"first.tau": positive(), "gaussian1.layer_norm1.scale": real(4), "gaussian1.layer_norm1.offset": real(4)}
    for name, (rows, columns) in sizes.items():
        draws[name + ".W"] = real(rows, columns)
        draws[name + ".b"] = real(columns)
    return draws, f


@program
def submodel(d):
    """The same network without nets, its weights drawn one by one."""
    def f(sigma, **at):
        W, b, V, c = at["first.W"], at["first.b"], at["second.W"], at["second.b"]
        h = d["X"] @ W + b
        h = np.where(np.real(h) > 0, h, 0)
        return total(half_normal(sigma, 1), normal(W, 0, 1 / sqrt(3)), normal(b, 0, 1), normal(V, 0, 1 / sqrt(5)),
                     normal(c, 0, 1), normal(d["y"], (h @ V + c)[:, 0], sigma))
    return {"sigma": positive(), "first.W": real(3, 5), "first.b": real(5), "second.W": real(5, 1),
            "second.b": real(1)}, f


def log_multi_normal(x, m, C):
    return -0.5 * (x - m) @ np.linalg.solve(C, x - m) - 0.5 * log(np.linalg.det(C)) - len(x) * LOG_ROOT


def lower_factor(A):
    """Cholesky's, without conjugates"""
    L = np.zeros_like(A)
    for i, j in np.ndindex(A.shape):
        if j <= i:
            rest = A[i, j] - L[i, :j] @ L[j, :j]
            L[i, j] = sqrt(rest) if i == j else rest / L[j, j]
    return L


@program
def expressions(d):
    county, twin, x, n = d["county_of"].astype(int), d["twin"].astype(int) - 1, d["x"], np.arange(1, 4)

    def f(a, b, K, u, s):
        c = 2
        v = u[twin] - u
        terms = [normal(a, 0, 1), normal(b, 0, 1), normal(K, 0, 1), normal(u, 0, 1), half_normal(s, 1)]
        terms += [-(s ** 2) + (2 ** (-s)) / 8 + 2 * s + 2 ** (3 ** (-s)) - s, s - 2, -0.05 * (s + c) ** 2]
        terms += [x * (a + b ** 2)[county] - exp(0.1 * a)[county] * b[1]]
        terms += [K[1, j] * u[1] - 3 * K[0, 2] + K[twin[i], 2] * u[i] for i in range(3) for j in range(3)]
        terms += [np.cumsum(u)[twin] * n - v[twin], np.sum(K[2]) + largest(K[twin, 0]),
                  np.array([a[0], 2 * b[1]])[county]]
        return total(*terms, np.sin(u + 1) * (u + 1)[twin])
    return {"a": real(2), "b": real(2), "K": real(3, 3), "u": real(3), "s": positive()}, f


@program
def lags(d):
    y, z = d["y"], d["z"]

    def f(phi, s, h, g):
        m = np.concatenate([h[1:] - phi * y[:-1], y[-1:] * h[-1:]])
        return total(normal(phi, 0, 1), half_normal(s, 1), normal(h[0], 0, 2), normal(h[1:], phi * h[:-1], s),
                     cauchy(g[:, :2], 0, s), normal(g[:, 2:], g[:, 1:-1] - 0.5 * g[:, :-2], 1),
                     normal(y, m, 1),
                     normal(z[:, 0], g[:, 0], 2), normal(z[:, 1:], g[:, 1:] + phi * z[:, :-1], s))
    return {"phi": real(), "s": positive(), "h": real(5), "g": real(2, 5)}, f


@program
def kalman(d):
    """The joint density of the series, by the covariance of all its entries."""
    y, T = d["y"], len(d["y"])
    G = np.array([[1.0, 1.0], [0.0, 1.0]])

    def f(w, v):
        C, S = 10 * np.eye(2), np.zeros((T, T), complex)
        for t in range(T):
            along = C
            for u in range(t, T):
                S[t, u] = S[u, t] = along[0, 0]
                along = G @ along
            C = G @ C @ G.T + np.diag(w ** 2)
        return total(half_normal(w, 1), half_normal(v, 1), log_multi_normal(y, 0, S + v ** 2 * np.eye(T)))
    return {"w": positive(2), "v": positive()}, f


@program
def dynamic(d):
    """The joint density of all series, by the covariance of all entries."""
    y, T = d["y"], len(d["y"][0][0])
    F, G = np.array([[1.0, 0.3], [0.3, 1.0]]), np.array([[0.9, 0.9], [0.1, 0.9]])

    def f(w, v):
        C, m, states, means = 10 * np.eye(2), 0.5 * np.ones(2), np.zeros((T, 2, T, 2), complex), []
        for t in range(T):
            C, m = G @ C @ G.T + w * np.eye(2) + 0.2, G @ m
            means.append(F.T @ m)
            along = C
            for u in range(t, T):
                states[u, :, t, :] = F.T @ along @ F
                states[t, :, u, :] = (F.T @ along @ F).T
                along = G @ along
        terms = [half_normal(w, 1), half_normal(v, 1)]
        for i in range(2):
            noise = np.kron(np.eye(T), v[i] * np.eye(2) + 0.1)
            terms.append(log_multi_normal(y[i].T.reshape(-1), np.concatenate(means), states.reshape(2 * T, 2 * T) + noise))
        return total(*terms)
    return {"w": positive(), "v": positive(2)}, f


@program
def matrices(d):
    x, y = d["x"], d["y"]
    gap2, n = (x[:, None] - x) ** 2, np.arange(1, len(x) + 1)

    def f(l, s, f, g):
        K = s ** 2 * exp(-gap2 / 8) + 0.3 * np.eye(len(x))
        terms = [half_normal(l, 1), half_normal(s, 1), log_multi_normal(f, 0.5 * x, K), normal(g, 0, 1),
                 log_multi_normal(y, f, s ** 2 * K)]
        for i in range(2):
            C = exp(-0.5 * gap2 / l[i] ** 2) + s * np.eye(len(x))
            terms += [log_multi_normal(d["Y"][i], g[:, i], C), -0.5 * x @ np.linalg.solve(C, f),
                      0.1 * log(np.linalg.det(C)),
                      n @ lower_factor(K) @ n]
        return total(*terms)
    return {"l": positive(2), "s": positive(), "f": real(4), "g": real(4, 2)}, f


def lower_symmetric(A):
    """what a factorisation that reads the lower triangle sees"""
    return np.tril(A) + np.tril(A, -1).T


def lkj_constant(eta, d):
    """Lewandowski, Kurowicka and Joe (2009), equation 16: the integral of det(R)^(eta - 1)"""
    powers = sum((2 * eta - 2 + d - k) * (d - k) for k in range(1, d)) * log(2)
    return powers + sum((d - k) * (2 * lgamma(eta + (d - k - 1) / 2) - lgamma(2 * eta + d - k - 1))
                        for k in range(1, d))


def log_matrix_gamma(a, d):
    return d * (d - 1) / 4 * log(pi) + sum(lgamma(a - i / 2) for i in range(d))


def wishart(x, df, scale):
    d = len(x)
    return ((df - d - 1) * log(np.linalg.det(x)) - df * log(np.linalg.det(scale)) -
            np.trace(np.linalg.solve(scale, x)) - df * d * log(2)) / 2 - log_matrix_gamma(df / 2, d)


def inv_wishart(x, df, scale):
    d = len(x)
    return (df * log(np.linalg.det(scale)) - (df + d + 1) * log(np.linalg.det(x)) -
            np.trace(np.linalg.solve(x, scale)) - df * d * log(2)) / 2 - log_matrix_gamma(df / 2, d)


def on_plane(z, m, s):
    """normal entries given that they sum to 0: their density less that of sum / sqrt(n); the same, of the
    coordinates in an orthonormal basis of the plane, is the conditional multivariate normal"""
    n = len(z)
    found = np.sum(normal(z, m, s)) - normal(0, np.sum(m) / sqrt(n), sqrt(np.sum(s ** 2) / n))
    B, one, C = np.linalg.qr(np.eye(n) - 1 / n)[0][:, :n - 1], np.full(n, n ** -0.5), np.diag(s ** 2)
    gain = C @ one / (one @ C @ one)
    basis = log_multi_normal(B.T @ z, B.T @ (m - gain * (one @ m)), B.T @ (C - np.outer(gain, one @ C)) @ B)
    assert np.isclose(np.real(found), np.real(basis))
    return found


@program
def matrix_distributions(d):
    spread = np.array([[1, 0.2, -0.1], [0.2, 2, 0.3], [-0.1, 0.3, 1.5]])
    assert np.isclose(wishart(spread, 4.5, spread + np.eye(3)),
                      stats.wishart.logpdf(spread, 4.5, spread + np.eye(3)))
    assert np.isclose(inv_wishart(spread, 4.5, spread + np.eye(3)),
                      stats.invwishart.logpdf(spread, 4.5, spread + np.eye(3)))

    def f(shape, v, R, L, W, V, P, z):
        R, V, W = lower_symmetric(R), lower_symmetric(V), [lower_symmetric(w) for w in W]
        S = np.outer(v, v) + 2 * np.eye(3)
        terms = [half_normal(shape, 2), normal(v, 0, 1), (shape - 1) * log(np.linalg.det(R)) - lkj_constant(shape, 3)]
        for g in range(2):
            eta = shape + g + 1
            # the lower entries of L L' by those of L: the product of L[i, i]^(d - i)
            terms += [(2 * eta - 2) * log(np.diag(L[g])) + np.array([2, 1, 0]) * log(np.diag(L[g])),
                      -lkj_constant(eta, 3), wishart(W[g], shape + 4, S)]
            terms += [on_plane(z[g], v, shape * np.arange(1, 4))]
        terms += [inv_wishart(V, 3 + shape, S + R), normal(P, 0, 2)]
        return total(*terms)

    def draws(rng):
        factor = lambda: np.tril(rng.uniform(-0.5, 0.5, (3, 3)), -1) + np.diag(rng.uniform(0.5, 1.5, 3))
        of_rows = lambda a: a / sqrt(np.sum(a ** 2, 1, keepdims=True))
        square = lambda a: a @ a.T
        z = rng.standard_normal((2, 3))
        return {"shape": positive()(rng), "v": real(3)(rng), "R": square(of_rows(factor())),
                "L": np.array([of_rows(factor()), of_rows(factor())]),
                "W": np.array([square(factor()), square(factor())]), "V": square(factor()), "P": factor(),
                "z": z - z.mean(1, keepdims=True)}
    return draws, f


@program
def categories(d):
    def chance(k, x, cut):
        """P(grade above j) = expit(x - cut[j])"""
        above = [1, *[expit(x - c) for c in cut], 0]
        return log(above[int(k) - 1] - above[int(k)])

    def f(cut, own, b, lean):
        r = d["rater_of"].astype(int) - 1
        terms = [normal(cut, 0, 3), normal(own, 0, 2), 4 * log(6), normal(b, 0, 1), normal(lean, 0, 1)]
        for i, q in enumerate(d["quality"]):
            terms += [chance(d["score"][i], b * q + lean[r[i]], cut), chance(d["second"][i], q, own[r[i]])]
        return total(*terms)
    return {"cut": increasing(3), "own": lambda rng: np.array([increasing(3)(rng) for _ in range(3)]),
            "b": real(), "lean": real(3)}, f


# In unconstrained space: each is x(u) and log |dx/du|; the latter is checked below by its definition.


def simplex(u):
    """softmax(V u), the columns of V those of Helmert; for each row of u"""
    K = u.shape[-1] + 1
    V = np.zeros((K, K - 1))
    for j in range(1, K):
        V[:j, j - 1], V[j, j - 1] = 1 / sqrt(j * (j + 1)), -j / sqrt(j * (j + 1))
    log_x = u @ V.T
    log_x = log_x - log_sum_exp(log_x, -1)[..., None]
    return exp(log_x), np.sum(log_x) + log_x[..., 0].size * 0.5 * log(K)


def ordered(u):
    return np.cumsum(np.concatenate([u[..., :1], exp(u[..., 1:])], -1), -1), np.sum(u[..., 1:])


def positive_ordered(u):
    return np.cumsum(exp(u), -1), np.sum(u)


def above(u, least=0.0):
    return least + exp(u), np.sum(u)


def below(u, most=0.0):
    return most - exp(u), np.sum(u)


def within(u, a=0.0, b=1.0):
    return a + (b - a) * expit(u), np.sum(log(b - a) - softplus(u) - softplus(-u))


def check_jacobian(transform, entries, rng):
    """log |det| by complex steps, with respect to the first K - 1 entries of K on the simplex"""
    u = rng.standard_normal(entries)
    steps = 1j * STEP * np.eye(entries)
    J = np.array([transform(u + step)[0].imag[:entries] / STEP for step in steps])
    assert abs(np.linalg.slogdet(J)[1] - transform(u)[1]) < 1e-12, transform


@program
def transforms(d):
    for transform, entries in ((simplex, 3), (ordered, 4), (positive_ordered, 4), (above, 2), (below, 2),
                               (within, 2)):
        check_jacobian(transform, entries, np.random.default_rng(1))

    def constrain(u):
        x, jacobian = {}, 0
        steps = {"real_one": lambda u: (u, 0), "above_zero": above, "below_zero": below, "share_one": within,
                 "within": lambda u: within(u, -2, 3), "above": lambda u: above(u, 1),
                 "below": lambda u: below(u, 2),
                 "around": lambda u: within(u, x["below"], x["above"]),
                 "uniform_one": lambda u: within(u, -1, 4),
                 "rising": ordered, "rising_from_zero": positive_ordered, "split": simplex}
        for name, step in steps.items():
            x[name], more = step(u[name])
            jacobian = jacobian + more
        return x, jacobian

    def f(real_one, above_zero, below_zero, share_one, within, above, below, around, uniform_one, rising,
          rising_from_zero, split):
        return total(normal(real_one, 0, 1), -above_zero, half_normal(below_zero, 1),
                     beta_density(share_one, 2, 3), -(above - 1),
                     normal(below, 0, 1) - log_Phi(2.0), -log(5), 2 * log(24) + np.sum(normal(rising, 0, 1)),
                     log(24) + np.sum(half_normal(rising_from_zero, 1)),
                     *[dirichlet(row, np.full(4, 2.0)) for row in split],
                     -0.5 * (np.sum(rising * split, 1) - within * above_zero) ** 2)
    sizes = {"real_one": (2,), "above_zero": (2,), "below_zero": (), "share_one": (2,), "within": (),
             "above": (), "below": (),
             "around": (), "uniform_one": (), "rising": (2, 4), "rising_from_zero": (4,), "split": (2, 3)}
    return {name: real(*size) for name, size in sizes.items()}, f, constrain

# ---- the table ----


def gradient(f, at):
    found = {}
    for name, x in at.items():
        if np.size(x) >= MANY:
            along = np.cos(1 + np.arange(np.size(x))).reshape(np.shape(x))
            found[name] = float(f(**{**at, name: x + 1j * STEP * along}).imag / STEP)
            continue
        g = np.empty(np.shape(x))
        for i in np.ndindex(np.shape(x)):
            step = np.zeros(np.shape(x), complex)
            step[i] = 1j * STEP
            g[i] = f(**{**at, name: x + step}).imag / STEP
        found[name] = g.ravel().tolist() if np.shape(x) else float(g)
    return found



def point(draws, f, rng, constrain=None):
    """constrain: from u to x and the log-Jacobian, where density and gradient are those of u"""
    at = draws(rng) if callable(draws) else {name: draw(rng) for name, draw in draws.items()}
    x, density = at, f
    if constrain:
        x = constrain(at)[0]

        def density(**u):
            x, jacobian = constrain(u)
            return f(**x) + jacobian
    return {"at": {k: np.asarray(v).tolist() for k, v in x.items()},
            "log_density": float(np.real(density(**at))),
            "gradient": gradient(density, at)}


def row(name, model, data, made):
    rng = np.random.default_rng(20260101)
    return {"name": name, "model": model, "data": data, "unconstrained": len(made) == 3,
            "points": [point(made[0], made[1], rng, *made[2:]) for _ in range(POINTS)]}


def read(path):
    if not os.path.exists(path):
        return {}
    with open(path) as f:
        return {k: np.array(v, None if isinstance(v[0], str) else float) if isinstance(v, list) else v for k,
                v in json.load(f).items()}


def listed(path):
    with open(os.path.join(TESTS, path)) as f:
        return [line.split() for line in f if line.strip() and not line.startswith("#")]


def rows():
    for name, model, data in listed("accuracy/posteriors.txt") + listed("log_density/posteriors/posteriors.txt"):
        make, = [f for pattern, f in POSTERIOR.items() if re.fullmatch(pattern, name)]
        yield row(name, model if "/" in model else "accuracy/" + model, data, make(read(os.path.join(POSTERIORS, data + ".json")), name))
    for name, make in PROGRAM.items():
        name = name.rstrip("_")
        data = read(os.path.join(HERE, "programs", name + ".json"))
        yield row(name, "log_density/programs/%s.vm" % name, name if data else None, make(data))


print("[" + ",\n".join(map(json.dumps, rows())) + "]")
