"""The workloads in PyTorch: the log density over unconstrained latents and its gradient by autograd, eagerly, in double."""
import math

import numpy as np
import torch
from torch.nn.functional import softplus

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def start(threads):
    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float64)


class Density:
    """`log_density(u)`, over the last axis of u; where there are several points a turn, all of them at once."""

    def __init__(self, data, points, precision):
        for name, x in data.items():
            setattr(self, name, torch.as_tensor(x))
        self.prepare()
        self.points = [torch.as_tensor(p if len(p) > 1 else p[0]) for p in points]

    def prepare(self):
        pass

    def turn(self, k):
        u = self.points[k].detach().requires_grad_()
        value = self.log_density(u)
        (gradient,) = torch.autograd.grad(value.sum(), u)
        return value.detach(), gradient

    def check(self, k):
        return [x.numpy() for x in self.turn(k)]


def index(x):
    return x.to(torch.int64) - 1


def normal(x, loc, log_scale):
    return (-0.5 * ((x - loc) * torch.exp(-torch.as_tensor(log_scale))) ** 2 - log_scale - HALF_LOG_2PI).sum(-1)


def half_normal(u, scale):
    """Of exp(u), with the Jacobian, entry by entry."""
    return -0.5 * (torch.exp(u) / scale) ** 2 - math.log(scale) - HALF_LOG_2PI + math.log(2) + u


def log_simplex(u):
    """Isometric log-ratios along the last axis: V u as running sums, and the Jacobian."""
    length = u.shape[-1] + 1
    j = torch.arange(1, length, dtype=u.dtype)
    steps = u / torch.sqrt(j * (j + 1))
    behind = torch.flip(torch.cumsum(torch.flip(steps, [-1]), -1), [-1])
    zero = torch.zeros(u.shape[:-1] + (1,))
    log_x = torch.log_softmax(torch.cat([behind, zero], -1) - torch.cat([zero, j * steps], -1), -1)
    return log_x, log_x.sum() + 0.5 * math.log(length) * math.prod(u.shape[:-1])


def dirichlet(log_x, concentration):
    length, rows = log_x.shape[-1], math.prod(log_x.shape[:-1])
    constant = math.lgamma(length * concentration) - length * math.lgamma(concentration)
    return (concentration - 1) * log_x.sum() + rows * constant


class logistic(Density):
    def log_density(self, u):
        eta = u[0] + self.X @ u[1:]
        priors = normal(u[:1], 0, math.log(2.5)) + normal(u[1:], 0, 0.0)
        return priors + (self.y * eta - softplus(eta, threshold=1e9)).sum()


class hierarchical(Density):
    def prepare(self):
        self.group_of = index(self.group_of)

    def log_density(self, u):
        mu, slope, level = u[0], u[2], u[4:]
        priors = normal(u[:1], 0, math.log(5)) + normal(u[2:3], 0, 0.0) + half_normal(u[1], 1) + half_normal(u[3], 1)
        return priors + normal(level, mu, u[1]) + normal(self.y, level[self.group_of] + slope * self.x, u[3])


class student_t(Density):
    def log_density(self, u):
        k = self.X.shape[1]
        df, n = torch.exp(u[k + 2]), len(self.y)
        z = (self.y - u[0] - self.X @ u[1 : k + 1]) * torch.exp(-u[k + 1])
        c = torch.lgamma(0.5 * (df + 1)) - torch.lgamma(0.5 * df) - 0.5 * torch.log(math.pi * df) - u[k + 1]
        priors = normal(u[:1], 0, math.log(5)) + normal(u[1 : k + 1], 0, 0.0) + half_normal(u[k + 1], 1)
        priors = priors + 2 * math.log(0.1) + 2 * u[k + 2] - 0.1 * df
        return priors + n * c - 0.5 * (df + 1) * torch.log1p(z**2 / df).sum()


class eight_schools(Density):
    def prepare(self):
        self.log_sigma = torch.log(self.sigma)

    def log_density(self, u):
        mu, log_tau, theta = u[..., :1], u[..., 1:2], u[..., 2:]
        half_cauchy = -torch.log1p((torch.exp(log_tau) / 5) ** 2) - math.log(5) + math.log(2 / math.pi) + log_tau
        return (normal(mu, 0, math.log(5)) + half_cauchy[..., 0] + normal(theta, mu, log_tau) +
                normal(self.y, theta, self.log_sigma))


class gaussian_process(Density):
    def log_density(self, u):
        rho, alpha, sigma = torch.exp(u[0]), torch.exp(u[1]), torch.exp(u[2])
        n = len(self.x)
        k = alpha**2 * torch.exp(-0.5 * ((self.x[:, None] - self.x) / rho) ** 2) + sigma * torch.eye(n)
        factor = torch.linalg.cholesky(k)
        z = torch.linalg.solve_triangular(factor, self.y[:, None], upper=False)[:, 0]
        priors = 25 * math.log(4) - math.lgamma(25) + 25 * u[0] - 4 * rho
        priors = priors + half_normal(u[1], 2) + half_normal(u[2], 1)
        return priors - 0.5 * z @ z - torch.log(torch.diagonal(factor)).sum() - n * HALF_LOG_2PI


