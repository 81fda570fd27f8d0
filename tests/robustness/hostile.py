#!/usr/bin/env python3
"""usage: hostile.py BUILD_DIR   texts and data that nobody writes and that come anyway: broken, endless, deep, huge. Each is accepted, or
refused with status 1 and messages that have a place; within SECONDS, MEMORY and MOST_OUTPUT, and never by a signal."""
import os
import resource
import signal
import subprocess
import sys
import tempfile

SECONDS = 2               # of the processor, which other work on the machine does not count for
MEMORY = 1 << 30          # of address space: a program of 10 MB is read, checked and shown within
MOST_OUTPUT = 200 * 1024  # bytes of messages
BUILD = os.path.abspath(sys.argv[1])
VMRUN = BUILD + "/vmrun"
SANITIZED = "-fsanitize=" in open(BUILD + "/build.ninja").read()
SLOWER = 15 if SANITIZED else 1
failures = 0


def limit():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def judge(name, why):
    global failures
    print(f"FAIL {name}: {why}" if why else f"ok {name}", flush=True)
    failures += bool(why)


def run(arguments):
    """status, standard error, seconds; the status is None after a minute."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile() as said:
        try:
            code = subprocess.run([VMRUN, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
                                  preexec_fn=limit, timeout=60).returncode
        except subprocess.TimeoutExpired:
            code = None
        said.seek(0)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return code, said.read(MOST_OUTPUT + 1), seconds


def verdict(arguments, wanted, place, texts):
    code, said, seconds = run(arguments)
    if code is None:
        return "it did not end within a minute"
    if seconds > SECONDS * SLOWER:
        return f"it took {seconds:.1f} s"
    if code < 0:
        return f"it ended by {signal.Signals(-code).name}"
    if code not in wanted:
        return f"exit status {code}: {said[:200]!r}"
    if len(said) > MOST_OUTPUT:
        return "its messages have no end"
    try:
        said = said.decode()
    except UnicodeDecodeError:
        return "its messages are not UTF-8"
    if code == 1 and (place not in said or "error[" not in said or "help: " not in said):
        return f"no place, no code or no help: {said[:300]!r}"
    if code == 0 and "error[" in said:
        return f"accepted, and yet it says {said[:200]!r}"
    for text in texts:
        if text not in said:
            return f"it does not say `{text}` but {said[:300]!r}"
    return None


def program(name, text, *texts, status=(0, 1)):
    """A program, checked; `texts` are in its messages."""
    with open("p.vm", "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    judge(name, verdict(["check", "p.vm"], status, "p.vm:", texts))


def wrong(name, text, *texts):
    program(name, text, *texts, status=(1,))


def right(name, text):
    program(name, text, status=(0,))


def model(body, head=""):
    return f"{head}model {{\n  z ~ normal(0, 1)\n{body}\n}}\n"


def bytes_of_all_kinds():
    wrong("an empty file", "")
    wrong("a byte-order mark alone", b"\xef\xbb\xbf")
    right("a byte-order mark before a program", b"\xef\xbb\xbf" + model("").encode())
    right("lines that end in CR LF", model("  y = 1\n  x = 2").replace("\n", "\r\n"))
    wrong("lines that end in CR", model("  y = 1\n  x = 2").replace("\n", "\r"))
    wrong("a NUL byte", b"model {\n  z ~ normal(0,\0 1)\n}\n", "p.vm:2:")
    wrong("a NUL byte first", b"\0model { z ~ normal(0, 1) }\n")
    wrong("a megabyte of NUL", b"\0" * 1_000_000)
    wrong("bytes that are not UTF-8", b"model {\n  z ~ normal(\xff, 1)\n}\n", "p.vm:2:")
    wrong("… in a comment", b"# \xc3\x28\nmodel { z ~ normal(0, 1) }\n", "p.vm:1:")
    wrong("a megabyte of continuation bytes", b"model {\n" + b"\x80" * 1_000_000)
    wrong("a surrogate", b"model { \xed\xa0\x80 ~ normal(0, 1) }\n")
    wrong("an overlong form", b"model { z ~ normal\xc0\xa8 0, 1) }\n")
    wrong("UTF-16", model("").encode("utf-16"))
    wrong("bytes at random", bytes((i * 7919 + i * i * 31) % 256 for i in range(100_000)))
    wrong("a program that was cut", model("  y ~ normal(z, 1").encode()[:-4])
    for name, c in ("tab", "\t"), ("form feed", "\f"), ("no-break space", "\u00a0"), ("zero-width space", "\u200b"), \
                   ("right-to-left mark", "\u202e"), ("line separator", "\u2028"):
        program(f"a {name}", model(f"  y{c}= 1"))


def large():
    line = "  # a comment that goes on and on, for nothing at all\n"
    right("10 MB of comments", model(line * (10_000_000 // len(line))))
    right("10 MB of empty lines", "\n" * 10_000_000 + model(""))
    right("a comment of 10 MB", "#" + "x" * 10_000_000 + "\n" + model(""))
    wrong("10 MB of a", "a" * 10_000_000)
    wrong("10 MB of statements", model("".join(f"  y{i} = y{i - 1}{' + 0.5' * 12}\n" for i in range(1, 115_000))))
    program("a line of 1 MB", model("  y = " + " + ".join(["z"] * 250_000)))
    program("a line of 1 MB, its operators all different", model("  y = " + " + ".join(f"{i}" for i in range(150_000))))
    wrong("a mistake at the end of a line of 1 MB", model("  y = " + "z + " * 250_000 + "*"))
    wrong("a name of 1 MB", model("  " + "n" * 1_000_000 + " = 1"))
    wrong("a name of 1 MB that nothing defines", model("  y = " + "n" * 1_000_000))
    wrong("a distribution's name of 1 MB", model("  y ~ " + "n" * 1_000_000 + "(0, 1)"))
    wrong("a string of 1 MB", 'data from "' + "n" * 1_000_000 + '"\nimport "' + "m" * 1_000_000 + '"\n' + model(""))
    program("a number of 1 MB", model("  y = " + "1" * 1_000_000))
    program("a small number of 1 MB", model("  y = 0." + "0" * 1_000_000 + "1"))
    wrong("1e999", model("  y = 1e999"), "p.vm:3:7:")
    right("1e-999", model("  y = 1e-999"))
    program("1e99999999999999999999", model("  y = 1e99999999999999999999"))
    program("1e-99999999999999999999", model("  y = 1e-99999999999999999999"))


def deep():
    for n in 100, 1_000, 100_000:
        for name, a, b in [("(", "(", ")"), ("-", "- ", ""), ("not", "not ", ""), ("calls", "exp(", ")"),
                           ("if", "if z > 0 then ", " else 1"), ("else", "if z > 0 then 1 else ", ""),
                           ("powers", "2^", ""), ("selections", "z[", "]"), ("unknown calls", "f(", ")"),
                           ("sums", "sum[", "](1)")]:
            program(f"{n} {name}", model("  y = " + a * n + "z" + b * n))
        wrong(f"{n} ( that stay open", model("  y = " + "(" * n))
        wrong(f"{n} )", model("  y = " + ")" * n))
        wrong(f"{n} [", "[" * n)
        wrong(f"{n} {{", "{" * n)
        wrong(f"{n} model {{", "model {\n" * n)
        wrong(f"{n} mixed brackets", "model { y = " + "([{" * n)
        program(f"{n} + 1", model("  y = z" + " + 1" * n))
        program(f"{n} * z", model("  y = z" + " * z" * n))
        program(f"{n} and", model("  y = z > 0" + " and z > 0" * n))
        program(f"{n} arguments", model("  y = exp(" + "z, " * n + "z)"))
        program(f"{n} selectors", model("  y = z[" + "z, " * n + "z]"))
        program(f"{n} axes", model("  y[" + ", ".join(f"a{i}" for i in range(n)) + "] = 1"))
        program(f"{n} declared axes", "".join(f"axis a{i} = 2\n" for i in range(n)) + model(""))
        program(f"{n} labels", "axis a = {" + ", ".join(f"l{i}" for i in range(n)) + "}\n" + model("  y[a] ~ normal(0, 1)"))
        program(f"{n} primes", "axis a = 2\n" + model("  y = sum[a, a" + "'" * n + "](a)"))
    for n in 10, 30, 1_000, 20_000:
        chain = "fn f0(x) = x + 1\n" + "".join(f"fn f{i}(x) = f{i - 1}(x)\n" for i in range(1, n))
        program(f"{n} functions that call each other", model(f"  y = f{n - 1}(z)", chain))
        chain = "fn f0(x) = x + 1\n" + "".join(f"fn f{i}(x) = f{i - 1}(x) * f{i - 1}(x + {i})\n" for i in range(1, n))
        program(f"{n} functions that call each other twice", model(f"  y = f{n - 1}(z)", chain))
        program(f"{n} names, each of the one before", model("".join(f"  y{i} = y{i - 1} + 1\n" for i in range(1, n)) + "  y0 = z"))
        program(f"{n} lets, each of the one before", "".join(f"let y{i} = y{i - 1} + 1\n" for i in range(1, n)) + "let y0 = 1\n" + model(""))
        program(f"{n} latents, each of the one before", model("".join(f"  y{i} ~ normal(y{i - 1}, 1)\n" for i in range(1, n)) + "  y0 ~ normal(z, 1)"))
        program(f"{n} names in a ring", model("".join(f"  y{i} = y{(i + 1) % n} + 1\n" for i in range(n))))
        program(f"{n} distributions in each other", model("  y ~ " + "truncated_to(" * n + "normal(0, 1)" + ")" * n))
        program(f"{n} dist of each other", "".join(f"dist d{i}(a : real) : real {{ log_density(x) = log_density(d{i + 1}(a), x) }}\n" for i in range(n)) +
                f"dist d{n}(a : real) : real {{ log_density(x) = -x^2 }}\n" + model("  y ~ d0(1)"))
    wrong("a function that calls itself", model("  y = f(z)", "fn f(x) = f(x)\n"))
    wrong("two functions that call each other", model("  y = f(z)", "fn f(x) = g(x)\nfn g(x) = f(x)\n"))
    wrong("a dist of itself", model("  y ~ d()", "dist d() : real { log_density(x) = log_density(d(), x) }\n"))
    doubled = "".join(f"  y{i} = y{i - 1} * y{i - 1} + {i}\n" for i in range(1, 300)) + "  y0 = z\n"
    right("sums that double 300 times", model(doubled))


def many():
    n = 100_000
    wrong(f"{n} syntax errors", model("  y = = 1\n" * n))
    wrong(f"{n} unknown names", model("".join(f"  y{i} = u{i}\n" for i in range(n))))
    wrong(f"{n} unknown distributions", model("".join(f"  y{i} ~ nomral(0, 1)\n" for i in range(n))))
    wrong(f"{n} of the same name", model("  y = 1\n" * n))
    wrong(f"{n} latents of the same name", model("  y ~ normal(0, 1)\n" * n))
    wrong(f"{n} unknown options", model("") + "fit {\n" + "".join(f"  o{i} = 1\n" for i in range(n)) + "}\n")
    wrong(f"{n} blocks", "model { y ~ normal(0, 1) }\n" * n)
    wrong(f"{n} unknown types", "".join(f"data d{i} : tpye\n" for i in range(n)) + model(""))
    wrong(f"{n} unknown axes", "".join(f"data d{i}[u] : real\n" for i in range(n)) + model(""))
    wrong(f"{n} imports that are not there", "".join(f'import "no{i}.vm"\n' for i in range(n)) + model(""))
    program("20000 latents", model("".join(f"  y{i} ~ normal(z, 1)\n" for i in range(20_000))))


def axes():
    for size in "1e18", "-1", "0", "0.5", "1e999", "inf", "0 / 0", "2^31", "2^32", "1e308 * 10", "z":
        text = f"axis a = {size}\nmodel {{\n  x[a] ~ normal(0, 1)\n}}\n"
        program(f"an axis of {size}", text)
        for command in ["check", "--dump", "tape"], ["fit", "--steps", "2", "--draws", "4"]:
            with open("p.vm", "w") as f:
                f.write(text)
            code, said, seconds = run([*command, "p.vm"])
            fine = code in (0, 1, 3) and seconds < SECONDS * SLOWER and (code != 1 or said.strip())
            judge(f"… {command[0]}", None if fine else f"exit status {code} after {seconds:.1f} s: {said[:200]!r}")
    for n in 14, 15, 16, 17, 40:
        names = [f"a{i}" for i in range(n)]
        head = "".join(f"axis {a} = 1\n" for a in names)
        program(f"a value over {n} axes", head + model(f"  y[{', '.join(names)}] ~ normal(0, 1)"))
        program(f"{n} axes that come together", head + model("".join(f"  y{a}[{a}] ~ normal(0, 1)\n" for a in names) +
                                                            f"  s = {' + '.join('y' + a for a in names)}"))
        program(f"an axis and {n} aliases", "axis a = 2\n" + model("  y = " + " * ".join("a" + "'" * i for i in range(n))))


def imports():
    os.mkdir("folder")
    with open("a.vm", "w") as f:
        f.write('import "b.vm"\n')
    with open("b.vm", "w") as f:
        f.write('import "a.vm"\nimport "./a.vm"\nimport "folder/../b.vm"\nfn twice(x) = 2 * x\n')
    right("imports in a ring", model("  y = twice(z)", 'import "a.vm"\n'))
    right("an import of itself", model("", 'import "p.vm"\n'))
    program("an import of itself by another name", model("", 'import "folder/../p.vm"\n'))
    for file in "folder", "/dev/null", "/dev/zero", "/dev/full", "/dev/stdin", "/proc/self/mem", "", ".", "no.vm", "/", "folder/" * 1000:
        program(f"an import of {file[:40] or 'nothing'}", model("", f'import "{file}"\n'))
    os.mkfifo("pipe.vm")
    with open("huge.vm", "wb") as f:
        f.truncate(1 << 33)
    program("an import of 8 GB", model("", 'import "huge.vm"\n'))
    for i in range(300):
        with open(f"c{i}.vm", "w") as f:
            f.write(f'import "c{i + 1}.vm"\nfn f{i}(x) = x\n')
    with open("c300.vm", "w") as f:
        f.write("fn f300(x) = x\n")
    program("a chain of 300 imports", model("  y = f300(z)", 'import "c0.vm"\n'))
    for name in "folder", "/dev/zero", "/dev/null", "huge.vm", "no.vm", "":
        code, said, seconds = run(["check", name])
        fine = code in (0, 1) and seconds < 20 and (code == 0 or b"help: " in said)
        judge(f"check {name or 'nothing'}", None if fine else f"exit status {code} after {seconds:.1f} s: {said[:200]!r}")


PROGRAM = """axis row, group, k = 2
data n : count = 2
data x[row] : real
data m[row, k] : real = 1
data g[row] : group = 1
model {
  mu[group] ~ normal(0, 1)
  x[row] ~ normal(mu[g], 1)
}
"""


def data(name, file, content, *texts, status=(0, 1)):
    """A data file, bound to PROGRAM."""
    with open("m.vm", "w") as f:
        f.write(PROGRAM)
    with open(file, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    judge(f"{file}: {name}", verdict(["check", "m.vm", "--data", file, "--set", "group=2"], status, ":", texts))


def data_files():
    whole = '{"n": 2, "x": [1, -2.5e-1, 3], "m": [[1, 2], [3, 4], [5, 6]], "g": ["a", "b\\u00e9\\n", "a"], "other": {"deep": [null, true]}}'
    cuts = [data_verdict("d.json", whole[:i], (1,)) for i in range(len(whole))]
    judge("d.json, cut anywhere", next((f"after {i} bytes: {why}" for i, why in enumerate(cuts) if why), None))
    table = 'x,g,m.1,m.2,"o,""t"\n1,a,1,2,"a\nb"\n-2.5e-1,"b",3,4,\r\n3,a,5,6,NA\n'
    cuts = [data_verdict("d.csv", table[:i], (0, 1)) for i in range(len(table))]
    judge("d.csv, cut anywhere", next((f"after {i} bytes: {why}" for i, why in enumerate(cuts) if why), None))
    for file, text in ("d.json", whole), ("d.csv", table):
        flips = [data_verdict(file, text.encode()[:i] + c + text.encode()[i + 1:], (0, 1))
                 for i in range(0, len(text), 3) for c in (b"\0", b"\xff")]
        judge(f"{file}, a byte changed", next((f"change {i}: {why}" for i, why in enumerate(flips) if why), None))
    for name, x in ("1e400", "1e400"), ("-1e400", "-1e400"), ("1e-400", "1e-400"), ("1e99999999999999999999", "1e99999999999999999999"), \
                   ("a number of 1 MB", "1" * 1_000_000), ("nan", "nan"), ("Infinity", "Infinity"), ("0x10", "0x10"), ("+1", "+1"), \
                   ("01", "01"), ("1.", "1."), (".5", ".5"), ("9223372036854775808", "9223372036854775808"), ("--1", "--1"):
        data(name, "d.json", f'{{"x": [1, {x}]}}')
        data(name, "d.csv", f"x\n1\n{x}\n")
    for n in 1_000, 100_000:
        data(f"{n} lists in each other", "d.json", '{"x": ' + "[" * n + "1" + "]" * n + "}", status=(1,))
        data(f"{n} open lists", "d.json", '{"x": ' + "[" * n, status=(1,))
        data(f"{n} objects in each other", "d.json", '{"x": ' * n + "1" + "}" * n, status=(1,))
        data(f"{n} open quotes", "d.csv", '"' * n)
        data(f"{n} names", "d.json", "{" + ", ".join(f'"v{i}": {i}' for i in range(n)) + "}", status=(1,))
    data("16 lists in each other", "d.json", '{"x": ' + "[" * 16 + "1" + "]" * 16 + "}", status=(1,))
    data("the same name twice", "d.json", '{"x": [1], "x": [1, 2]}')
    data("the same column twice", "d.csv", "x,x\n1,2\n")
    data("no name", "d.json", '{"": [1]}', status=(1,))
    data("no column's name", "d.csv", ",\n1,2\n", status=(1,))
    data("a million columns", "d.csv", "x," + ",".join(f"c{i}" for i in range(1_000_000)) + "\n" + "1," * 1_000_000 + "1\n")
    data("a million rows", "d.csv", "x\n" + "1.25\n" * 1_000_000, status=(0,))
    data("a million labels", "d.csv", "x,g\n" + "".join(f"1,l{i}\n" for i in range(200_000)))
    data("a million entries", "d.json", '{"x": [' + ", ".join(["1.25"] * 1_000_000) + "]}", status=(0,))
    data("rows of different lengths", "d.csv", "x,g\n1\n2,3,4\n", status=(1,))
    data("lists of different lengths", "d.json", '{"x": [1, 2], "m": [[1, 2], [3]]}', status=(1,))
    data("an open quote", "d.csv", 'x\n"1\n2\n')
    data("a quote in a cell", "d.csv", 'x\n1"2\n')
    data("text behind a quote", "d.csv", 'x\n"1"2\n')
    data("nothing", "d.csv", "", status=(1,))
    data("nothing", "d.json", "", status=(1,))
    data("a head alone", "d.csv", "x,g\n")
    data("empty lists", "d.json", '{"x": [], "m": [], "g": []}')
    data("lists of nothing", "d.json", '{"m": [[], []], "x": [1, 2]}')
    data("a byte-order mark", "d.csv", "\ufeffx\n1\n", status=(0,))
    data("a byte-order mark", "d.json", '\ufeff{"x": [1]}')
    data("only line ends", "d.csv", "\n" * 1_000_000, status=(1,))
    data("spaces", "d.json", " " * 10_000_000 + '{"x": [1]}', status=(0,))
    data("a cell of 10 MB", "d.csv", "x,o\n1," + "a" * 10_000_000 + "\n", status=(0,))
    data("a string of 10 MB", "d.json", '{"x": [1], "o": "' + "a" * 10_000_000 + '"}', status=(0,))
    data("an index of 1e9", "d.json", '{"x": [1], "g": [1000000000]}')
    data("an index of 1e18", "d.json", '{"x": [1], "g": [1000000000000000000]}', status=(1,))
    data("an index below 1", "d.json", '{"x": [1], "g": [-1]}', status=(1,))
    data("a size of 1e9", "d.json", '{"x": [1], "group": 1000000000}')
    data("100000 cells that are wrong", "d.csv", "x\n" + "a\n" * 100_000, status=(1,))
    data("a list at top level", "d.json", "[1, 2]", status=(1,))
    data("a number at top level", "d.json", "1", status=(1,))
    data("two objects", "d.json", '{"x": [1]} {"x": [2]}', status=(1,))
    for file in "folder", "/dev/zero", "/dev/null", "no.csv", "pipe.json.txt", "":
        judge(f"--data {file or 'nothing'}", verdict(["check", "m.vm", "--data", file], (1, 2), "", []) if file != "/dev/zero" else
              None if run(["check", "m.vm", "--data", file])[0] in (1, 2) else "not refused")
    for text in "x", "x=", "=1", "x=a", "x=1e400", "x=[1", "x=[[1],[2,3]]", "n=1e18", "group=-1", "group=1e18", "x=" + "[" * 100_000:
        code, said, seconds = run(["check", "m.vm", "--data", "d.csv", "--set", text])
        fine = code in (0, 1, 2) and seconds < SECONDS * SLOWER and (code == 0 or said.strip())
        judge(f"--set {text[:40]}", None if fine else f"exit status {code} after {seconds:.1f} s: {said[:200]!r}")


def data_verdict(file, content, status):
    with open("m.vm", "w") as f:
        f.write(PROGRAM)
    with open(file, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return verdict(["check", "m.vm", "--data", file, "--set", "group=2"], status, file, [])


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    for part in bytes_of_all_kinds, large, deep, many, axes, imports, data_files:
        part()
    os.chdir("/")
sys.exit(failures != 0)
