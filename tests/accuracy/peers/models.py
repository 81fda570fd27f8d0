"""The posteriors of ../posteriors.txt as NumPyro models, as one would write them: `model_of(posterior, data)`, data being numpy arrays by
name. Latents and deterministic values have the names of the reference; group effects are non-centred where the posterior's name says so."""
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.experimental.ode import odeint
from jax.scipy.special import logsumexp

sample, deterministic, factor = numpyro.sample, numpyro.deterministic, numpyro.factor


def flat(shape=(), support=dist.constraints.real):
    return dist.ImproperUniform(support, (), event_shape=shape)


POSITIVE = dist.constraints.positive


def linear(X, y, sigma=None, beta=None):
    """Normal noise around X beta; flat where no prior is given."""
    def model():
        b = sample("beta", beta or flat((X.shape[1],), dist.constraints.real_vector))
        s = sample("sigma", sigma or flat((), POSITIVE))
        sample("y", dist.Normal(X @ b, s), obs=y)
    return model


def columns(*x):
    n = len(next(c for c in x if np.ndim(c)))
    return np.stack([np.broadcast_to(np.asarray(c, float), n) for c in x], 1)


def kidiq(name, d):
    hs, iq = d["mom_hs"], d["mom_iq"]
    if name == "kidscore_mom_work":
        return linear(columns(1, *(d["mom_work"] == k for k in (2, 3, 4))), d["kid_score"])
    center = lambda x: x - x.mean()
    scaled = lambda x: center(x) / (2 * x.std(ddof=1))
    if name in ("kidscore_interaction_c", "kidscore_interaction_c2", "kidscore_interaction_z"):
        a, b = {"c": (center(hs), center(iq)), "c2": (hs - 0.5, iq - 100), "z": (scaled(hs), scaled(iq))}[name.rsplit("_", 1)[1]]
        return linear(columns(1, a, b, a * b), d["kid_score"])
    X = {"kidscore_momhs": (hs,), "kidscore_momiq": (iq,), "kidscore_momhsiq": (hs, iq), "kidscore_interaction": (hs, iq, hs * iq)}[name]
    return linear(columns(1, *X), d["kid_score"], dist.HalfCauchy(2.5))


def nes(name, d):
    age = d["age_discrete"]
    return linear(columns(1, d["real_ideo"], d["race_adj"], age == 2, age == 3, age == 4, d["educ1"], d["gender"], d["income"]), d["partyid7"])


def blr(name, d):
    return linear(d["X"], d["y"], dist.HalfNormal(10), dist.Normal(0, 10).expand([d["X"].shape[1]]).to_event(1))


def kilpisjarvi(name, d):
    def model():
        a = sample("alpha", dist.Normal(d["pmualpha"], d["psalpha"]))
        b = sample("beta", dist.Normal(d["pmubeta"], d["psbeta"]))
        sample("y", dist.Normal(a + b * d["x"], sample("sigma", flat((), POSITIVE))), obs=d["y"])
    return model


def eight_schools(name, d):
    def model():
        mu, tau = sample("mu", dist.Normal(0, 5)), sample("tau", dist.HalfCauchy(5))
        if name.endswith("noncentered"):
            theta = deterministic("theta", mu + tau * sample("theta_trans", dist.Normal(0, 1).expand([8])))
        else:
            theta = sample("theta", dist.Normal(mu, tau).expand([8]))
        sample("y", dist.Normal(theta, d["sigma"]), obs=d["y"])
    return model


def ar(name, d):
    K, y = int(d["K"]), d["y"]
    back = np.stack([y[K - k:len(y) - k] for k in range(1, K + 1)], 1)
    def model():
        a, b = sample("alpha", dist.Normal(0, 10)), sample("beta", dist.Normal(0, 10).expand([K]))
        sample("y", dist.Normal(a + back @ b, sample("sigma", dist.HalfCauchy(2.5))), obs=y[K:])
    return model


