#!/usr/bin/env bash
# Scores the trend engine on the labelled corpus, beside the PromQL rules that people use:
#   tests/corpus/run.sh [--seeds N] [--json] [--wrong] [--no-baselines] [--floors]
#                       [--plot DIR] [BIN]
# BIN is a memleak_exporter (default: build/release, else build/dev). Thresholds may be tuned on the
# set `dev`; the figures that count are those of `held-out`, and the exit code is 1 where they miss
# the goals. --floors tells the distance to the goals, and exits with 1 only where the engine got
# worse than floors.json says. --wrong names every series of `dev` that was judged wrong, --plot
# draws one of each of its families.
set -euo pipefail

usage() {
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=tests/corpus/binary.sh
. "$here/binary.sh"
seeds=10
binary=
plots=
json=
baselines=(--baselines)
report=()
check=(--check held-out)
while (($#)); do
  case $1 in
    --seeds) shift && seeds=${1-} ;;
    --plot) shift && plots=${1-} ;;
    --json) json=yes ;;
    --wrong) report=(--wrong dev) ;;
    --no-baselines) baselines=() ;;
    --floors) check=(--floors "$here/floors.json") ;;
    -*) usage ;;
    *) binary=$1 ;;
  esac
  shift || usage
done
[[ $seeds =~ ^[1-9][0-9]*$ ]] || usage

find_binary "$binary"

# The series change only with their generator, and are made once.
key=$(cat "$here"/{generate,world,families_dev,families_held_out}.py | sha256sum | cut -c 1-12)
corpus=$root/build/corpus/$key-$seeds
if [[ ! -d $corpus ]]; then
  mkdir -p "$root/build/corpus"
  new=$(mktemp -d "$corpus.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  "${python[@]}" "$here/generate.py" "$new" --seeds "$seeds"
  mv -T "$new" "$corpus"
  trap - EXIT
fi

score() {
  "${python[@]}" "$here/score.py" --analyze "$binary" "${baselines[@]}" "$@"
}

if [[ $plots ]]; then
  "${python[@]}" "$here/plot.py" --analyze "$binary" "$plots" "$corpus"/index-dev.jsonl
elif [[ $json ]]; then
  score --json "${check[@]}" "$corpus"/index-{dev,held-out}.jsonl
else
  score "${report[@]}" "${check[@]}" "$corpus"/index-{dev,held-out}.jsonl
fi
