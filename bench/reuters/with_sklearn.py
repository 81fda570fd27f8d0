#!/usr/bin/env python3
"""Latent Dirichlet allocation by scikit-learn's online variational Bayes, and what the topics of any fit are worth on the texts held out.

usage: with_sklearn.py fit DIR SEED PASSES OUT.json    prints the seconds of the processor that the fit itself took
       with_sklearn.py value DIR FIT…                  the perplexity by topics of OUT.json, or of draws by vmrun (.csv)

Perplexity is by completion: of each text a random half of the tokens says which topics it has, by variational Bayes with the
topics' words held, and the other half is predicted.
"""
import csv
import json
import random
import sys
import time

import numpy as np
from scipy.special import digamma

TOPICS, SHARE, WORD_SHARE = 20, 0.1, 0.01


def texts(folder, name):
    data = json.load(open("%s/%s.json" % (folder, name)))
    found = [[] for _ in range(data["doc"])]
    for doc, word in zip(data["doc_of"], data["word"]):
        found[doc - 1].append(word - 1)
    return found, data["word_type"]


def fit(folder, seed, passes, out):
    from sklearn.decomposition import LatentDirichletAllocation
    found, words = texts(folder, "train")
    counts = np.array([np.bincount(text, minlength=words) for text in found])
    model = LatentDirichletAllocation(TOPICS, doc_topic_prior=SHARE, topic_word_prior=WORD_SHARE, learning_method="online", max_iter=passes,
                                      random_state=seed)
    began = time.process_time()
    model.fit(counts)
    print("scikit-learn, seed %d, %d passes: %.2f s of the processor" % (seed, passes, time.process_time() - began))
    json.dump((model.components_ / model.components_.sum(1, keepdims=True)).tolist(), open(out, "w"))


def read(path):
    """Topics × words: the mean of the draws, in columns `phi.topic.word`, or as `fit` writes them."""
    if not path.endswith(".csv"):
        return np.array(json.load(open(path)))
    rows = list(csv.reader(line for line in open(path) if not line.startswith("#")))
    means = np.mean([list(map(float, row)) for row in rows[1:]], 0)
    phi = np.zeros((TOPICS, len([name for name in rows[0] if name.startswith("phi.1.")])))
    for name, mean in zip(rows[0], means):
        if name.startswith("phi."):
            topic, word = map(int, name.split(".")[1:])
            phi[topic - 1, word - 1] = mean
    return phi


def shares(phi, tokens):
    g = np.full(TOPICS, SHARE + len(tokens) / TOPICS)
    for _ in range(200):
        r = np.exp(digamma(g))[:, None] * phi[:, tokens]
        before, g = g, SHARE + (r / r.sum(0)).sum(1)
        if abs(g - before).mean() < 1e-4:
            break
    return g / g.sum()


def value(folder, paths):
    found, _ = texts(folder, "test")
    for path in paths:
        phi, order, total, count = np.maximum(read(path), 1e-300), random.Random(1), 0, 0
        for text in found:
            tokens = order.sample(text, len(text))
            half = len(tokens) // 2
            total += np.log(shares(phi, tokens[:half]) @ phi[:, tokens[half:]]).sum()
            count += len(tokens) - half
        print("%s: perplexity %.1f" % (path, np.exp(-total / count)), flush=True)


if sys.argv[1] == "fit":
    fit(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
else:
    value(sys.argv[2], sys.argv[3:])
