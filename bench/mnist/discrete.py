#!/usr/bin/env python3
"""What autoencoders of discrete.vm are worth, whichever way they were trained: the bound with K draws of the binary codes and with 200, nats
an image, of test.json and of the first 1,000 images of train.json.

usage: discrete.py DIR K FIT.csv…
"""
import math
import sys

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cost
from with_torch import images, read

MANY = 200


def log_weights(w, grey, image):
    """log p(x, z) - log q(z | x): MANY × images."""
    logits = ((image - grey) @ w["look.W"] + w["look.b"]).expand(MANY, -1, -1)
    z = torch.bernoulli(torch.sigmoid(logits))
    pixels = torch.logit(grey) + (2 * z - 1) @ w["paint.W"] + w["paint.b"]
    log_x = -cost(pixels, image.expand_as(pixels), reduction="none").sum(-1)
    return log_x + cost(logits, z, reduction="none").sum(-1) - cost(w["prior.b"].expand_as(z), z, reduction="none").sum(-1)


def bounds(w, grey, x, draws):
    few, many = [], []
    torch.manual_seed(2)
    with torch.no_grad():
        for image in x.split(50):
            log_w = log_weights(w, grey, image)
            few += (torch.logsumexp(log_w.reshape(MANY // draws, draws, -1), 1) - math.log(draws)).mean(0).tolist()
            many += (torch.logsumexp(log_w, 0) - math.log(MANY)).tolist()
    return draws, sum(few) / len(x), MANY, sum(many) / len(x)


torch.set_num_threads(1)
folder, draws = sys.argv[1], int(sys.argv[2])
held_out, learned = images(folder, "test"), images(folder, "train")
grey = (learned.sum(0) + 0.5) / (len(learned) + 1)
for path in sys.argv[3:]:
    w = read(path)
    print("%s: held out iwae(%d) %.2f, iwae(%d) %.2f;" % (path, *bounds(w, grey, held_out, draws)),
          "learned from iwae(%d) %.2f, iwae(%d) %.2f nats an image" % bounds(w, grey, learned[:1000], draws), flush=True)
