"""usage: densities.py SERVER [N] [SECONDS]   value and all gradients of twelve log densities, nanoseconds an entry, beside PyTorch,
NumPyro (jit) and the value alone of SciPy, by turns in one run on one core (bench/densities). All must agree first.

Each entry has arguments of its own. The time is the processor's; the median of the turns is shown."""
import os, statistics, subprocess, sys, tempfile, time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["OMP_NUM_THREADS"] = "1"
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
import numpy as np
import scipy.stats as st
import torch
import torch.distributions as td
import jax
import jax.numpy as jnp
import numpyro.distributions as nd

torch.set_num_threads(1)
jax.config.update("jax_enable_x64", True)

N = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0
TURNS = 15
rng = np.random.default_rng(1)
real = lambda: rng.normal(0, 1, N)
positive = lambda: np.exp(rng.normal(0, 0.5, N))
unit = lambda: rng.uniform(0.05, 0.95, N)
count = lambda: rng.poisson(5.0, N).astype(float)
binary = lambda: rng.integers(0, 2, N).astype(float)

# name; x and the arguments: type, whether there is a gradient, draws; PyTorch, NumPyro, SciPy
R, P, U, C, B = ("real", 1, real), ("positive", 1, positive), ("unit", 1, unit), ("count", 0, count), ("binary", 0, binary)
TABLE = [
    ("normal", [R, R, P], td.Normal, nd.Normal, lambda x, l, s: st.norm.logpdf(x, l, s)),
    ("lognormal", [P, R, P], td.LogNormal, nd.LogNormal, lambda x, l, s: st.lognorm.logpdf(x, s, 0, np.exp(l))),
    ("student_t", [R, P, R, P], td.StudentT, nd.StudentT, lambda x, d, l, s: st.t.logpdf(x, d, l, s)),
    ("cauchy", [R, R, P], td.Cauchy, nd.Cauchy, lambda x, l, s: st.cauchy.logpdf(x, l, s)),
    ("laplace", [R, R, P], td.Laplace, nd.Laplace, lambda x, l, s: st.laplace.logpdf(x, l, s)),
    ("exponential", [P, P], td.Exponential, nd.Exponential, lambda x, r: st.expon.logpdf(x, 0, 1 / r)),
    ("gamma", [P, P, P], td.Gamma, nd.Gamma, lambda x, a, b: st.gamma.logpdf(x, a, 0, 1 / b)),
    ("beta", [U, P, P], td.Beta, nd.Beta, lambda x, a, b: st.beta.logpdf(x, a, b)),
    ("weibull", [P, P, P], lambda k, s: td.Weibull(s, k), lambda k, s: nd.Weibull(s, k),
     lambda x, k, s: st.weibull_min.logpdf(x, k, 0, s)),
    ("bernoulli_logit", [B, R], lambda l: td.Bernoulli(logits=l), lambda l: nd.BernoulliLogits(l),
     lambda x, l: st.bernoulli.logpmf(x, 1 / (1 + np.exp(-l)))),
    ("poisson", [C, P], td.Poisson, nd.Poisson, lambda x, r: st.poisson.logpmf(x, r)),
    ("neg_binomial_2", [C, P, P], lambda m, d: td.NegativeBinomial(d, logits=torch.log(m) - torch.log(d)),
     lambda m, d: nd.NegativeBinomial2(m, d), lambda x, m, d: st.nbinom.logpmf(x, d, d / (m + d))),
]


class Ours:
    def __init__(self):
        self.process = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def open(self, name, columns, values):
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(np.concatenate(values).tobytes())
        types = " ".join("%s/%d" % c[:2] for c in columns)
        answer = self.ask("open %s %d %s %s" % (name, N, file.name, types))
        os.unlink(file.name)
        if answer != "done\n":
            sys.exit("%s: %s" % (name, answer))

    def check(self):
        return [float(w) for w in self.ask("check").split()]

    def turn(self, seconds):
        return float(self.ask("turn %g" % seconds))


class Timed:
    """A function that computes value and gradients."""
    def __init__(self, function, sums):
        self.function, self.sums = function, sums

    def check(self):
        return self.sums(self.function())

    def turn(self, seconds):
        begun, runs = time.process_time(), 0
        while True:
            self.function()
            runs += 1
            spent = time.process_time() - begun
            if spent >= seconds:
                return spent / runs / N * 1e9


def with_torch(make, columns, values):
    at = [torch.tensor(v, requires_grad=bool(c[1])) for c, v in zip(columns, values)]
    varied = [t for t in at if t.requires_grad]

    def run():
        value = make(*at[1:], validate_args=False).log_prob(at[0]) if isinstance(make, type) else make(*at[1:]).log_prob(at[0])
        total = value.sum()
        return [total] + list(torch.autograd.grad(total, varied))
    return Timed(run, lambda out: [float(t.detach().sum()) for t in out])


def with_numpyro(make, columns, values):
    at = [jnp.asarray(v) for v in values]
    varied = tuple(i for i, c in enumerate(columns) if c[1])
    compiled = jax.jit(jax.value_and_grad(lambda *a: make(*a[1:]).log_prob(a[0]).sum(), argnums=varied))
    return Timed(lambda: jax.block_until_ready(compiled(*at)), lambda out: [float(out[0])] + [float(g.sum()) for g in out[1]])


def main():
    td.Distribution.set_default_validate_args(False)
    ours = Ours()
    print("| ns an entry | vm | PyTorch | NumPyro, jit | SciPy, value alone |\n|---|---|---|---|---|")
    for name, columns, torch_dist, numpyro_dist, scipy_density in TABLE:
        values = [c[2]() for c in columns]
        ours.open(name, columns, values)
        parties = [ours, with_torch(torch_dist, columns, values), with_numpyro(numpyro_dist, columns, values),
                   Timed(lambda: scipy_density(*values), lambda v: [float(v.sum())])]
        want = ours.check()
        for p in parties[1:]:
            got = p.check()
            if not np.allclose(got, want[:len(got)], rtol=1e-6, atol=1e-6):
                sys.exit("%s: %r, not %r" % (name, got, want))
        turns = [[p.turn(SECONDS / TURNS / len(parties)) for p in parties] for _ in range(TURNS)]
        medians = [statistics.median(t[i] for t in turns) for i in range(len(parties))]
        print("| %s | %.1f | %s |" % (name, medians[0], " | ".join("%.1f (%.1f)" % (m, m / medians[0]) for m in medians[1:])), flush=True)


main()
