#!/usr/bin/env python3
"""Writes rows.json: 200 synthetic rows of 6 numbers, two directions of sd 2 and 1 in noise of sd 0.5, centred and without other
correlations than those drawn.

usage: make_data.py > rows.json
"""
import json
import random

random.seed(9)
directions = [[random.gauss(0, 1) for _ in range(6)] for _ in range(2)]
rows = []
for _ in range(200):
    z = random.gauss(0, 1), random.gauss(0, 0.5)
    rows.append([sum(a * d[i] for a, d in zip(z, directions)) + random.gauss(0, 0.5) for i in range(6)])
means = [sum(column) / len(rows) for column in zip(*rows)]
print(json.dumps({"x": [[round(v - m, 3) for v, m in zip(row, means)] for row in rows]}))
