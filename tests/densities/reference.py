#!/usr/bin/env python3
"""Writes reference.txt: what the distributions of the library are, in multiple precision (mpmath).

usage: reference.py > reference.txt
       reference.py NAME…                  (only the blocks of these, to look at)
       reference.py --check                (formulas.py against scipy, where it has the distribution)

A distribution needs its terms in formulas.py and its points in points.py; its parameters, their types and its properties are read
from stdlib/*.vm. Each density is a list of terms whose sum it is; the derivatives are those of the terms, by differences with more than
twice the digits. Beside each number stands the sum of the absolute values of its terms: what an implementation that rounds each
term can hope for is a few units in the last place of that.

    distribution NAME TYPE[n] ARGUMENT:TYPE[n] …
    ARGUMENTS… x…   log_density size   d/dx size   d/dargument size …
    tail NAME PROPERTY TYPE ARGUMENT:TYPE …
    ARGUMENTS… x   property(x) size   d/dx size   d/dargument size …
    divergence NAME ARGUMENT:TYPE[n] … / NAME ARGUMENT:TYPE[n] …
    ARGUMENTS… ARGUMENTS…   kl of the two
    example CALL | TYPE lowest highest centre width

[n] is the number of entries along the event axis, [n,n] those of a matrix; there is none where it is not written. `"` stands for what
stands above. Whole numbers have no derivatives, and of a matrix only the entries that are free have, those below the diagonal for both; `nan`
stands where else there is none. What a positive argument scales, as in d log(1 + m / d), has a derivative of terms that cancel; each is
as large as the whole divided by the argument, and counts as that. The size of a tail is what the rounding of its arguments does to it;
that of its derivative by one of them is this over the argument.
"""
import glob, os, re, sys
from mpmath import mp, mpf, log, exp, log1p, inf, isfinite, nan
from points import TABLE, TAILS, TAIL_POINTS, SHARES, DIVERGENCES, EXAMPLES

EVENT = 3
# Their two axes need programs of their own: shapes.c, and tests/log_density/reference.py.
ELSEWHERE = {"matrix_normal", "gaussian_dlm_obs"}
WHOLE = {"count", "binary", "int", "k", "category"}

# ---- what the library says ----


def column(axes, kind):
    """TYPE[n] of a parameter or of x."""
    kind = kind.strip()
    if kind == "index":
        return "category"
    bounds = re.match(r"interval\((.*), (.*)\)", kind)
    if bounds:
        fixed = all(re.fullmatch(r"-?[0-9.]+|inf", b) for b in bounds.groups())
        kind = "interval(%s,%s)" % bounds.groups() if fixed else "real"
    return kind + {0: "", 1: "[%d]" % EVENT, 2: "[%d,%d]" % (EVENT, EVENT)}[len(axes)]


class Distribution:
    def __init__(self, name, parameters, axes, kind, body):
        found = re.findall(r"(\w+)(?:\[([^\]]*)\])? : (\w+(?:\([^)]*\))?)", parameters)
        self.arguments = [(n, column(a.split(",") if a else [], t)) for n, a, t in found]
        self.kind = column(axes.split(",") if axes else [], kind)
        self.size = EVENT ** len(axes.split(",") if axes else [])
        self.written = kind
        self.properties = re.findall(r"^  (\w+)(?:\(\w\))?\s*= ", body, re.M)

    def head(self):
        return " ".join("%s:%s" % a for a in self.arguments)

    def columns(self):
        """The types of the numbers of x and of the arguments, and whether each is one of a free entry."""
        out = []
        for kind in [self.kind] + [k for _, k in self.arguments]:
            name, _, size = kind.partition("[")
            matrix = "," in size and name != "real"
            for i in range(EVENT * EVENT if "," in size else EVENT if size else 1):
                row, at = divmod(i, EVENT)
                inside = at < row or at == row and not name.endswith("correlation")
                out.append((name, name not in WHOLE and (inside or not matrix), (row, at) if matrix else None))
        return out


