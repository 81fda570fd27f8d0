"""first.py STEM DATA.json AT.json: the log density of a workload's model and its gradient at given values, as `vmrun
log_density` prints them, by NumPyro."""
import json
import sys

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.infer.util import log_density

jax.config.update("jax_enable_x64", True)


def hierarchical(x, y, group_of):
    mu = numpyro.sample("mu", dist.Normal(0, 5))
    tau = numpyro.sample("tau", dist.HalfNormal(1))
    slope = numpyro.sample("slope", dist.Normal(0, 1))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1))
    with numpyro.plate("group", 1000):
        level = numpyro.sample("level", dist.Normal(mu, tau))
    with numpyro.plate("row", len(y)):
        numpyro.sample("y", dist.Normal(level[group_of.astype(int) - 1] + slope * x, sigma), obs=y)


def student_t(X, y):
    alpha = numpyro.sample("alpha", dist.Normal(0, 5))
    beta = numpyro.sample("beta", dist.Normal(0, 1).expand([X.shape[1]]).to_event(1))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1))
    df = numpyro.sample("df", dist.Gamma(2, 0.1))
    with numpyro.plate("row", len(y)):
        numpyro.sample("y", dist.StudentT(df, alpha + X @ beta, sigma), obs=y)


def eight_schools(y, sigma):
    mu = numpyro.sample("mu", dist.Normal(0, 5))
    tau = numpyro.sample("tau", dist.HalfCauchy(5))
    with numpyro.plate("school", len(y)):
        theta = numpyro.sample("theta", dist.Normal(mu, tau))
        numpyro.sample("y", dist.Normal(theta, sigma), obs=y)


model = globals()[sys.argv[1]]
data, at = ({k: jnp.asarray(v, float) for k, v in json.load(open(path)).items()} for path in sys.argv[2:])
evaluate = jax.jit(jax.value_and_grad(lambda values: log_density(model, (), data, values)[0]))
value, gradient = evaluate(at)
print(json.dumps({"log_density": float(value), "gradient": {k: g.tolist() for k, g in gradient.items()}}))
