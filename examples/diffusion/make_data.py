#!/usr/bin/env python3
"""Writes ring.json: 200 synthetic points around a circle of radius 1, with noise of 0.05.

usage: make_data.py > ring.json
"""
import json
import math
import random

random.seed(8)
x = []
for _ in range(200):
    angle, radius = random.uniform(0, 2 * math.pi), random.gauss(1, 0.05)
    x.append([round(radius * math.cos(angle), 3), round(radius * math.sin(angle), 3)])
print(json.dumps({"x": x}))
