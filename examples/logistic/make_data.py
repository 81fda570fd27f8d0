#!/usr/bin/env python3
"""Writes patients.csv: 100 synthetic patients with alpha = -0.5, beta = (-0.6, 1.1).

usage: make_data.py > patients.csv
"""
import math
import random

random.seed(1)
print("age,dose,answered")
for _ in range(100):
    age, dose = random.gauss(0, 1), random.gauss(0, 1)
    p = 1 / (1 + math.exp(-(-0.5 - 0.6 * age + 1.1 * dose)))
    print("%.3f,%.3f,%d" % (age, dose, random.random() < p))
