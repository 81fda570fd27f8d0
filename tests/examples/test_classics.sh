#!/bin/sh
# usage: test_classics.sh BUILD_DIR   fits the examples and compares them with what is known of them (classics.py); with sanitizers it
# only lets each run for a few steps.
set -u
build=$(cd "$1" && pwd)
cd "$(dirname "$0")"
command -v python3 >/dev/null || { echo 'skip the figures of the examples: there is no python3'; exit 0; }
few=
if grep -q -e '-fsanitize=' "$build/build.ninja"; then few=--few; fi
exec python3 classics.py $few "$build/vmrun"
