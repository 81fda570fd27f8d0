#!/usr/bin/env python3
"""The autoencoder of iwae.vm in PyTorch, on one thread: train it, or say what a trained one is worth on test.json.

usage: with_torch.py train DIR K EPOCHS OUT.json [seed=1] [keep=0.999] [path=total] [average=0] [fall=0] [start=FIT] [like=SEED] [precision=single]
           by iwae(K) with Adam at 1e-3, batches of 20; prints a line for each epoch. `keep` is how much of the squares Adam keeps, `path=stl`
           differentiates log q along the draw alone, `average` is of how many of the last iterates, each tenth, the mean is taken, and `fall=1`
           lets the rate fall to 0, as a line. `start` are the parameters to start with, and `like` gives it the order of images and the draws
           that vmrun has with that seed
       with_torch.py value DIR K FIT…
           the bound with K draws and with 1,000, nats an image, of parameters by OUT.json or vmrun (.csv)
"""
import csv
import json
import math
import sys
import time

import philox
import torch
from torch.distributions import Bernoulli, Normal

LAYERS = {"look": (784, 200), "think": (200, 200), "locate": (200, 50), "spread": (200, 50),
          "decode": (50, 200), "draw": (200, 200), "paint": (200, 784)}


def glorot():
    """Weights as the library's `dense` starts them (Glorot and Bengio 2010)."""
    weights = {}
    for name, (rows, columns) in LAYERS.items():
        weights[name + ".W"] = torch.randn(rows, columns) * math.sqrt(2 / (rows + columns))
        weights[name + ".b"] = torch.zeros(columns)
    return weights


def dense(weights, name, x):
    return torch.addmm(weights[name + ".b"], x, weights[name + ".W"])


def log_weights(weights, x, draws, path="total", noise=None):
    """log p(x, z) - log q(z | x) of `draws` z for each image, by the normals `noise`, if given: draws × images."""
    h = torch.tanh(dense(weights, "think", torch.tanh(dense(weights, "look", x))))
    guide = Normal(dense(weights, "locate", h), torch.exp(dense(weights, "spread", h)))
    z = guide.rsample((draws,)) if noise is None else guide.loc + guide.scale * noise
    h = torch.tanh(dense(weights, "draw", torch.tanh(dense(weights, "decode", z.reshape(-1, z.shape[-1])))))
    logits = dense(weights, "paint", h).reshape(draws, *x.shape)
    if path == "stl":
        guide = Normal(guide.loc.detach(), guide.scale.detach())
    log_x = -torch.nn.functional.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    return log_x + Normal(0.0, 1.0).log_prob(z).sum(-1) - guide.log_prob(z).sum(-1)


def images(folder, name):
    return torch.tensor(json.load(open("%s/%s.json" % (folder, name)))["x"], dtype=torch.get_default_dtype())


class Own:
    """Orders of images and draws by PyTorch."""

    def orders(self, count):
        while True:
            yield torch.randperm(count)

    def noise(self, step, *shape):
        return None


class Like:
    """Those of vmrun with a seed."""

    def __init__(self, seed):
        self.seed = seed

    def orders(self, count):
        return map(torch.tensor, philox.orders(self.seed, count))

    def noise(self, step, *shape):
        return torch.tensor(philox.normals(self.seed, 0, step, math.prod(shape)).reshape(shape), dtype=torch.get_default_dtype())


def train(folder, draws, epochs, out, seed=1, keep=0.999, path="total", average=0, fall=0, start=None, like=None, precision="single"):
    torch.set_default_dtype(torch.double if precision == "double" else torch.float)
    x = images(folder, "train")
    torch.manual_seed(int(seed))
    first = read(start) if start else glorot()
    weights = {name: first[name].to(x.dtype).requires_grad_() for name in glorot()}
    source = Like(int(like)) if like else Own()
    climb = torch.optim.Adam(weights.values(), lr=1e-3, betas=(0.9, float(keep)), fused=True)
    steps = left = epochs * len(x) // 20
    sums, summed, began, given = None, 0, time.process_time(), 0
    for epoch, order in zip(range(epochs), source.orders(len(x))):
        total = 0
        for rows in order.split(20):
            before = time.process_time()
            noise = source.noise(steps - left, draws, len(rows), LAYERS["decode"][0])
            given += time.process_time() - before
            bound = (torch.logsumexp(log_weights(weights, x[rows], draws, path, noise), 0) - math.log(draws)).sum()
            climb.zero_grad()
            (-bound / len(rows)).backward()
            climb.param_groups[0]["lr"] = 1e-3 * (left / steps if int(fall) else 1)
            climb.step()
            total += bound.item()
            left -= 1
            if left < int(average) and left % 10 == 0:
                now, summed = [w.detach().clone() for w in weights.values()], summed + 1
                sums = now if sums is None else [a + b for a, b in zip(sums, now)]
        print("epoch %d: %.3f nats an image, %.1f s, and %.1f s for draws that were given" %
              (epoch + 1, total / len(x), time.process_time() - began - given, given), flush=True)
    ends = [w / summed for w in sums] if summed else weights.values()
    json.dump({name: w.tolist() for name, w in zip(weights, ends)}, open(out, "w"))


def read(path):
    """Weights by name: of OUT.json, or of the first draw in a .csv, whose columns are `look_W.row.column`."""
    if not path.endswith(".csv"):
        return {name: torch.tensor(w) for name, w in json.load(open(path)).items()}
    csv.field_size_limit(1 << 30)
    names, draw = list(csv.reader(line for line in open(path) if not line.startswith("#")))[:2]
    entries = {}
    for name, number in zip(names, draw):
        name, *at = name.split(".")
        entries.setdefault(name.replace("_", "."), []).append(([int(i) - 1 for i in at], float(number)))
    weights = {}
    for name, found in entries.items():
        weights[name] = torch.zeros([1 + i for i in found[-1][0]])
        at, numbers = zip(*found)
        weights[name][tuple(torch.tensor(at).T)] = torch.tensor(numbers)
    return weights


def value(folder, draws, paths):
    x, many = images(folder, "test"), 1000
    for path in paths:
        weights, bounds, likelihoods = read(path), [], []
        torch.manual_seed(2)
        with torch.no_grad():
            for image in x.split(10):
                log_w = log_weights(weights, image, many)
                groups = log_w.reshape(many // draws, draws, -1)
                bounds += (torch.logsumexp(groups, 1) - math.log(draws)).mean(0).tolist()
                likelihoods += (torch.logsumexp(log_w, 0) - math.log(many)).tolist()
        print("%s: iwae(%d) %.3f, iwae(%d) %.3f nats an image" %
              (path, draws, sum(bounds) / len(x), many, sum(likelihoods) / len(x)), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1] == "train":
        train(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5], **dict(option.split("=") for option in sys.argv[6:]))
    else:
        value(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
