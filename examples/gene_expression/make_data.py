#!/usr/bin/env python3
"""Writes cells.json: synthetic counts of 20 genes in 150 cells, negative binomial about exp(base + z W), where one program of two raises
genes 1 to 5 and the other genes 6 to 10, in cells of different depth.

usage: make_data.py > cells.json
"""
import json
import math
import random

random.seed(10)


def poisson(rate):
    """The number of arrivals of rate 1 within `rate`."""
    n, t = 0, random.expovariate(1)
    while t < rate:
        n, t = n + 1, t + random.expovariate(1)
    return n


base = [random.uniform(0, 2) for _ in range(20)]
count, depth = [], []
for _ in range(150):
    z = random.gauss(0, 1), random.gauss(0, 1)
    depth.append(round(math.exp(random.gauss(0, 0.3)), 3))
    row = []
    for gene in range(20):
        rate = depth[-1] * math.exp(base[gene] + (z[0] if gene < 5 else z[1] if gene < 10 else 0))
        row.append(poisson(random.gammavariate(4, rate / 4)))
    count.append(row)
print(json.dumps({"count": count, "depth": depth}))
