#!/bin/sh
# make help: the targets, out of composegen.mk. Argument: their prefix. Needs no engine.
# Exit code: 0.
cd -- "$(dirname -- "$0")/../.." || exit 1
echo "Targets of this project:"
# shellcheck disable=SC2016
LC_ALL=C awk -v prefix="${1:-}" 'index($0, "$(COMPOSEGEN_PREFIX)") == 1 && split($0, part, ": *## ") == 2 {
    sub(/^[^)]*\)/, "", part[1]); printf "  make %-10s %s\n", prefix part[1], part[2] }' composegen.mk
