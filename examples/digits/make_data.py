#!/usr/bin/env python3
"""Writes digits.json: the first images of the handwritten digits that scikit-learn ships, 8 × 8 pixels from 0 to 16.

They are the test set of "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak, 1998), UCI Machine Learning
Repository, under the licence Creative Commons Attribution 4.0 (CC BY 4.0). `make_data.py 1797` writes all of them.

usage: make_data.py [COUNT] > digits.json
"""
import json
import sys

from sklearn.datasets import load_digits

count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
images = load_digits().data[:count].astype(int).tolist()
print('{"grey": [\n' + ",\n".join(json.dumps(image, separators=(",", ":")) for image in images) + "\n]}")
