"""The workloads in JAX: the log density over unconstrained latents, with jax.jit(jax.value_and_grad(…)), in double."""
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import gammaln, logsumexp

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def start(threads):
    jax.config.update("jax_enable_x64", True)


class Density:
    """`log_density(u, data)`; where there are several points a turn, all of them at once."""

    def __init__(self, data, points, precision):
        self.data = {name: jnp.asarray(x) for name, x in self.prepare(data).items()}
        self.points = [jnp.asarray(p) for p in points]
        one = jax.value_and_grad(lambda u, data: self.log_density(u, data))
        self.run = jax.jit(jax.vmap(one, in_axes=(0, None)) if points[0].shape[0] > 1 else
                           lambda u, data: one(u[0], data))

    def prepare(self, data):
        return data

    def turn(self, k):
        return jax.block_until_ready(self.run(self.points[k], self.data))

    def check(self, k):
        return [np.asarray(x) for x in self.turn(k)]


def index(x):
    return x.astype(np.int32) - 1


def normal(x, loc, scale):
    return jnp.sum(-0.5 * ((x - loc) / scale) ** 2 - jnp.log(scale) - HALF_LOG_2PI)


def half_normal(u, scale):
    """Of exp(u), with the Jacobian."""
    return normal(jnp.exp(u), 0, scale) + jnp.sum(math.log(2) + u)


def log_simplex(u):
    """Isometric log-ratios along the last axis: V u as running sums, and the Jacobian."""
    length = u.shape[-1] + 1
    j = np.arange(1, length)
    steps = u / np.sqrt(j * (j + 1.0))
    behind = jnp.flip(jnp.cumsum(jnp.flip(steps, -1), -1), -1)
    zero = jnp.zeros(u.shape[:-1] + (1,))
    scores = jnp.concatenate([behind, zero], -1) - jnp.concatenate([zero, j * steps], -1)
    log_x = scores - logsumexp(scores, -1, keepdims=True)
    return log_x, jnp.sum(log_x) + 0.5 * math.log(length) * math.prod(u.shape[:-1])


def dirichlet(log_x, concentration):
    length, rows = log_x.shape[-1], math.prod(log_x.shape[:-1])
    constant = math.lgamma(length * concentration) - length * math.lgamma(concentration)
    return (concentration - 1) * jnp.sum(log_x) + rows * constant


class logistic(Density):
    def log_density(self, u, d):
        eta = u[0] + d["X"] @ u[1:]
        return normal(u[0], 0, 2.5) + normal(u[1:], 0, 1) + jnp.sum(d["y"] * eta - jax.nn.softplus(eta))


class hierarchical(Density):
    def prepare(self, d):
        return {**d, "group_of": index(d["group_of"])}

    def log_density(self, u, d):
        mu, tau, slope, sigma, level = u[0], jnp.exp(u[1]), u[2], jnp.exp(u[3]), u[4:]
        priors = normal(mu, 0, 5) + half_normal(u[1], 1) + normal(slope, 0, 1) + half_normal(u[3], 1)
        return priors + normal(level, mu, tau) + normal(d["y"], level[d["group_of"]] + slope * d["x"], sigma)


class student_t(Density):
    def log_density(self, u, d):
        k = d["X"].shape[1]
        alpha, beta, sigma, df = u[0], u[1 : k + 1], jnp.exp(u[k + 1]), jnp.exp(u[k + 2])
        z = (d["y"] - alpha - d["X"] @ beta) / sigma
        c = gammaln(0.5 * (df + 1)) - gammaln(0.5 * df) - 0.5 * jnp.log(math.pi * df) - u[k + 1]
        priors = normal(alpha, 0, 5) + normal(beta, 0, 1) + half_normal(u[k + 1], 1)
        priors += 2 * math.log(0.1) + 2 * u[k + 2] - 0.1 * df
        return priors + z.shape[0] * c - 0.5 * (df + 1) * jnp.sum(jnp.log1p(z**2 / df))


class eight_schools(Density):
    def log_density(self, u, d):
        mu, tau, theta = u[0], jnp.exp(u[1]), u[2:]
        half_cauchy = -jnp.log1p((tau / 5) ** 2) - math.log(5) + math.log(2 / math.pi) + u[1]
        return normal(mu, 0, 5) + half_cauchy + normal(theta, mu, tau) + normal(d["y"], theta, d["sigma"])


class gaussian_process(Density):
    def log_density(self, u, d):
        rho, alpha, sigma = jnp.exp(u[0]), jnp.exp(u[1]), jnp.exp(u[2])
        n = d["x"].shape[0]
        k = alpha**2 * jnp.exp(-0.5 * ((d["x"][:, None] - d["x"]) / rho) ** 2) + sigma * jnp.eye(n)
        factor = jnp.linalg.cholesky(k)
        z = solve_triangular(factor, d["y"], lower=True)
        priors = 25 * math.log(4) - math.lgamma(25) + 25 * u[0] - 4 * rho
        priors += half_normal(u[1], 2) + half_normal(u[2], 1)
        return priors - 0.5 * z @ z - jnp.sum(jnp.log(jnp.diag(factor))) - n * HALF_LOG_2PI