class markov(Density):
    def log_density(self, u):
        log_p, jacobian = log_simplex(u[:12].reshape(4, 3))
        steps, log_sigma = u[12:16], u[16:]
        mu = torch.cumsum(torch.cat([steps[:1], torch.exp(steps[1:])]), 0)
        priors = dirichlet(log_p, 1) + jacobian + normal(mu, 0, math.log(5)) + steps[1:].sum() + math.lgamma(5)
        priors = priors + half_normal(log_sigma, 2).sum()
        emission = -0.5 * ((self.y[:, None] - mu) * torch.exp(-log_sigma)) ** 2 - log_sigma - HALF_LOG_2PI
        rows = emission.unbind()
        a = rows[0] - math.log(4)
        for e in rows[1:]:
            a = torch.logsumexp(a[:, None] + log_p, 0) + e
        return priors + torch.logsumexp(a, 0)


class garch(Density):
    def log_density(self, u):
        mu, alpha0, alpha1, share = u[0], torch.exp(u[1]), torch.sigmoid(u[2]), torch.sigmoid(u[3])
        beta1 = (1 - alpha1) * share
        e = self.y - mu
        s2, all_s2 = self.sigma1**2, []
        for pull in (alpha0 + alpha1 * e**2).unbind():
            all_s2.append(s2)
            s2 = pull + beta1 * s2
        jacobian = torch.log(1 - alpha1) - (softplus(u[2:]) + softplus(-u[2:])).sum()
        priors = normal(u[:1], 0, 0.0) + half_normal(u[1], 1) + jacobian
        return priors + normal(e, 0, 0.5 * torch.log(torch.stack(all_s2)))


class topics(Density):
    def prepare(self):
        self.doc_of, self.word = index(self.doc_of), index(self.word)
        self.docs, self.words = int(self.doc_of.max()) + 1, int(self.word.max()) + 1

    def log_density(self, u):
        split = self.docs * 49
        log_theta, of_theta = log_simplex(u[:split].reshape(self.docs, 49))
        log_phi, of_phi = log_simplex(u[split:].reshape(50, self.words - 1))
        p = (torch.exp(log_theta)[self.doc_of] * torch.exp(log_phi).T[self.word]).sum(-1)
        return dirichlet(log_theta, 0.5) + dirichlet(log_phi, 0.1) + of_theta + of_phi + torch.log(p).sum()


class vae:
    """A step: a batch of rows, normal noise, the ELBO's gradient and Adam. The parts are those of the program's vector."""

    BATCH, LATENT, HIDDEN = 100, 20, 400

    def __init__(self, data, points, precision):
        self.type = torch.float32 if precision == "single" else torch.float64
        self.data = torch.as_tensor(data["x"], dtype=self.type)
        self.given = torch.as_tensor(data["rows"]).to(torch.int64) - 1, torch.as_tensor(data["noise"], dtype=self.type)
        pixels, h, k = self.data.shape[1], self.HIDDEN, self.LATENT
        shapes = [(k, h), (h,), (pixels, h), (pixels,), (pixels, h), (h,), (k, h), (k,), (k, h), (k,)]
        flat = torch.as_tensor(points[0][0], dtype=self.type).split([math.prod(s) for s in shapes])
        self.parts = [torch.nn.Parameter(x.clone().reshape(s)) for x, s in zip(flat, shapes)]
        self.optimiser = torch.optim.Adam(self.parts, lr=1e-3, betas=(0.9, 0.99), maximize=True, fused=True)

    def elbo(self, x, noise):
        decode, decode_b, paint, paint_b, encode, encode_b, locate, locate_b, spread, spread_b = self.parts
        h = torch.relu(torch.addmm(encode_b, x, encode))
        m, s = torch.addmm(locate_b, h, locate.T), softplus(torch.addmm(spread_b, h, spread.T), threshold=1e9)
        z = m + s * noise
        logits = torch.addmm(paint_b, torch.relu(torch.addmm(decode_b, z, decode)), paint.T)
        divergence = (0.5 * (s**2 + m**2 - 1) - torch.log(s)).sum()
        likelihood = -torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return self.data.shape[0] / self.BATCH * (likelihood - divergence)

    def check(self, k):
        rows, noise = self.given
        value = self.elbo(self.data[rows], noise)
        gradient = torch.autograd.grad(value, self.parts)
        return value.detach().numpy(), np.concatenate([g.numpy().ravel() for g in gradient])

    def turn(self, k):
        rows = torch.randint(self.data.shape[0], (self.BATCH,))
        self.optimiser.zero_grad()
        self.elbo(self.data[rows], torch.randn(self.BATCH, self.LATENT, dtype=self.type)).backward()
        self.optimiser.step()
