#!/usr/bin/env python3
"""Compares `vmrun log_density` with table.json, made by brute.py.

usage: compare.py VMRUN [MODEL…]     prints `ok NAME`, or `FAIL NAME: why`

Tolerances. Both sides have every constant and add up at most some thousand terms in log space, so that the
log density agrees to 1e-10 of itself with room to spare. An entry of the gradient may be the difference of
larger ones: 1e-9 of itself and 1e-12 of the largest entry.
"""
import json, os, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def flat(x):
    return [n for part in x for n in flat(part)] if isinstance(x, list) else [x]


def differs(found, expected, relative, absolute):
    return not isinstance(found, (int, float)) or not abs(found - expected) <= relative * abs(expected) + absolute


def compare(vmrun, row, work):
    """-> None, or what is wrong"""
    paths = {key: os.path.join(work, key + ".json") for key in ("data", "at")}
    for key, path in paths.items():
        with open(path, "w") as f:
            json.dump(row[key], f)
    command = [vmrun, "log_density", os.path.join(HERE, "programs", row["model"] + ".vm"),
               "--data", paths["data"], "--at", paths["at"]]
    for name, value in row["set"].items():
        command += ["--set", "%s=%s" % (name, value)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        return "exit status %d, %s" % (done.returncode, done.stderr.strip().split("\n")[0])
    found = json.loads(done.stdout)
    if differs(found["log_density"], row["log_density"], 1e-10, 0):
        return "log density %r is not %r" % (found["log_density"], row["log_density"])
    if set(found["gradient"]) != set(row["gradient"]):
        return "gradient of %s, not of %s" % (" ".join(found["gradient"]), " ".join(row["gradient"]))
    largest = max(abs(g) for part in row["gradient"].values() for g in flat(part))
    for name, expected in row["gradient"].items():
        got, expected = flat(found["gradient"][name]), flat(expected)
        if len(got) != len(expected):
            return "gradient of %s has %d entries, not %d" % (name, len(got), len(expected))
        for i, (g, e) in enumerate(zip(got, expected)):
            if differs(g, e, 1e-9, 1e-12 * largest):
                return "gradient of %s, entry %d, %r is not %r" % (name, i + 1, g, e)
    return None


def main():
    vmrun, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    with open(os.path.join(HERE, "table.json")) as f:
        table = json.load(f)
    failed, seen = False, {}
    for row in table:
        name = row["model"]
        seen[name] = seen.get(name, 0) + 1
        if wanted and name not in wanted:
            continue
        with tempfile.TemporaryDirectory() as work:
            why = compare(vmrun, row, work)
        told = "summed-out density of %s %d (%d assignments)" % (name, seen[name], row["assignments"])
        print("ok " + told if why is None else "FAIL %s: %s" % (told, why))
        failed = failed or why is not None
    missing = {p[:-3] for p in os.listdir(os.path.join(HERE, "programs")) if p.endswith(".vm")} - set(seen)
    for name in sorted(missing):
        print("FAIL %s: it is not in table.json; run brute.py" % name)
    return failed or bool(missing)


sys.exit(main())
