#!/bin/sh
# usage: test_log_density.sh BUILD_DIR   compares `vmrun log_density` with table.json, a line for each model
# (see compare.py).
set -u
build=$(cd "$1" && pwd)
cd "$(dirname "$0")"
exec python3 compare.py "$build/vmrun"
