#!/usr/bin/env python3
"""Writes waves.csv: 60 synthetic points, y = sin(3 x) + noise of 0.1, with x in [-1, -0.3] and [0.2, 1], and nothing between.

usage: make_data.py > waves.csv
"""
import math
import random

random.seed(7)
print("x,y")
for i in range(60):
    x = random.uniform(-1, -0.3) if i % 2 else random.uniform(0.2, 1)
    print("%.3f,%.3f" % (x, math.sin(3 * x) + random.gauss(0, 0.1)))
