#!/usr/bin/env bash
# What a node costs a Prometheus: its series, what each flag saves, what rules add, memory and disk:
#   tests/sizing/run.sh [--series]    --series: only what the exporter says, half a minute
# Prints the tables of deploy/scaling.md. README.md says how it is measured.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
deploy/dependencies.sh test servers || exit 1
export PATH=$PWD/build/tools/usr/bin:$PATH
export MEMLEAK_EXPORTER=${MEMLEAK_EXPORTER:-$PWD/build/release/memleak_exporter}
exec /usr/bin/python3 -B tests/sizing/measure.py "$@"
