#!/usr/bin/env bash
# What the rules and dashboards cost a Prometheus that watches a fleet:
#   tests/fleet/run.sh [--nodes N] [--hours H] [--details] ...    100 nodes and 24 hours by default
# Exit 1: extrapolated to 1,000 nodes, a rule group or a panel misses its bound (README.md).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
deploy/dependencies.sh servers || exit 1
export PATH=$PWD/build/tools/usr/bin:$PATH
exec /usr/bin/python3 -B tests/fleet/measure.py "$@"