def garch(name, d):
    y = d["y"]
    def model():
        mu, a0 = sample("mu", flat()), sample("alpha0", flat((), POSITIVE))
        a1 = sample("alpha1", dist.Uniform(0, 1))
        b1 = sample("beta1", flat((), dist.constraints.interval(0, 1 - a1)))
        def step(s2, last):
            s2 = a0 + a1 * (last - mu) ** 2 + b1 * s2
            return s2, s2
        first = jnp.asarray(d["sigma1"] ** 2, float)
        _, rest = jax.lax.scan(step, first, y[:-1])
        sample("y", dist.Normal(mu, jnp.sqrt(jnp.concatenate([first[None], rest]))), obs=y)
    return model


def hmm(name, d):
    y = d["y"]
    def model():
        rows = jnp.stack([sample("theta1", dist.Dirichlet(jnp.ones(2))), sample("theta2", dist.Dirichlet(jnp.ones(2)))])
        mu = sample("mu", flat((2,), dist.constraints.positive_ordered_vector))
        factor("prior", dist.Normal(jnp.array([3.0, 10.0]), 1).log_prob(mu).sum())
        seen = dist.Normal(mu, 1).log_prob(y[:, None])
        def step(at, now):
            return logsumexp(at[:, None] + jnp.log(rows), 0) + now, None
        factor("y", logsumexp(jax.lax.scan(step, seen[0], seen[1:])[0]))
    return model


def gp(name, d):
    x, y = d["x"], d["y"]
    def model():
        rho, alpha, sigma = sample("rho", dist.Gamma(25, 4)), sample("alpha", dist.HalfNormal(2)), sample("sigma", dist.HalfNormal(1))
        K = alpha ** 2 * jnp.exp(-0.5 * ((x[:, None] - x) / rho) ** 2) + sigma * jnp.eye(len(x))
        sample("y", dist.MultivariateNormal(jnp.zeros(len(x)), K), obs=y)
    return model


def mcycle(name, d):
    def term(part, m):
        a = sample("sdgp" + part, half_t(3, 36))
        l = sample("lscale" + part, dist.InverseGamma(1.124909, 0.0177))
        z = sample("zgp" + part, dist.Normal(0, 1).expand([m]))
        s = d["slambda" + part][:, 0]
        return d["Xgp" + part] @ (a * jnp.sqrt(jnp.sqrt(2 * jnp.pi) * l) * jnp.exp(-((l * s) ** 2) / 4) * z)
    def model():
        mean = sample("Intercept", dist.StudentT(3, -13, 36)) + term("_1", 40)
        eta = sample("Intercept_sigma", dist.StudentT(3, 0, 10)) + term("_sigma_1", 20)
        sample("Y", dist.Normal(mean, jnp.exp(eta)), obs=d["Y"])
    return model


def half_t(nu, scale):
    return dist.LeftTruncatedDistribution(dist.StudentT(nu, 0, scale), low=0.0)


def lotka_volterra(name, d):
    times = jnp.concatenate([jnp.zeros(1), d["ts"]])
    def slope(z, t, theta):
        u, v = z
        return jnp.stack([(theta[0] - theta[1] * v) * u, (-theta[2] + theta[3] * u) * v])
    def model():
        theta = sample("theta", dist.TruncatedNormal(jnp.array([1, 0.05, 1, 0.05]), jnp.array([0.5, 0.05, 0.5, 0.05]), low=0.0))
        z0 = sample("z_init", dist.LogNormal(jnp.log(10), 1).expand([2]))
        sigma = sample("sigma", dist.LogNormal(-1, 1).expand([2]))
        z = odeint(slope, z0, times, theta, rtol=1e-6, atol=1e-5, mxstep=1000)[1:]
        sample("y_init", dist.LogNormal(jnp.log(z0), sigma), obs=d["y_init"])
        sample("y", dist.LogNormal(jnp.log(z), sigma), obs=d["y"])
    return model


def seeds(name, d):
    x1, x2, N, plates = d["x1"], d["x2"], d["N"], len(d["n"])
    wide = 1000 if name == "seeds_model" else 1
    def model():
        a = [sample(k, dist.Normal(0, wide)) for k in ("alpha0", "alpha1", "alpha2", "alpha12")]
        if name == "seeds_model":
            sigma = deterministic("sigma", sample("tau", dist.Gamma(0.001, 0.001)) ** -0.5)
        else:
            sigma = sample("sigma", dist.HalfCauchy(1))
        if name == "seeds_centered_model":
            c = sample("c", dist.Normal(0, sigma).expand([plates]))
            b = deterministic("b", c - c.mean())
        else:
            b = sample("b", dist.Normal(0, sigma).expand([plates]))
        sample("n", dist.BinomialLogits(a[0] + a[1] * x1 + a[2] * x2 + a[3] * x1 * x2 + b, N), obs=d["n"])
    return model


