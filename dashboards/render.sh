#!/usr/bin/env bash
# Makes what Prometheus and Grafana read from the sources beside it, which are jsonnet:
#   dashboards/render.sh                     the files that are committed
#   dashboards/render.sh DIR [TIME_SCALE]    into a folder, with every duration multiplied
# Needs jsonnet, Debian's.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if ! command -v jsonnet >/dev/null; then
  echo "render.sh: no jsonnet; please install: jsonnet" >&2
  exit 77
fi
out=${1:-$here}
scale=${2:-1}
# Made aside, so that a mistake in the sources leaves the files as they were.
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
mkdir "$made/prometheus" "$made/json"

# The variable `mixin` is the mixin at this scale.
rendered() {
  jsonnet "${@:2}" -e "local mixin = (import '$here/mixin.libsonnet') + { _config+:: { timeScale: $scale } };
    $1"
}

notice='# Made by dashboards/render.sh. Change the jsonnet, not this file.'
for kind in rules alerts; do
  # Every value is made once, as JSON, and only then written as YAML: jsonnet would make it anew each
  # time that it looks at it.
  rendered "mixin.prometheus${kind^}" >"$made/$kind.json"
  {
    echo "$notice"
    jsonnet -S -e "std.manifestYamlDoc(import '$made/$kind.json')"
  } >"$made/prometheus/memleak_$kind.yaml"
done
rendered 'mixin.grafanaDashboards' -m "$made/json" >/dev/null

mkdir -p "$out/prometheus" "$out/grafana/json"
cp "$made"/prometheus/*.yaml "$out/prometheus/"
rm -f "$out"/grafana/json/*.json
cp "$made"/json/*.json "$out/grafana/json/"
