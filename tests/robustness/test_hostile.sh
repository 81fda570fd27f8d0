#!/bin/sh
# usage: test_hostile.sh BUILD_DIR
exec python3 "$(dirname "$0")/hostile.py" "$1"
