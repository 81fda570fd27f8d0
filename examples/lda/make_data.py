#!/usr/bin/env python3
"""Writes texts.json: 30 synthetic texts of 40 words each from 3 topics over 30 words, of which each topic has ten of its own.

usage: make_data.py > texts.json
"""
import json
import random

random.seed(6)
doc_of, word = [], []
for doc in range(1, 31):
    share = [random.gammavariate(0.3, 1) for _ in range(3)]
    for _ in range(40):
        topic = random.choices(range(3), share)[0]
        doc_of.append(doc)
        word.append(10 * topic + 1 + min(9, int(random.expovariate(0.3))))
print(json.dumps({"doc": 30, "word_type": 30, "doc_of": doc_of, "word": word}))