class markov(Density):
    def log_density(self, u, d):
        log_p, jacobian = log_simplex(u[:12].reshape(4, 3))
        steps, log_sigma = u[12:16], u[16:]
        mu = jnp.cumsum(jnp.concatenate([steps[:1], jnp.exp(steps[1:])]))
        sigma = jnp.exp(log_sigma)
        priors = dirichlet(log_p, 1) + jacobian + normal(mu, 0, 5) + jnp.sum(steps[1:]) + math.lgamma(5)
        priors += half_normal(log_sigma, 2)
        emission = -0.5 * ((d["y"][:, None] - mu) / sigma) ** 2 - log_sigma - HALF_LOG_2PI

        def forward(a, e):
            return logsumexp(a[:, None] + log_p, axis=0) + e, None

        last, _ = lax.scan(forward, emission[0] - math.log(4), emission[1:])
        return priors + logsumexp(last)


class garch(Density):
    def log_density(self, u, d):
        mu, alpha0, alpha1, share = u[0], jnp.exp(u[1]), jax.nn.sigmoid(u[2]), jax.nn.sigmoid(u[3])
        beta1 = (1 - alpha1) * share
        e = d["y"] - mu

        def forward(s2, square):
            return alpha0 + alpha1 * square + beta1 * s2, s2

        _, s2 = lax.scan(forward, d["sigma1"] ** 2, e**2)
        jacobian = jnp.log(1 - alpha1) - jnp.sum(jax.nn.softplus(u[2:]) + jax.nn.softplus(-u[2:]))
        return normal(mu, 0, 1) + half_normal(u[1], 1) + jacobian + normal(e, 0, jnp.sqrt(s2))


class topics(Density):
    def prepare(self, d):
        doc_of, word = index(d["doc_of"]), index(d["word"])
        self.docs, self.words = int(doc_of.max()) + 1, int(word.max()) + 1
        return {"doc_of": doc_of, "word": word}

    def log_density(self, u, d):
        split = self.docs * 49
        log_theta, of_theta = log_simplex(u[:split].reshape(self.docs, 49))
        log_phi, of_phi = log_simplex(u[split:].reshape(50, self.words - 1))
        p = jnp.sum(jnp.exp(log_theta)[d["doc_of"]] * jnp.exp(log_phi).T[d["word"]], -1)
        return dirichlet(log_theta, 0.5) + dirichlet(log_phi, 0.1) + of_theta + of_phi + jnp.sum(jnp.log(p))


class vae:
    """A step: a batch of rows, normal noise, the ELBO's gradient and Adam. The flat vector is cut as the program has it."""

    BATCH, LATENT, HIDDEN, RATE = 100, 20, 400, 1e-3

    def __init__(self, data, points, precision):
        self.type = jnp.float32 if precision == "single" else jnp.float64
        self.data = jnp.asarray(data["x"], self.type)
        self.given = jnp.asarray(data["rows"].astype(np.int32) - 1), jnp.asarray(data["noise"], self.type)
        self.first = jnp.asarray(points[0][0], self.type)
        u = jnp.array(self.first)
        self.state = u, jnp.zeros_like(u), jnp.zeros_like(u), 0, jax.random.PRNGKey(1)
        pixels = self.data.shape[1]
        h, k = self.HIDDEN, self.LATENT
        self.shapes = [(k, h), (h,), (pixels, h), (pixels,), (pixels, h), (h,), (k, h), (k,), (k, h), (k,)]
        self.gradient = jax.jit(jax.value_and_grad(self.elbo))
        self.step = jax.jit(self.move, donate_argnums=(0, 1, 2))

    def elbo(self, u, x, noise):
        parts, at = [], 0
        for shape in self.shapes:
            size = math.prod(shape)
            parts.append(u[at : at + size].reshape(shape))
            at += size
        decode, decode_b, paint, paint_b, encode, encode_b, locate, locate_b, spread, spread_b = parts
        h = jax.nn.relu(x @ encode + encode_b)
        m, s = h @ locate.T + locate_b, jax.nn.softplus(h @ spread.T + spread_b)
        z = m + s * noise
        logits = jax.nn.relu(z @ decode + decode_b) @ paint.T + paint_b
        divergence = jnp.sum(0.5 * (s**2 + m**2 - 1) - jnp.log(s))
        scale = self.data.shape[0] / self.BATCH
        return scale * (jnp.sum(x * logits - jax.nn.softplus(logits)) - divergence)

    def move(self, u, mean, square, count, key, data):
        key, for_rows, for_noise = jax.random.split(key, 3)
        rows = jax.random.randint(for_rows, (self.BATCH,), 0, data.shape[0])
        noise = jax.random.normal(for_noise, (self.BATCH, self.LATENT), self.type)
        value, g = jax.value_and_grad(self.elbo)(u, data[rows], noise)
        count += 1
        mean = 0.9 * mean + 0.1 * g
        square = 0.99 * square + 0.01 * g**2
        u += self.RATE * (mean / (1 - 0.9**count)) / (jnp.sqrt(square / (1 - 0.99**count)) + 1e-8)
        return u, mean, square, count, key

    def check(self, k):
        rows, noise = self.given
        return [np.asarray(x) for x in self.gradient(self.first, self.data[rows], noise)]

    def turn(self, k):
        self.state = jax.block_until_ready(self.step(*self.state, self.data))
