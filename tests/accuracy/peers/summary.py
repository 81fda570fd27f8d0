"""What the scripts beside this file share: the posteriors, and summaries as score.py of the database reads them."""
import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
DATABASE = os.path.join(os.path.dirname(ROOT), "shared", "posteriordb")


def posteriors(wanted):
    """-> [(posterior, data)], in the order wanted"""
    with open(os.path.join(HERE, "..", "posteriors.txt")) as table:
        data = {r[0]: r[2] for r in map(str.split, table) if r and r[0] != "#"}
    return [(name, data[name]) for name in wanted or data]


def summarise(draws):
    """draws: {scalar's name, with its indices as in `beta.1`: array of any shape} -> variables"""
    found = []
    for name, x in draws.items():
        name, *at = name.split(".")
        x = np.asarray(x, float).ravel()
        q05, q50, q95 = np.quantile(x, [0.05, 0.5, 0.95])
        found.append({"name": name, "at": [int(i) for i in at], "mean": x.mean(), "sd": x.std(ddof=1), "q05": q05, "q50": q50, "q95": q95})
    return found


def flat(name, x):
    """Draws of an array, first axis the draws, by scalar."""
    x = np.asarray(x)
    if x.ndim == 1:
        return {name: x}
    return {".".join([name, *(str(i + 1) for i in at)]): x[(slice(None), *at)] for at in np.ndindex(x.shape[1:])}


def write(to, posterior, seconds, variables, longest=False, **more):
    path = os.path.join(to, posterior + ".json")
    with open(path, "w") as file:
        json.dump({"verdict": "-", "seconds": seconds, "longest": longest, **more, "variables": variables}, file)
    print("%-56s %8.2f s%s" % (posterior, seconds, "  not done" if longest else ""), flush=True)