def radon(name, d):
    c, floor, J = d["county_idx"] - 1, d["floor_measure"], int(d["J"])
    wide = dist.Normal(0, 10)
    def group(what):
        mu, sigma = sample("mu_" + what, wide), sample("sigma_" + what, dist.HalfNormal(1))
        return deterministic(what, mu + sigma * sample(what + "_raw", dist.Normal(0, 1).expand([J])))
    def mean():
        if name == "radon_pooled":
            return sample("alpha", wide) + sample("beta", wide) * floor
        if name == "radon_county_intercept":
            return sample("alpha", wide.expand([J]))[c] + sample("beta", wide) * floor
        if name == "radon_variable_slope_noncentered":
            return sample("alpha", wide) + group("beta")[c] * floor
        a = group("alpha")[c]
        if name == "radon_partially_pooled_noncentered":
            return a
        if name == "radon_variable_intercept_noncentered":
            return a + sample("beta", wide) * floor
        if name == "radon_variable_intercept_slope_noncentered":
            return a + group("beta")[c] * floor
        b = sample("beta", wide.expand([2]))
        return a + b[0] * d["log_uppm"] + b[1] * floor
    def model():
        sample("log_radon", dist.Normal(mean(), sample("sigma_y", dist.HalfNormal(1))), obs=d["log_radon"])
    return model


def irt(name, d):
    I, J = d["y"].shape
    def model():
        s_theta, s_a, s_b = (sample("sigma_" + k, dist.HalfCauchy(2)) for k in ("theta", "a", "b"))
        theta = sample("theta", dist.Normal(0, s_theta).expand([J]))
        a = sample("a", dist.LogNormal(0, s_a).expand([I]))
        b = sample("b", dist.Normal(sample("mu_b", dist.Normal(0, 5)), s_b).expand([I]))
        sample("y", dist.Bernoulli(logits=a[:, None] * (theta - b[:, None])), obs=d["y"])
    return model


def dogs(name, d):
    y = d["y"]
    shocked, avoided = np.cumsum(y, 1) - y, np.cumsum(1 - y, 1) - (1 - y)
    def model():
        b = sample("beta", dist.Normal(0, 100).expand([3]))
        sample("y", dist.Bernoulli(logits=b[0] + b[1] * avoided + b[2] * shocked), obs=y)
    return model


def captures(name, d):
    y = d["y"]
    y = y[:, None] if y.ndim == 1 else y
    before = np.concatenate([np.zeros_like(y[:, :1]), y[:, :-1]], 1)
    unit = dist.Uniform(0, 1)
    def model():
        omega = sample("omega", unit)
        p = sample("p", unit.expand([y.shape[1]]) if name == "Mt_model" else unit)
        if name == "Mb_model":
            p = jnp.where(before == 1, sample("c", unit), p)
        history = dist.Bernoulli(jnp.broadcast_to(p, y.shape)).log_prob(y).sum(1)
        here = jnp.log(omega) + history
        factor("y", jnp.where(y.max(1) == 1, here, jnp.logaddexp(here, jnp.log1p(-omega))).sum())
    return model


def survey(name, d):
    n, k = np.arange(1, int(d["nmax"]) + 1)[:, None], d["k"]
    def model():
        theta = sample("theta", dist.Uniform(0, 1))
        possible = n >= k.max()
        at = jnp.where(possible, dist.Binomial(np.maximum(n, k.max()), theta).log_prob(k), -jnp.inf).sum(1)
        factor("k", logsumexp(at))
    return model


