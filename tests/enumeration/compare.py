#!/usr/bin/env python3
"""Compares `vmrun log_density`, and draws of the states by `vmrun fit`, with table.json, made by brute.py.

usage: compare.py VMRUN [MODEL…]     prints `ok NAME`, or `FAIL NAME: why`

Tolerances. Both sides have every constant and add up at most some thousand terms in log space, so that the
log density agrees to 1e-10 of itself with room to spare. An entry of the gradient may be the difference of
larger ones: 1e-9 of itself and 1e-12 of the largest entry. The frequency f of a pair of states of probability p
in n draws lies with probability exp(-n KL(f, p)) as far away at most (Chernoff); that may be as little as
exp(-16), 1e-7, for the table has 9,000 pairs.
"""
import csv, json, math, os, subprocess, sys, tempfile

DRAWS = 20000
HERE = os.path.dirname(os.path.abspath(__file__))


def flat(x):
    return [n for part in x for n in flat(part)] if isinstance(x, list) else [x]


def differs(found, expected, relative, absolute):
    return not isinstance(found, (int, float)) or not abs(found - expected) <= relative * abs(expected) + absolute


def write(path, values):
    with open(path, "w") as f:
        json.dump(values, f)
    return path


def run(row, command):
    """-> output, None, or None, what is wrong"""
    for name, value in row["set"].items():
        command += ["--set", "%s=%s" % (name, value)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        return None, "exit status %d, %s" % (done.returncode, done.stderr.strip().split("\n")[0])
    return done.stdout, None


def columns(path, first):
    """-> the states that were drawn, from 0, a list for each entry, in the order of the table"""
    with open(path) as f:
        rows = list(csv.reader(line for line in f if not line.startswith("#")))
    found = []
    for name, least in first:
        of = [i for i, column in enumerate(rows[0]) if column.split(".")[0] == "copy_" + name]
        of.sort(key=lambda i: [int(n) for n in rows[0][i].split(".")[1:]])
        found += [[int(float(r[i])) - least for r in rows[1:]] for i in of]
    return found


def divergence(f, p):
    """-> KL between two coins"""
    return sum(a * math.log(a / b) if b > 0 else math.inf for a, b in ((f, p), (1 - f, 1 - p)) if a > 0)


def compare_draws(vmrun, row, work):
    """-> None, or what is wrong"""
    program, drawn = os.path.join(work, "given.vm"), os.path.join(work, "drawn.csv")
    with open(program, "w") as f:
        f.write(row["draws"]["program"])
    data = write(os.path.join(work, "data.json"), dict(row["data"], **row["at"]))
    _, why = run(row, [vmrun, "fit", program, "--data", data, "--draws", str(DRAWS), "-o", drawn])
    if why:
        return why
    entries = columns(drawn, row["draws"]["first"])
    for i, j, a, b, p in row["draws"]["pairs"]:
        found = sum(x == a and y == b for x, y in zip(entries[i], entries[j])) / DRAWS
        if not DRAWS * divergence(found, p) <= 16:
            return "states %d and %d of entries %d and %d: %.5f of the draws, not %.5f" % (a, b, i, j, found, p)
    return None


def compare(vmrun, row, work):
    """-> None, or what is wrong"""
    command = [vmrun, "log_density", os.path.join(HERE, "programs", row["model"] + ".vm"),
               "--data", write(os.path.join(work, "data.json"), row["data"]),
               "--at", write(os.path.join(work, "at.json"), row["at"])]
    output, why = run(row, command)
    if why:
        return why
    found = json.loads(output)
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
        which = "%s %d (%d assignments)" % (name, seen[name], row["assignments"])
        with tempfile.TemporaryDirectory() as work:
            results = [("summed-out density of " + which, compare(vmrun, row, work))]
            if "draws" in row:
                results.append(("drawn states of " + which, compare_draws(vmrun, row, work)))
        for told, why in results:
            print("ok " + told if why is None else "FAIL %s: %s" % (told, why))
            failed = failed or why is not None
    missing = {p[:-3] for p in os.listdir(os.path.join(HERE, "programs")) if p.endswith(".vm")} - set(seen)
    for name in sorted(missing):
        print("FAIL %s: it is not in table.json; run brute.py" % name)
    return failed or bool(missing)


sys.exit(main())