def library():
    found = {}
    for path in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../stdlib/*.vm"))):
        text = open(path, encoding="utf-8").read()
        for name, parameters, kind, axes, body in re.findall(
                r"^dist (\w+)\((.*?)\) : ([a-z_]+(?:\([^)]*\))?)(?:\[([^\]]*)\])? \{\n(.*?)\n\}", text, re.M | re.S):
            found[name] = Distribution(name, parameters, axes, kind, body)
    return found


# ---- densities ----

LOWEST = {"positive": 0, "unit": 0, "interval(0,inf)": 0, "simplex": 0}
HIGHEST = {"unit": 1, "simplex": 1}
SCALES = ("positive", "interval(0,inf)")


def digits(values):
    """A share of 1e-304 beside 1 is seen where there may be one."""
    return 400 if any(v and not mpf(10) ** -25 < abs(v) < mpf(10) ** 25 for v in values) else 130


def slope(f, at, i, kind, cell):
    """The derivatives of the terms by argument i, from within where it lies on a bound; of a symmetric matrix by both entries. There is
    none at a kink."""
    twin = i + (cell[1] - cell[0]) * (EVENT - 1) if cell and "cholesky" not in kind else i

    def g(v):
        moved = list(at)
        moved[i] = v
        moved[twin] = v
        terms = f(*moved)
        if any(mp.im(t) for t in terms):
            raise ValueError
        return terms
    side = 1 if at[i] == LOWEST.get(kind) else -1 if at[i] == HIGHEST.get(kind) else 0
    step = abs(at[i]) * mpf(10) ** -30 or mpf(10) ** -330
    with mp.workdps(digits(at) if at[i] else 1000):
        if side:
            here, once, twice = g(at[i]), g(at[i] + side * step), g(at[i] + 2 * side * step)
            return [(4 * o - t - 3 * h) / (2 * side * step) for h, o, t in zip(here, once, twice)]
        above, here, below = g(at[i] + step), g(at[i]), g(at[i] - step)
        kink = abs(sum(above) - 2 * sum(here) + sum(below)) / step
        if not kink <= mpf(10) ** -12 * sum(abs(a - b) / step for a, b in zip(above, below)) + mpf(10) ** -25:
            raise ValueError
        slopes = [(a - b) / (2 * step) for a, b in zip(above, below)]
        if any(s and abs(s) < mpf(10) ** (40 - mp.dps) for s in slopes):
            raise ValueError  # nothing but noise
        return slopes


def sizes(terms, slopes, at, kind):
    """What the derivatives are made of."""
    if kind not in SCALES or not at or not all(isfinite(t) for t in slopes):
        return slopes
    return [max(abs(d), abs(t / at)) for t, d in zip(terms, slopes)]


def number(x):
    out = repr(float(x))
    return out[:-2] if out.endswith(".0") else out.replace("e-0", "e-").replace("e+", "e")


def text(value, terms):
    if not isfinite(value):
        return "%s 0" % ("nan" if value != value else "inf" if value > 0 else "-inf")
    return "%s %s" % (number(value), ("%.2g" % sum(abs(t) for t in terms)).replace("e+0", "e").replace("e+", "e"))


def derivative(f, exact, terms, i, column):
    kind, free, cell = column
    try:
        d = slope(f, exact, i, kind, cell) if isfinite(sum(terms)) else [nan]
        total = sum(d) if all(isfinite(t) for t in d) else nan
        if abs(total) > mpf(10) ** 300 or any(abs(t) > mpf(10) ** 300 for t in d):
            total = nan
    except (ValueError, ZeroDivisionError, TypeError):
        d, total = [nan], nan
    return text(total, sizes(terms, d, exact[i], kind))


def shortened(inputs, before):
    return [('"' if i < len(before) and before[i] == v else v) for i, v in enumerate(inputs)]


def flat(values):
    out = []
    for v in values:
        out += flat(v) if isinstance(v, (tuple, list)) else [float(v)]
    return out


def density_block(f, d, points):
    yield ("distribution %s %s %s" % (f.__name__, d.kind, d.head())).rstrip()
    columns, n, seen, before = d.columns(), d.size, set(), []
    for a, x in points:
        values = flat((x,) + a)
        if tuple(values) in seen:
            continue
        seen.add(tuple(values))
        exact = [mpf(v) for v in values]
        terms = f(*exact)
        if abs(mp.fsum(terms)) < mpf(10) ** -30:
            with mp.workdps(400):
                terms = f(*exact)
        inputs = [number(v) for v in values[n:] + values[:n]]
        out = shortened(inputs, before) + [text(mp.fsum(terms), terms)]
        before = inputs
        out += [derivative(f, exact, terms, i, c) for i, c in enumerate(columns) if c[1]]
        yield " ".join(out)


# ---- cdf, its logarithms and its inverse, far out ----


TAIL_DIGITS, TAIL_STEP = 110, mpf(10) ** -40


def log_of(small, other):
    """Where both do not add up to 1, as when a weight is moved, each is for itself."""
    return log(small) if small < 0.5 or abs(small + other - 1) > mpf(10) ** -80 else log1p(-other)


def tail_row(g, inside, inputs, x, inverse, columns):
    """g at x, what a rounding of each argument does to it, and its derivatives; x stands first in `columns`. There is none at
    the end of the support."""
    exact = [mpf(v) for v in inputs + [float(x)]]
    with mp.workdps(max(digits(exact) if inverse else 0, TAIL_DIGITS)):
        value, moved, slopes = g(*exact), [], [nan] * len(exact)
        for i, v in enumerate(exact):
            if not isfinite(value):
                continue
            step = (abs(v) or 1) * TAIL_STEP
            up, down = list(exact), list(exact)
            up[i], down[i] = v + step, v - step
            if not inverse and not (inside(*up) and inside(*down)):
                continue
            try:
                above, below = g(*up), g(*down)
            except (ValueError, ZeroDivisionError):
                continue
            if mp.im(above) or mp.im(below):
                continue
            slopes[i] = (above - below) / (2 * step)
            moved.append(v * slopes[i])
            if abs(above - 2 * value + below) > mpf(10) ** -10 * abs(above - below) or abs(above - below) < mpf(10) ** -75 * abs(value):
                slopes[i] = nan
        if mp.im(value):
            return None
        if value and abs(value) < mpf(10) ** -290:
            if abs(value) > mpf(10) ** -330:
                return None
            value = mpf(0)
    out = [number(v) for v in inputs + [float(x)]] + [text(+value, [value] + moved)]
    for v, d, (_, free, _) in zip(exact[-1:] + exact[:-1], slopes[-1:] + slopes[:-1], columns):
        d = nan if abs(d) > mpf(10) ** 290 or 0 < abs(d) < mpf(10) ** -290 else d
        out += [text(d, [d] + [m / v for m in [value] + moved if v])] if free else []
    return out


def tail_blocks(f, d):
    below, above, inverse = TAILS[f]
    by = {
        "cdf": lambda *v: below(v[-1], *v[:-1]),
        "log_cdf": lambda *v: log_of(below(v[-1], *v[:-1]), above(v[-1], *v[:-1])),
        "log_ccdf": lambda *v: log_of(above(v[-1], *v[:-1]), below(v[-1], *v[:-1])),
        "quantile": lambda *v: inverse(v[-1], *v[:-1]),
    }
    points, columns = TAIL_POINTS.get(f), d.columns()
    whole = d.kind in WHOLE
    if not points:
        inside = [(a, x) for a, x in TABLE[f] if isfinite(sum(f(*[mpf(v) for v in flat((x,) + a)])))]
        points = inside[::max(1, len(inside) // 30)]
    lowest, highest = LOWEST.get(d.kind, -inf), HIGHEST.get(d.kind, inf)
    inside = lambda *v: whole or lowest <= v[-1] <= highest and isfinite(sum(f(v[-1], *v[:-1])))
    shares = [(a, p) for a in sorted({a for a, _ in points})[:5] for p in SHARES]
    for name in [p for p in d.properties if p in by and (p != "quantile" or inverse)]:
        yield ("tail %s %s %s %s" % (f.__name__, name, "unit" if name == "quantile" else d.kind, d.head())).rstrip()
        before = []
        for a, x in shares if name == "quantile" else points:
            row = tail_row(by[name], inside, flat(a), x, name == "quantile", [("unit", True, None)] * (name == "quantile") + columns[name == "quantile":])
            if row:
                at = len(flat(a)) + 1
                yield " ".join(shortened(row[:at], before) + row[at:])
                before = row[:at]


# ---- divergences, by quadrature and sums ----


def divergence(f, g, kind, p, q):
    def ratio(*x):
        l = sum(f(*x, *p))
        return exp(l) * (l - sum(g(*x, *q))) if isfinite(l) else mpf(0)
    if kind in ("k", "binary", "count"):
        return sum(ratio(mpf(i)) for i in {"k": range(1, EVENT + 1), "binary": range(2), "count": range(400)}[kind])
    if kind == "unit":
        return mp.quad(ratio, [0, mpf(1) / 16, mpf(1) / 2, 1 - mpf(1) / 16, 1])
    if kind == "real":
        loc, scale = p[:2] or (0, 1)
        other = q[:1] or [mpf(0)]
        return mp.quad(ratio, [-inf, *sorted({loc - 8 * scale, loc, *other, loc + 8 * scale}), inf])
    # positive: over the logarithm, where the tails are light
    return mp.quad(lambda u: ratio(exp(u)) * exp(u), [-120, -20, -5, -1, 0, 1, 2, 3, 4, 5, 8, 12, 40, 120])


def divergence_block(found, f, g, pairs, exact):
    p, q = found[f.__name__], found[g.__name__]
    head = " ".join(("%s %s / %s %s" % (f.__name__, p.head(), g.__name__, q.head())).split())
    yield "divergence " + head
    for a, b in pairs:
        left, right = [mpf(v) for v in flat(a)], [mpf(v) for v in flat(b)]
        d = exact(left, right) if exact else divergence(f, g, p.kind, left, right)
        yield "%s %s" % (" ".join(number(v) for v in left + right), number(d if abs(d) > 1e-25 else 0))


# ---- examples ----


def example_row(f, d, at, lowest, highest, centre, width):
    kind = d.written
    for (name, _), v in zip(d.arguments, at):
        kind = re.sub(r"\b%s\b" % name, number(v), kind)
    call = "%s(%s)" % (f.__name__, ", ".join(number(v) for v in at))
    return "example %s | %s %s" % (call, kind.replace(" ", ""), " ".join(number(v) for v in (lowest, highest, centre, width)))


def main(only):
    found = library()
    missing = set(found) - {f.__name__ for f in TABLE} - ELSEWHERE
    missing |= {n for n, d in found.items() if "cdf" in d.properties} - {f.__name__ for f in TAILS}
    if missing and not only:
        sys.exit("no points of " + ", ".join(sorted(missing)))
    print("# Made by reference.py; see there for the columns.")
    for f, points in TABLE.items():
        d = found[f.__name__]
        if only and f.__name__ not in only:
            continue
        lines = list(density_block(f, d, points))
        if len(lines) < 61:
            print("%s has only %d rows" % (f.__name__, len(lines) - 1), file=sys.stderr)
        if f in TAILS:
            lines += tail_blocks(f, d)
        lines += [example_row(f, d, *e) for e in EXAMPLES.get(f, [])]
        print("\n".join(lines))
    with mp.workdps(30):
        for f, g, pairs, *exact in DIVERGENCES:
            if not only or f.__name__ in only:
                print("\n".join(divergence_block(found, f, g, pairs, exact[0] if exact else None)))


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        import peers
        peers.check()
    else:
        main(sys.argv[1:])
