#!/usr/bin/env bash
# Runs every libFuzzer target of a build for a fixed number of inputs, or for a time:
#   tests/fuzz/run.sh [--runs N | --seconds N] BUILD_DIR
# With --runs (default 50000) a run of the same build is the same each time. Seeds come from
# tests/fuzz/corpus/TARGET and are copied first: nothing is written to the source tree. Inputs that
# fail are kept and named.
set -euo pipefail

usage() {
  echo "usage: tests/fuzz/run.sh [--runs N | --seconds N] BUILD_DIR" >&2
  exit 2
}

limit=(-runs=50000 -seed=1)
# What the fuzzer learns of comparisons hangs on addresses, and what it reads again on the clock. Where
# addresses cannot be fixed, runs differ a little.
fixed=(setarch -R)
"${fixed[@]}" true 2>/dev/null || fixed=()
if [[ ${1-} == --runs || ${1-} == --seconds ]]; then
  [[ ${2-} =~ ^[0-9]+$ ]] || usage
  case $1 in
    --runs) limit=("-runs=$2" -seed=1) ;;
    --seconds) limit=("-max_total_time=$2") ;;
  esac
  shift 2
fi
[[ $# == 1 && $1 != -* ]] || usage

corpus=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/corpus
shopt -s nullglob
targets=()
for target in "$1"/tests/fuzz/fuzz_*; do
  if [[ -f $target && -x $target ]]; then
    targets+=("$target")
  fi
done
if ((${#targets[@]} == 0)); then
  echo "run.sh: no targets in $1/tests/fuzz; build the preset \`fuzz\` first" >&2
  exit 1
fi

work=$(mktemp -d)
failed=0
for target in "${targets[@]}"; do
  name=${target##*/fuzz_}
  mkdir -p "$work/$name/corpus" "$work/$name/failed"
  if [[ -d $corpus/$name ]]; then
    cp -r "$corpus/$name/." "$work/$name/corpus"
  fi
  start=$SECONDS
  if "${fixed[@]}" "$target" "${limit[@]}" -timeout=20 -rss_limit_mb=2048 -reload=0 \
    -print_final_stats=1 -artifact_prefix="$work/$name/failed/" \
    "$work/$name/corpus" >"$work/$name/log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name/log")
    printf '%-14s ok      %s runs, %d s\n' "$name" "$runs" $((SECONDS - start))
  else
    failed=1
    printf '%-14s FAILED  %d s\n' "$name" $((SECONDS - start))
    tail -n 60 "$work/$name/log" | sed 's/^/    | /'
    echo "    input and log: $work/$name"
  fi
done

if ((failed)); then
  exit 1
fi
rm -rf "$work"
