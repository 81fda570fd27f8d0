#!/usr/bin/env python3
"""usage: embed.py OUT.c FILE.vm…   writes the standard library as C strings (lang/library.h)."""
import os, sys

def literal(text):
    lines = text.encode().split(b"\n")
    out = []
    for i, line in enumerate(lines):
        if i + 1 < len(lines):
            line += b"\n"
        body = "".join(chr(c) if 32 <= c < 127 and c not in b'"\\?' else "\\%03o" % c for c in line)
        if body:
            out.append('    "%s"' % body)
    return "\n".join(out) or '    ""'

with open(sys.argv[1], "w") as to:
    to.write('#include "lang/library.h"\n\nconst library_file LIBRARY[] = {\n')
    for path in sys.argv[2:]:
        text = open(path, encoding="utf-8").read()
        to.write('    {"stdlib/%s",\n%s,\n     %d},\n' % (os.path.basename(path), literal(text), len(text.encode())))
    to.write("};\nconst int LIBRARY_COUNT = sizeof LIBRARY / sizeof *LIBRARY;\n")
