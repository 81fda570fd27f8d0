"""Fits the classic examples and compares each with a closed form, or with a computation of its own in plain Python.

usage: classics.py [--few] VMRUN    --few: each runs for a few steps, and nothing is compared
"""
import json
import math
import os
import random
import subprocess
import sys
import tempfile

VMRUN, FEW = os.path.abspath(sys.argv[-1]), "--few" in sys.argv
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
failures = []


def run(*words):
    done = subprocess.run([VMRUN, *words], cwd=EXAMPLES, capture_output=True, text=True)
    assert done.returncode in (0, 3), done.stderr
    return done


class Fit:
    """What vmrun prints of a fit; values by name, in the order of their entries."""

    def __init__(self, model, *flags):
        if FEW:
            flags += ("--steps", "20", "--draws", "20")
        done = run("fit", model + ".vm", "--json", "--log", "json", *flags)
        self.found = json.loads(done.stdout)
        self.trace = [json.loads(line)["elbo"] for line in done.stderr.splitlines()]
        self.elbo, self.error = self.found["elbo"]["value"], self.found["elbo"]["mcse"]
        self.reconstruction, self.kl = self.found["elbo"]["reconstruction"], self.found["elbo"]["kl"]
        self.evidence = self.found["log_evidence"]["value"]
        self.reasons = {reason["code"] for reason in self.found["reasons"]}
        self.kls = {kl["name"]: kl for kl in self.found.get("kl", [])}

    def __getitem__(self, name):
        return [v["mean"] for v in self.found["variables"] if v["name"] == name]

    def sd(self, name):
        return [v["sd"] for v in self.found["variables"] if v["name"] == name]


def data(path):
    with open(os.path.join(EXAMPLES, path)) as file:
        return json.load(file)


def close(what, x, y, tolerance):
    if abs(x - y) <= tolerance:
        return
    raise AssertionError("%s is %.6g, not %.6g to within %.2g" % (what, x, y, tolerance))


def true(what, holds):
    if not holds:
        raise AssertionError("not so: " + what)


def normal(x, mean, sd):
    return -0.5 * ((x - mean) / sd) ** 2 - math.log(sd) - 0.5 * math.log(2 * math.pi)


def log_sum(terms):
    most = max(terms)
    return most + math.log(sum(math.exp(t - most) for t in terms))


def eigenvalues(matrix):
    """Of a symmetric matrix, the largest first, by Jacobi's rotations."""
    a, n = [row[:] for row in matrix], len(matrix)
    for _ in range(30):
        for p in range(n):
            for q in range(p + 1, n):
                if abs(a[p][q]) < 1e-300:
                    continue
                angle = 0.5 * math.atan2(2 * a[p][q], a[q][q] - a[p][p])
                c, s = math.cos(angle), math.sin(angle)
                for k in range(n):
                    a[k][p], a[k][q] = c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]
                for k in range(n):
                    a[p][k], a[q][k] = c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]
    return sorted((a[i][i] for i in range(n)), reverse=True)


# --- each a function, which raises AssertionError

def linear_gaussian():
    x, w, s = 1.5, 2, 0.7
    f, mean, variance = Fit("linear_gaussian/linear_gaussian"), w * x / (w * w + s * s), s * s / (w * w + s * s)
    if FEW:
        return
    close("the posterior mean", f["z"][0], mean, 0.01)
    close("the posterior sd", f.sd("z")[0], math.sqrt(variance), 0.01)
    close("the KL", f.kl, 0.5 * (mean ** 2 + variance - 1 - math.log(variance)), 0.01)
    close("the reconstruction", f.reconstruction, normal(x, w * mean, s) - w * w * variance / (2 * s * s), 0.01)
    close("the log evidence", f.evidence, normal(x, 0, math.hypot(w, s)), 0.001)
    close("the gap", f.evidence - f.elbo, 0, 4 * f.error)


def two_modes():
    def target(z):
        return math.log(0.5) + log_sum([normal(z, -2, 0.5), normal(z, 2, 0.5)])

    def bound(m, s):
        """-KL(normal(m, s) || target), by the trapezoidal rule."""
        at = [m + s * (i / 200 - 8) for i in range(3201)]
        return sum(math.exp(normal(z, m, s)) * (target(z) - normal(z, m, s)) for z in at) * s / 200

    reverse, forward = Fit("two_modes/two_modes"), Fit("two_modes/two_modes", "--objective", "inclusive(50)")
    if FEW:
        return
    close("the mean at a mode", abs(reverse["m"][0]), 2, 0.01)
    close("the sd of a mode", reverse["s"][0], 0.5, 0.01)
    close("the ELBO at a mode", reverse.elbo, math.log(0.5), 0.001)
    close("the mean over both modes", forward["m"][0], 0, 0.1)        # 0.05 sds, the tolerance of a fit
    close("the sd over both modes", forward["s"][0], math.sqrt(2 ** 2 + 0.5 ** 2), 0.05)
    close("the ELBO over both modes", forward.elbo, bound(forward["m"][0], forward["s"][0]), 4 * forward.error)
    true("forward KL has a lower ELBO and no worse evidence", forward.elbo < reverse.elbo and abs(forward.evidence) < 0.03)


