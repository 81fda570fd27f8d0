#!/usr/bin/env python3
"""Compares `vmrun log_density` with table.json, made by reference.py from formulas.

usage: compare.py VMRUN [NAME…]     prints `ok NAME`, or `FAIL NAME: why` with the point and the entry

Tolerances. A log density is a sum of terms, of which some cancel; it may differ from the reference by 1e-9 of
itself, where rounding alone gives up to 1e-12 for a sum of thousands; so may an entry of the gradient, and by
1e-13 of the largest entry, since what cancels in the one is of the size of the other. Both sides have every
constant, so that values and not differences of values are compared. Of the gradient of a latent with many
entries the table has one number, its slope along cos 1, cos 2, …
"""
import json, math, os, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
POSTERIORS = os.path.join(os.path.dirname(os.path.dirname(TESTS)), "shared", "posteriordb", "data")
TOLERANCE = 1e-9
ROUNDING = 1e-13


def data_of(row):
    """-> the path of the row's data or None"""
    if not row["data"]:
        return None
    is_ours = row["model"].startswith("log_density/programs/")
    return os.path.join(os.path.join(HERE, "programs") if is_ours else POSTERIORS, row["data"] + ".json")


def flat(x):
    return [n for part in x for n in flat(part)] if isinstance(x, list) else [x]


def differs(found, expected, size):
    if not isinstance(found, (int, float)):
        return True
    return not abs(found - expected) <= TOLERANCE * abs(expected) + ROUNDING * size


def compare(vmrun, row, point, values):
    """-> None, or what is wrong at this point"""
    with open(values, "w") as f:
        json.dump(point["at"], f)
    command = [vmrun, "log_density", os.path.join(TESTS, row["model"]), "--at", values]
    command += ["--data", data_of(row)] if data_of(row) else []
    command += ["--unconstrained"] if row.get("unconstrained") else []
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        return "exit status %d, %s" % (done.returncode, done.stderr.strip().split("\n")[0])
    found = json.loads(done.stdout)
    if differs(found["log_density"], point["log_density"], 1):
        return "log density %r is not %r" % (found["log_density"], point["log_density"])
    if set(found["gradient"]) != set(point["gradient"]):
        return "gradient of %s, not of %s" % (" ".join(found["gradient"]), " ".join(point["gradient"]))
    largest = max(abs(g) for part in point["gradient"].values() for g in flat(part))
    for name, expected in point["gradient"].items():
        got = flat(found["gradient"][name])
        if not isinstance(expected, list):
            got = [sum(g * math.cos(i) for i, g in enumerate(got, 1))] if len(got) > 1 else got
        expected = flat(expected)
        if len(got) != len(expected):
            return "gradient of %s has %d entries, not %d" % (name, len(got), len(expected))
        for i, (g, e) in enumerate(zip(got, expected)):
            if differs(g, e, largest):
                return "gradient of %s, entry %d, %r is not %r" % (name, i + 1, g, e)
    return None


def main():
    vmrun, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    with open(os.path.join(HERE, "table.json")) as f:
        table = json.load(f)
    has_posteriors = os.path.isdir(POSTERIORS)
    if not has_posteriors:
        print("skip log density of posteriordb: ../shared is absent")
    failed = False

    def say(name, why):
        nonlocal failed
        failed = failed or why is not None
        print("ok log density of %s" % name if why is None else "FAIL log density of %s: %s" % (name, why))
    for row in table:
        is_ours = row["model"].startswith("log_density/programs/")
        if (wanted and row["name"] not in wanted) or not (is_ours or has_posteriors):
            continue
        with tempfile.TemporaryDirectory() as work:
            results = [compare(vmrun, row, p, os.path.join(work, "values.json")) for p in row["points"]]
        wrong = ["point %d: %s" % (i + 1, why) for i, why in enumerate(results) if why]
        say(row["name"], wrong[0] if wrong else None)
    listed = set()
    for path in ("accuracy/posteriors.txt", "log_density/posteriors/posteriors.txt"):
        with open(os.path.join(TESTS, path)) as f:
            listed |= {line.split()[0] for line in f if line.strip() and not line.startswith("#")}
    programs = {p[:-3] for p in os.listdir(os.path.join(HERE, "programs")) if p.endswith(".vm")}
    for name in sorted((listed | programs) - {row["name"] for row in table}):
        say(name, "it is not in table.json; run reference.py")
    return failed


sys.exit(main())
