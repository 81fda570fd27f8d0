#!/usr/bin/env python3
"""What autoencoders of discrete.vm are worth on test.json: the bound with K draws of the binary codes and with 1,000, nats an image,
whichever way they were trained.

usage: discrete.py DIR K FIT.csv…
"""
import math
import sys

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cost
from with_torch import images, read

torch.set_num_threads(1)
folder, draws, many = sys.argv[1], int(sys.argv[2]), 1000
x = images(folder, "test")
for path in sys.argv[3:]:
    w, bounds, likelihoods = read(path), [], []
    torch.manual_seed(2)
    with torch.no_grad():
        for image in x.split(10):
            logits = (image @ w["look.W"] + w["look.b"]).expand(many, -1, -1)
            z = torch.bernoulli(torch.sigmoid(logits))
            pixels = z @ w["paint.W"] + w["paint.b"]
            log_w = cost(logits, z, reduction="none").sum(-1) - cost(pixels, image.expand_as(pixels), reduction="none").sum(-1)
            log_w -= z.shape[-1] * math.log(2)
            bounds += (torch.logsumexp(log_w.reshape(many // draws, draws, -1), 1) - math.log(draws)).mean(0).tolist()
            likelihoods += (torch.logsumexp(log_w, 0) - math.log(many)).tolist()
    print("%s: iwae(%d) %.3f, iwae(%d) %.3f nats an image" %
          (path, draws, sum(bounds) / len(x), many, sum(likelihoods) / len(x)), flush=True)
