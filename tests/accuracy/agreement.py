"""How far two fits of the same posterior are from each other, beyond their Monte-Carlo errors."""
import math


def scalars(fit):
    return {(v["name"], *v.get("at", [])): v for v in fit["variables"]}


def worst_difference(a, b, names=None):
    """-> (the largest over the scalars that both have, of these names or all: of means in sds, of sds in logs; the scalar)"""
    worst, where, first = 0, "-", scalars(a)
    for key, v in scalars(b).items():
        if key not in first or names and key[0] not in names:
            continue
        u = first[key]
        shift = (abs(u["mean"] - v["mean"]) - 4 * math.hypot(u["mcse"], v["mcse"])) / u["sd"]
        # mcse / sd is 1 / sqrt(ess); the error of a log sd is 1 / sqrt(2 ess) for a Gaussian, twice that for heavy tails
        stretch = abs(math.log(max(v["sd"], 1e-300) / u["sd"])) - 4 * math.sqrt(2) * math.hypot(u["mcse"] / u["sd"], v["mcse"] / max(v["sd"], 1e-300))
        if not max(shift, stretch) <= worst:
            worst, where = max(shift, stretch), key[0] + ("[%s]" % ",".join(map(str, key[1:])) if key[1:] else "")
    return worst, where
