#!/usr/bin/env python3
"""usage: embed.py OUT.c FILE.vm…   writes the standard library as C strings, item by item (lang/library.h)."""
import os, re, sys


def literal(text):
    lines = text.encode().split(b"\n")
    out = []
    for i, line in enumerate(lines):
        if i + 1 < len(lines):
            line += b"\n"
        body = "".join(chr(c) if 32 <= c < 127 and c not in b'"\\?' else "\\%03o" % c for c in line)
        if body:
            out.append('     "%s"' % body)
    return "\n".join(out) or '     ""'


def items(text):
    """Each item of a file with the comment right above it."""
    lines, start, comment = text.splitlines(True), None, 0
    for i, line in enumerate(lines):
        if re.match(r"(fn|dist|net) ", line):
            if start is not None:
                yield "".join(lines[start:comment])
            start = comment
        if not line.startswith("#"):
            comment = i + 1
    yield "".join(lines[start:comment])


def section(text):
    """The first sentence of the file's own comment."""
    return re.match(r"# (.*?)\.(?= |\n)", text)[1]


def row(path, section, text):
    head = re.search(r"^(?:fn|dist|net) (\w+)(?:\[[^\]]*\])?(?:\(([^)]*)\))?", text, re.M)
    types = re.findall(r":\s*(\w+)", head[2] or "") if head[1] == "kl" else []
    of = ", ".join('"%s"' % t for t in (types + [None, None])[:2]).replace('"None"', "NULL")
    at = "stdlib/%s, %s" % (os.path.basename(path), head[1])
    return '    {"%s", "%s", "%s", {%s},\n%s,\n     %d},\n' % (at, section, head[1], of, literal(text), len(text.encode()))


with open(sys.argv[1], "w") as to:
    to.write('#include "lang/library.h"\n\nconst library_item LIBRARY[] = {\n')
    for path in sys.argv[2:]:
        whole = open(path, encoding="utf-8").read()
        for text in items(whole):
            to.write(row(path, section(whole), text))
    to.write("};\nconst int LIBRARY_COUNT = sizeof LIBRARY / sizeof *LIBRARY;\n")
