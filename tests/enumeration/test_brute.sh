#!/bin/sh
# usage: test_brute.sh BUILD_DIR   compares sums over discrete latents with table.json, a line for each instance (see
# compare.py).
set -u
build=$(cd "$1" && pwd)
cd "$(dirname "$0")"
exec python3 compare.py "$build/vmrun"
