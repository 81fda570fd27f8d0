#!/usr/bin/env python3
"""Writes waits.json: 200 synthetic numbers, a third about 2 (sd 0.7), the others about 5 (sd 1).

usage: make_data.py > waits.json
"""
import json
import random

random.seed(4)
y = [round(random.gauss(2, 0.7) if random.random() < 1 / 3 else random.gauss(5, 1), 3) for _ in range(200)]
print(json.dumps({"y": y}))
