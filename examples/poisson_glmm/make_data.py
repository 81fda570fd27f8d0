#!/usr/bin/env python3
"""Writes visits.csv: 120 synthetic visits to 12 woods with mu = 1.2, wet = -0.5, tau = 0.6.

usage: make_data.py > visits.csv
"""
import math
import random

WOODS = ["ash", "beech", "birch", "cedar", "elm", "fir", "hazel", "larch", "lime", "maple", "oak", "pine"]


def poisson(rate):
    """The number of arrivals of rate 1 within `rate`."""
    n, t = 0, random.expovariate(1)
    while t < rate:
        n, t = n + 1, t + random.expovariate(1)
    return n


random.seed(2)
effects = {wood: random.gauss(1.2, 0.6) for wood in WOODS}
print("wood_of,rain,hours,birds")
for i in range(120):
    wood, rain, hours = WOODS[i % 12], int(random.random() < 0.3), random.choice([0.5, 1, 1.5, 2])
    print("%s,%d,%g,%d" % (wood, rain, hours, poisson(hours * math.exp(effects[wood] - 0.5 * rain))))