def poisson(name, d):
    t, C = d["year"], d["C"]
    def model():
        a, b = sample("alpha", dist.Uniform(-20, 20)), [sample("beta%d" % k, dist.Uniform(-10, 10)) for k in (1, 2, 3)]
        rate = a + b[0] * t + b[1] * t ** 2 + b[2] * t ** 3
        if name == "GLMM_Poisson_model":
            rate += sample("eps", dist.Normal(0, sample("sigma", dist.Uniform(0, 5))).expand([len(t)]))
        sample("C", dist.Poisson(jnp.exp(rate)), obs=C)
    return model


def wells(name, d):
    dist100, arsenic, educ = d["dist"] / 100, d["arsenic"], d["educ"] / 4
    D, A, E = (x - x.mean() for x in (dist100, arsenic, educ))
    X = {"wells_dist100ars_model": (dist100, arsenic), "wells_interaction_c_model": (D, A, D * A),
         "wells_dae_inter_model": (D, A, E, D * A, D * E, A * E)}[name]
    X = columns(*X)
    def model():
        a, b = sample("alpha", flat()), sample("beta", flat((X.shape[1],), dist.constraints.real_vector))
        sample("y", dist.Bernoulli(logits=a + X @ b), obs=d["switched"])
    return model


def rates(name, d):
    def model():
        if name == "Rate_2_model":
            p, q = sample("theta1", dist.Beta(1, 1)), sample("theta2", dist.Beta(1, 1))
            deterministic("delta", p - q)
            sample("k1", dist.Binomial(d["n1"], p), obs=d["k1"])
            sample("k2", dist.Binomial(d["n2"], q), obs=d["k2"])
        else:
            sample("thetaprior", dist.Beta(1, 1))
            sample("k", dist.Binomial(d["n"], sample("theta", dist.Beta(1, 1))), obs=d["k"])
    return model


def bones(name, d):
    grade, ncat, delta, gamma = d["grade"].astype(int), d["ncat"].astype(int), d["delta"], d["gamma"]
    def model():
        theta = sample("theta", dist.Normal(0, 36).expand([len(grade)]))
        Q = jax.nn.sigmoid(delta[:, None] * (theta[:, None, None] - gamma))
        above = jnp.where(np.arange(1, 5) < ncat[:, None], Q, 0.0)      # P(grade > k)
        ends = jnp.ones_like(above[..., :1])
        p = jnp.concatenate([ends, above], -1) - jnp.concatenate([above, 0 * ends], -1)
        seen = jnp.take_along_axis(p, jnp.maximum(grade - 1, 0)[..., None], -1)[..., 0]
        factor("grade", jnp.where(grade > 0, jnp.log(jnp.where(grade > 0, seen, 1.0)), 0).sum())
    return model


def losses(name, d):
    c, t, premium = d["cohort_id"].astype(int) - 1, d["t_value"], d["premium"]
    def model():
        mu, sd = sample("mu_LR", dist.Normal(0, 0.5)), sample("sd_LR", dist.LogNormal(0, 0.5))
        noise, omega, theta = (sample(k, dist.LogNormal(0, w)) for k, w in (("loss_sd", 0.7), ("omega", 0.5), ("theta", 0.5)))
        LR = sample("LR", dist.LogNormal(mu, sd).expand([len(premium)]))
        if d["growthmodel_id"] == 1:
            growth = -jnp.expm1(-((t / theta) ** omega))
        else:
            growth = t ** omega / (t ** omega + theta ** omega)
        sample("loss", dist.Normal(LR[c] * premium[c] * growth[d["t_idx"].astype(int) - 1], noise * premium[c]), obs=d["loss"])
    return model


FAMILIES = [("kidscore", kidiq), ("nes", nes), ("blr", blr), ("kilpisjarvi", kilpisjarvi), ("eight_schools", eight_schools), ("arK", ar),
            ("garch", garch), ("hmm", hmm), ("gp_regr", gp), ("accel_gp", mcycle), ("lotka", lotka_volterra), ("seeds", seeds),
            ("radon", radon), ("irt", irt), ("dogs", dogs), ("M", captures), ("Survey", survey), ("GLM", poisson), ("wells", wells),
            ("Rate", rates), ("bones", bones), ("losscurve", losses)]


def model_of(posterior, data):
    name = posterior.split("-", 1)[1]
    return next(f for start, f in FAMILIES if name.startswith(start))(name, {k: np.asarray(v) for k, v in data.items()})