def mean_field():
    f, sd = Fit("mean_field/mean_field"), math.sqrt(1 - 0.9 ** 2)
    if FEW:
        return
    for i in range(2):
        close("the mean", f["m"][i], 1, 0.05 * sd)          # the tolerance of a fit
        close("the precision", f["s"][i] ** -2, 1 / (1 - 0.9 ** 2), 0.15)
    close("the ELBO", f.elbo, 0.5 * math.log(1 - 0.9 ** 2), 0.002 + 4 * f.error)


def mixture_em():
    y, f = data("mixture_em/waits.json")["y"], Fit("mixture_em/mixture_em")
    n, mean = len(y), sum(y) / len(y)
    sd = math.sqrt(sum((v - mean) ** 2 for v in y) / (n - 1))
    w, mu, s, likelihoods = [0.5, 0.5], [mean - sd, mean + sd], [sd, sd], []
    for _ in range(200):
        terms = [[math.log(w[k]) + normal(v, mu[k], s[k]) for k in range(2)] for v in y]
        likelihoods.append(sum(log_sum(t) for t in terms))
        shares = [[math.exp(t[k] - log_sum(t)) for t in terms] for k in range(2)]
        for k in range(2):
            total = sum(shares[k])
            w[k], mu[k] = total / n, sum(r * v for r, v in zip(shares[k], y)) / total
            s[k] = math.sqrt(sum(r * (v - mu[k]) ** 2 for r, v in zip(shares[k], y)) / total)
    true("EM never lowers the likelihood", all(b > a - 1e-9 for a, b in zip(likelihoods, likelihoods[1:])))
    if FEW:
        return
    close("the log likelihood", f.elbo, likelihoods[-1], 1e-4)
    close("the log evidence", f.evidence, likelihoods[-1], 1e-4)
    for k in range(2):
        for name, value in ("w", w), ("mu", mu), ("s", s):
            close("%s[%d]" % (name, k + 1), f[name][k], value[k], 1e-3)


def hmm():
    y = data("hmm/flow.json")["y"]
    P, mu = [[0.8, 0.2], [0.3, 0.7]], [2.5, 8]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as at:
        json.dump({"P": P, "mu": mu}, at)
        at.flush()
        given = run("log_density", "hmm/hmm.vm", "--at", at.name)
    alpha = [math.log(0.5) + normal(y[0], m, 1) for m in mu]
    for v in y[1:]:
        alpha = [log_sum([alpha[i] + math.log(P[i][j]) for i in range(2)]) + normal(v, mu[j], 1) for j in range(2)]
    inside = 0.5 * math.erfc(-1 / math.sqrt(2))       # of normal(5, 5) above 0
    prior = sum(normal(m, 5, 5) - math.log(inside) for m in mu) + math.log(2)
    close("the log density by the forward algorithm", json.loads(given.stdout)["log_density"], log_sum(alpha) + prior, 1e-9 * 1000)
    f = Fit("hmm/hmm")
    if FEW:
        return
    # The states are far apart, so that the path is all but known; given it, rows of P are Dirichlet and the means normal.
    path = [int(v > 6) for v in y]
    close("states that differ from the path", sum(int(i != j) for i, j in zip(path, states(f))), 0, 1)
    for i in range(2):
        here = [v for v, k in zip(y, path) if k == i]
        leaves, stays = (sum(a == i and b == j for a, b in zip(path, path[1:])) for j in (1 - i, i))
        p = (1 + leaves) / (2 + leaves + stays)
        close("P[%d] away" % (i + 1), f["P"][2 * i + 1 - i], p, 0.01)
        close("its sd", f.sd("P")[2 * i + 1 - i], math.sqrt(p * (1 - p) / (3 + leaves + stays)), 0.005)
        precision = 1 / 25 + len(here)
        close("mu[%d]" % (i + 1), f["mu"][i], (5 / 25 + sum(here)) / precision, 0.02)
        close("its sd", f.sd("mu")[i], precision ** -0.5, 0.005)


def states(f):
    return [int(entry["most_probable"]) - 1 for entry in f.found["discrete"]]


