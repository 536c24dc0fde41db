#!/usr/bin/env bash
# What a scrape costs, beside the bare system calls and other exporters, in one run:
#   tests/perf/run.sh [N] [--rounds R] [--stages] [--many-cpus] [--threads [T]] [--idle [SECONDS]] [--sweep]
#                     [--all] [--json FILE]
# N idle processes, 10,000 by default. README.md says how to read it. Timings are read by people and never
# fail; exit 1 means that something could not be measured, or that the trends take more memory than they may or
# allocate.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Without the tools for it the exporter has no task iterator, which is then named as absent.
deploy/dependencies.sh build bpf || deploy/dependencies.sh build || exit 1
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

warnings=(-O2 -Wall -Wextra -Wconversion -Werror)
for program in floor herd; do
  gcc -std=gnu17 "${warnings[@]}" -pthread -o build/perf/$program tests/perf/$program.c
done

# What follows is linked with the stages themselves, built as they are shipped.
stages=(build/release/{collectors/libmemleak_collectors,exporter/trend/libmemleak_{host_trends,trend}}.a
  build/release/{exporter/{model/libmemleak_model,host/libmemleak_host},libmemleak_version}.a
  build/release/exporter/exposition/libmemleak_exposition.a)
read -ra libraries <<<"$(pkg-config --libs-only-l re2 libdeflate prometheus-cpp-core)"
# The program for the kernel, where the release has one.
rm -f build/perf/many_cpus
bpftool=$(PATH=$PATH:/usr/sbin:/sbin command -v bpftool || true)
if [[ $bpftool ]] && command -v clang >/dev/null && pkg-config --exists libbpf; then
  libraries+=(-lbpf)
  clang -target bpf -O2 -g -Wall -Wextra -Werror -isystem "/usr/include/$(gcc -print-multiarch)" \
    -I. -c tests/perf/many_cpus.bpf.c -o build/perf/many_cpus.bpf.o
  "$bpftool" gen skeleton build/perf/many_cpus.bpf.o name many_cpus_bpf >build/perf/many_cpus.skel.h
  gcc -std=gnu17 "${warnings[@]}" -isystem build/perf -o build/perf/many_cpus tests/perf/many_cpus.c -lbpf
else
  echo "left out, many CPUs: no clang, bpftool or libbpf"
fi
for program in trend_cost stage_cost; do
  g++ -std=c++20 -DNDEBUG -flto=auto "${warnings[@]}" -Wshadow -Wsign-conversion -I. \
    -o build/perf/$program tests/perf/$program.cc tests/unit/support/allocation_counter.cc \
    "${stages[@]}" "${libraries[@]}" -pthread
done

export PATH=$PWD/build/tools/usr/bin:$PATH
exec /usr/bin/python3 tests/perf/measure.py "$@"
