#!/usr/bin/env python3
"""Writes bits.json: 400 synthetic rows of 16 bits, which in half of the rows are 1 and in the others 0, with one error in ten.

usage: make_data.py > bits.json
"""
import json
import random

random.seed(11)
rows = []
for _ in range(400):
    kind = random.random() < 0.5
    rows.append([int(kind ^ (random.random() < 0.1)) for _ in range(16)])
print(json.dumps({"x": rows}, separators=(",", ":")))