def digits():
    grey = data("digits/digits.json")["grey"]
    x, n = [[int(v > 7) for v in image] for image in grey], len(grey)
    f, bound, continuous = (Fit("digits/" + name) for name in ("vae", "iwae", "gaussian"))
    if FEW:
        return
    shares = [sum(column) / n for column in zip(*x)]
    apart = sum(n * (p * math.log(p) + (1 - p) * math.log(1 - p)) for p in shares if 0 < p < 1)
    close("the ELBO's parts", f.reconstruction - f.kl, f.elbo, 1e-6 * abs(f.elbo))
    close("the KL's parts", f.kls["z"]["value"], sum(f.kls["z"]["by_unit"]) * n, 1e-6 * f.kl)
    true("the code is worth 3 nats an image more than pixels alone", f.elbo > apart + 3 * n)
    true("… by the importance-weighted bound, too", bound.elbo > apart + 3 * n)
    true("the evidence is above the ELBO", f.evidence > f.elbo and bound.evidence > bound.elbo)
    # The decoder again, at a draw of each image's code.
    W2, b2, W1, b1 = (f[name] for name in ("dense1.W", "dense1.b", "dense2.W", "dense2.b"))
    W1, W2 = [W1[i::64] for i in range(64)], [W2[i::64] for i in range(64)]
    random.seed(1)
    z, total = [random.gauss(m, s) for m, s in zip(f["z"], f.sd("z"))], 0
    for i, image in enumerate(x):
        code = z[4 * i:4 * i + 4]
        h = [math.tanh(sum(map(float.__mul__, code, W)) + b) for W, b in zip(W1, b1)]
        for v, W, b in zip(image, W2, b2):
            logit = sum(map(float.__mul__, h, W)) + b
            total += v * logit - max(logit, 0) - math.log1p(math.exp(-abs(logit)))
    spread = math.sqrt(f.found["draws"]) * f.found["elbo"]["reconstruction_mcse"]
    close("the reconstruction by the decoder's weights", total, f.reconstruction, 4 * spread)
    # Of the noise that fits best, 0.5 is left of each pixel's square.
    noise, pixels = continuous["noise"][0], 64 * n
    best = -pixels * (0.5 * math.log(2 * math.pi) + math.log(noise) + 0.5)
    close("the reconstruction of grey pixels, by their noise", continuous.reconstruction, best, 0.1 * pixels)
    flat = [v / 16 for image in grey for v in image]
    true("the noise is below the sd of the pixels", noise < 0.5 * math.sqrt(sum((v - sum(flat) / pixels) ** 2 for v in flat) / pixels))


def linear_vae():
    x, variance = data("linear_vae/rows.json")["x"], 0.5 ** 2
    n, d = len(x), len(x[0])
    values = eigenvalues([[sum(row[i] * row[j] for row in x) / n for j in range(d)] for i in range(d)])
    points = []
    for beta in 0.5, 1, 4:
        f, floor = Fit("linear_vae/linear_vae", "--beta", str(beta)), beta * variance
        if FEW:
            continue
        kept = [v for v in values[:3] if v > floor]
        rate = n * sum(0.5 * math.log(v / floor) for v in kept)
        left = len(kept) * floor + sum(values[len(kept):])
        density = -0.5 * n * (d * math.log(2 * math.pi * variance) + left / variance)
        close("the rate at %g" % beta, f.kl, rate, 0.005 * rate)
        close("the reconstruction at %g" % beta, f.reconstruction, density, 0.002 * abs(density) + 4 * f.found["elbo"]["reconstruction_mcse"])
        close("active units at %g" % beta, f.kls["z"]["active"], len(kept), 0)
        points.append((f.kl, f.reconstruction))
        if beta == 1:
            likelihood = density - rate
            close("the ELBO", f.elbo, likelihood, 1 + 4 * f.error)
            close("the log evidence of probabilistic PCA", f.evidence, likelihood, 1)
    true("less rate, more distortion", all(a > b and c > d for (a, c), (b, d) in zip(points, points[1:])))


def collapse():
    plain, annealed = Fit("collapse/collapse"), Fit("collapse/collapse", "--anneal", "0 -> 1 over 2000")
    weak = Fit("collapse/collapse", "--objective", "elbo(0.2)")
    if FEW:
        return
    true("a code that the decoder does without is called collapsed", "collapsed" in plain.reasons and plain.kls["z"]["active"] == 0)
    true("… not so with annealing", "collapsed" not in annealed.reasons and annealed.kls["z"]["active"] == 2)
    true("… nor with elbo(0.2)", "collapsed" not in weak.reasons and weak.kls["z"]["active"] == 2)
    # log p of the rows as they were made, a mixture of two kinds; the params are fitted, and have the better of it
    rows = data("collapse/bits.json")["x"]
    made = sum(log_sum([math.log(0.5) + k * math.log(0.9) + (16 - k) * math.log(0.1) for k in (sum(r), 16 - sum(r))]) for r in rows)
    true("annealing has the better ELBO, about that of the truth", plain.elbo < annealed.elbo and abs(annealed.elbo / made - 1) < 0.05)


