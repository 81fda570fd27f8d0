"""One posterior by one method of NumPyro or BlackJAX, in this process: `fit_one(METHOD, POSTERIOR, DATA, TO)`, which `run` calls.

METHOD: nuts           four chains of 1,000 steps of warm-up and 1,000 draws, one after the other
        normal         AutoMultivariateNormal, 20,000 steps of Adam whose rate falls from 0.01 to 1e-4 along a cosine
        bnaf           AutoBNAFNormal, 10,000 alike, from 0.005
        pathfinder     BlackJAX's Pathfinder: 20 paths of 1,000 draws, resampled by their weights

In double precision, and with no compiled program kept from one run for another. TO is written as score.py beside the database reads it;
`seconds` is the processor's time of all of this process and of `before`, the import of what it needs; compilation is in it. It needs
numpyro, and for `pathfinder` blackjax."""
import json
import os
import resource

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
import jax
import jax.flatten_util

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_compilation_cache", False)
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import handlers
from numpyro.infer import MCMC, NUTS, SVI, Predictive, Trace_ELBO, autoguide, init_to_uniform
from numpyro.infer.util import initialize_model

from models import model_of
from summary import flat, summarise

DRAWS = 4000


def nuts(model, key):
    run = MCMC(NUTS(model), num_warmup=1000, num_samples=1000, num_chains=4, chain_method="sequential", progress_bar=False)
    run.run(key)
    return run.get_samples()


def falling(rate, steps, last=0.01):
    return lambda step: rate * (last + (1 - last) * 0.5 * (1 + jnp.cos(jnp.pi * step / steps)))


def derived(model, draws, key):
    """The deterministic values of the model at draws of its latents; data are not drawn."""
    sites = handlers.trace(handlers.seed(handlers.substitute(model, {k: x[0] for k, x in draws.items()}), key)).get_trace()
    names = [k for k, s in sites.items() if s["type"] == "deterministic"]
    return Predictive(model, draws, return_sites=names)(key) if names else {}


def by_guide(guide, steps, rate):
    def fit(model, key):
        g = guide(model, init_loc_fn=init_to_uniform)
        svi = SVI(model, g, numpyro.optim.Adam(falling(rate, steps)), Trace_ELBO())
        done = svi.run(key, steps, progress_bar=False)
        draws = g.sample_posterior(key, done.params, sample_shape=(DRAWS,))
        return draws | derived(model, draws, key)
    return fit


def pathfinder(model, key):
    import blackjax
    first = initialize_model(key, model)
    start, unravel = jax.flatten_util.ravel_pytree(first.param_info.z)
    log_density = lambda x: -first.potential_fn(unravel(x))
    @jax.jit
    def path(key):
        a, b, c = jax.random.split(key, 3)
        state, _ = blackjax.vi.pathfinder.approximate(a, log_density, jax.random.uniform(b, start.shape, minval=-2, maxval=2))
        points, log_guide = blackjax.vi.pathfinder.sample(c, state, 1000)
        return points, jax.vmap(log_density)(points) - log_guide

    paths = [path(k) for k in jax.random.split(key, 20)]
    points, ratio = (jnp.concatenate(x) for x in zip(*paths))
    ratio = jnp.where(jnp.isfinite(ratio), ratio, -jnp.inf)
    at = jax.random.choice(key, len(points), (DRAWS,), p=jax.nn.softmax(ratio))
    return jax.vmap(lambda x: first.postprocess_fn(unravel(x)))(points[at])


METHODS = {"nuts": nuts, "normal": by_guide(autoguide.AutoMultivariateNormal, 20000, 0.01),
           "bnaf": by_guide(autoguide.AutoBNAFNormal, 10000, 0.005), "pathfinder": pathfinder}


def fit_one(method, posterior, data, to, before):
    with open(data) as file:
        model = model_of(posterior, json.load(file))
    draws = METHODS[method](model, jax.random.PRNGKey(1))
    scalars = {}
    for name, x in draws.items():
        scalars |= flat(name, np.asarray(x))
    found = summarise(scalars)
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open(to, "w") as file:
        json.dump({"verdict": "-", "seconds": before + used.ru_utime + used.ru_stime, "import": before, "variables": found}, file)
