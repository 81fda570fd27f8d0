#!/usr/bin/env python3
"""The autoencoder of iwae.vm in PyTorch, on one thread: train it, or say what a trained one is worth on test.json.

usage: with_torch.py train DIR K EPOCHS OUT.json    by iwae(K) with Adam at 1e-3, batches of 20; prints a line for each epoch
       with_torch.py value DIR K FIT.json…          the bound with K draws and with 1,000, nats an image, of parameters by OUT.json or vmrun
"""
import json
import math
import sys
import time

import torch
from torch.distributions import Bernoulli, Normal

LAYERS = {"look": (784, 200), "think": (200, 200), "locate": (200, 50), "spread": (200, 50),
          "decode": (50, 200), "draw": (200, 200), "paint": (200, 784)}


def start():
    """Weights as the library's `dense` starts them (Glorot and Bengio 2010)."""
    weights = {}
    for name, (rows, columns) in LAYERS.items():
        weights[name + ".W"] = torch.randn(rows, columns) * math.sqrt(2 / (rows + columns))
        weights[name + ".b"] = torch.zeros(columns)
    return {name: w.requires_grad_() for name, w in weights.items()}


def dense(weights, name, x):
    return torch.addmm(weights[name + ".b"], x, weights[name + ".W"])


def log_weights(weights, x, draws):
    """log p(x, z) - log q(z | x) of `draws` z for each image: draws × images."""
    h = torch.tanh(dense(weights, "think", torch.tanh(dense(weights, "look", x))))
    guide = Normal(dense(weights, "locate", h), torch.exp(dense(weights, "spread", h)))
    z = guide.rsample((draws,))
    h = torch.tanh(dense(weights, "draw", torch.tanh(dense(weights, "decode", z.reshape(-1, z.shape[-1])))))
    logits = dense(weights, "paint", h).reshape(draws, *x.shape)
    log_x = -torch.nn.functional.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    return log_x + Normal(0.0, 1.0).log_prob(z).sum(-1) - guide.log_prob(z).sum(-1)


def images(folder, name):
    return torch.tensor(json.load(open("%s/%s.json" % (folder, name)))["x"], dtype=torch.float32)


def train(folder, draws, epochs, out):
    x = images(folder, "train")
    torch.manual_seed(1)
    weights = start()
    climb = torch.optim.Adam(weights.values(), lr=1e-3, fused=True)
    began = time.perf_counter()
    for epoch in range(epochs):
        total = 0
        for rows in torch.randperm(len(x)).split(20):
            bound = (torch.logsumexp(log_weights(weights, x[rows], draws), 0) - math.log(draws)).sum()
            climb.zero_grad()
            (-bound / len(rows)).backward()
            climb.step()
            total += bound.item()
        print("epoch %d: %.3f nats an image, %.1f s" % (epoch + 1, total / len(x), time.perf_counter() - began), flush=True)
    json.dump({name: w.tolist() for name, w in weights.items()}, open(out, "w"))


def read(path):
    """Weights by name: of OUT.json, or of what vmrun prints of each entry."""
    found = json.load(open(path))
    if "variables" not in found:
        return {name: torch.tensor(w) for name, w in found.items()}
    flat = {}
    for v in found["variables"]:
        flat.setdefault(v["name"].replace("_", "."), []).append(v["mean"])
    weights = {}
    for name, (rows, columns) in LAYERS.items():
        weights[name + ".W"] = torch.tensor(flat[name + ".W"]).reshape(rows, columns)
        weights[name + ".b"] = torch.tensor(flat[name + ".b"])
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


torch.set_num_threads(1)
if sys.argv[1] == "train":
    train(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
else:
    value(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