def topics():
    tokens, counts, source = Fit("lda/lda"), Fit("topics/topics"), data("lda/texts.json")
    if FEW:
        return
    of = {}
    for token in zip(source["doc_of"], source["word"]):
        of[token] = of.get(token, 0) + 1
    lengths = [source["doc_of"].count(doc) for doc in range(1, source["doc"] + 1)]
    ways = sum(math.lgamma(length + 1) for length in lengths) - sum(math.lgamma(c + 1) for c in of.values())
    close("counts less tokens", counts.elbo - tokens.elbo, ways, 4 * math.hypot(counts.error, tokens.error))
    for name in "theta", "phi":
        close("the KL of %s" % name, counts.kls[name]["value"], tokens.kls[name]["value"], 0.01 * tokens.kls[name]["value"])
    # each topic has ten words of its own
    phi = tokens["phi"]
    blocks = [[sum(phi[30 * k + 10 * b:30 * k + 10 * b + 10]) for b in range(3)] for k in range(3)]
    true("topics are found: %s" % blocks, sorted(b.index(max(b)) for b in blocks) == [0, 1, 2] and min(map(max, blocks)) > 0.9)


def bnn():
    mean, flow, dropout = (Fit("bnn/" + name) for name in ("mean_field", "flow", "dropout"))
    if FEW:
        return
    true("a flow holds the posterior better than mean field", flow.elbo > mean.elbo + 4 * (flow.error + mean.error))
    close("the KL of masks drawn alike", dropout.kl, 0, 1e-9 * abs(dropout.elbo))
    true("… is no collapse", "collapsed" not in dropout.reasons)
    for f in flow, dropout:
        for i in 1, 2, 6, 7:
            close("the line at %g" % ((i - 4) / 4), f["line"][i], math.sin(3 * (i - 4) / 4), 0.3)
    true("less is known where there are no data", flow.sd("line")[4] > 1.5 * max(flow.sd("line")[i] for i in (2, 6)))


def gene_expression():
    f = Fit("gene_expression/gene_expression")
    if FEW:
        return
    random.seed(10)
    made, found, W = [random.uniform(0, 2) for _ in range(20)], f["base"], f["W"]
    off = [a - b for a, b in zip(found, made)]
    close("base levels: mean square of what they are off by", sum(v * v for v in off) / 20, 0, 0.2 ** 2)
    size = [math.hypot(W[g], W[20 + g]) for g in range(20)]
    true("the programs' genes are found: %s" % size, min(size[:10]) > 2 * max(size[10:]))
    close("phi", f["phi"][0], 4, 1)


def diffusion():
    x, f = [v for point in data("diffusion/ring.json")["x"] for v in point], Fit("diffusion/diffusion")
    if FEW:
        return
    beta = [0.02 + 0.5 * i / 7 for i in range(8)]
    kept = math.prod(1 - b for b in beta)
    last = sum(0.5 * (kept * v * v + (1 - kept) - 1 - math.log(1 - kept)) for v in x)
    close("the KL of the last step", f["apart"][7], last, 1e-6 * last)
    # The split by steps has the error of draws that the KL as a whole has as well, and other terms in closed form.
    error = 4 * sum(sd for sd in f.sd("apart")) / math.sqrt(f.found["draws"]) + 4 * f.found["elbo"]["kl_mcse"]
    close("the sum over the steps", sum(f["apart"]), f.kl, error)
    true("early steps say most", all(a > b for a, b in zip(f["apart"], f["apart"][1:])))
    # normals at the mean and the covariance of the data, per point: entropy 2.14 nats; a ring holds less
    true("it knows more than a normal would", f.elbo > -len(x) / 2 * 2.14)


for case in (linear_gaussian, two_modes, mean_field, mixture_em, hmm, digits, linear_vae, collapse, topics, bnn, gene_expression, diffusion):
    try:
        case()
        print("ok %s" % case.__name__)
    except (AssertionError, KeyError, IndexError, ValueError) as e:
        failures.append(case)
        print("FAIL %s: %s" % (case.__name__, repr(e) if not isinstance(e, AssertionError) else e))
sys.exit(bool(failures))
