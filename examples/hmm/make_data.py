#!/usr/bin/env python3
"""Writes flow.json: 200 synthetic steps of a chain with two states, staying with 0.9 and 0.8, observed about 3 and 9 with sd 1.

usage: make_data.py > flow.json
"""
import json
import random

random.seed(5)
state, y = 0, []
for _ in range(200):
    if random.random() > (0.9, 0.8)[state]:
        state = 1 - state
    y.append(round(random.gauss((3, 9)[state], 1), 3))
print(json.dumps({"y": y}))
