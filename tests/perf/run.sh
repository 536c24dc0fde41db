#!/usr/bin/env bash
# What a scrape costs, beside the bare system calls and other exporters, in one run:
#   tests/perf/run.sh [N] [--rounds R] [--sweep] [--json FILE]     N idle processes, 10,000 by default
# Timings are read by people and never fail; exit 1 means that something could not be measured, or that
# the trends take more memory than they may or allocate.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

deploy/dependencies.sh build || exit 1
# Whoever cannot be installed does not take part, and is named.
deploy/dependencies.sh perf || true

mkdir -p build/logs build/perf
build() {
  if [[ ! -f build/release/build.ninja ]]; then
    cmake --preset release || return
  fi
  cmake --build --preset release
}
if ! build >build/logs/perf-build.log 2>&1; then
  tail -n 40 build/logs/perf-build.log >&2
  exit 1
fi
for program in floor herd; do
  gcc -std=gnu17 -O2 -Wall -Wextra -Wconversion -Werror -o build/perf/$program tests/perf/$program.c
done
g++ -std=c++20 -O2 -DNDEBUG -flto=auto -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Werror -I. \
  -o build/perf/trend_cost tests/perf/trend_cost.cc tests/unit/support/allocation_counter.cc \
  build/release/exporter/trend/libmemleak_{host_trends,trend}.a build/release/exporter/model/libmemleak_model.a

export PATH=$PWD/build/tools/usr/bin:$PATH
exec /usr/bin/python3 tests/perf/measure.py "$@"
