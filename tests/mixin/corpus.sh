#!/usr/bin/env bash
# Scores the shipped alerts on the labelled corpus of tests/corpus, as Prometheus judges them:
#   tests/mixin/corpus.sh [--seeds N] [--step SECONDS] [--families SET] [--json] [BIN]
#   tests/mixin/corpus.sh --floors [BIN]
# BIN is a memleak_exporter (default: build/release, else build/dev): its `analyze` gives the verdict.
# --floors judges two seeds of each family every five minutes, and exits with 1 where a figure is below
# corpus_floors.json or the alert as shipped worse than the verdict alone. Without it, all ten seeds: an
# hour of CPU when judged every minute, a quarter of that with --step 300. Needs promtool.
set -euo pipefail

usage() {
  sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=tests/corpus/binary.sh
. "$root/tests/corpus/binary.sh"
seeds=10
binary=
options=()
while (($#)); do
  case $1 in
    --seeds) shift && seeds=${1-} ;;
    --step | --families) options+=("$1" "${2-}") && shift ;;
    --json) options+=("$1") ;;
    --floors) seeds=2 options+=(--step 300 --floors "$here/corpus_floors.json") ;;
    -*) usage ;;
    *) binary=$1 ;;
  esac
  shift || usage
done
[[ $seeds =~ ^[1-9][0-9]*$ ]] || usage

find_binary "$binary"

# The series change only with their generator, and are made once; the same as of tests/corpus/run.sh.
key=$(cat "$root"/tests/corpus/{generate,world,families_dev,families_held_out}.py | sha256sum | cut -c 1-12)
corpus=$root/build/corpus/$key-$seeds
if [[ ! -d $corpus ]]; then
  mkdir -p "$root/build/corpus"
  new=$(mktemp -d "$corpus.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  "${python[@]}" "$root/tests/corpus/generate.py" "$new" --seeds "$seeds"
  mv -T "$new" "$corpus"
  trap - EXIT
fi

"${python[@]}" "$here/corpus.py" --analyze "$binary" "${options[@]}" "$corpus"/index-{dev,held-out}.jsonl
