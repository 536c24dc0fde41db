#!/usr/bin/env bash
# Writes anew what kustomize reads, from the chart: the base, and the monitor and rules of
# components/monitoring. Needs helm; tests/kubernetes/run.sh has one in build/kubernetes.
#   deploy/kubernetes/render.sh          the files that are committed
#   deploy/kubernetes/render.sh DIR      into a folder
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:$here/../../build/kubernetes/bin
if ! command -v helm >/dev/null; then
  echo "render.sh: no helm; please install it, or run tests/kubernetes/run.sh once" >&2
  exit 77
fi
out=${1:-$here}
# Made aside, so that a mistake in the chart leaves the files as they were.
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

# helm says on standard error that it follows the chart's links; that is wanted.
if ! helm template memleak-exporter "$here/chart" --kube-version 1.31 --output-dir "$made" \
  --set monitor.kind=PodMonitor --set rules.enabled=true >"$made/said" 2>&1; then
  cat "$made/said" >&2
  exit 1
fi

# write FOLDER NAME...: these templates, without what names Helm as whose they are.
write() {
  local folder=$out/$1 name
  shift
  mkdir -p "$folder"
  for name in "$@"; do
    {
      echo '# Made by deploy/kubernetes/render.sh from the chart. Change that, not this file.'
      sed -e '/^# Source: /d' -e '/app\.kubernetes\.io\/managed-by: /d' -e '/helm\.sh\/chart: /d' \
        "$made/memleak-exporter/templates/$name.yaml"
    } >"$folder/$name.yaml"
  done
}
write base daemonset service serviceaccount
write components/monitoring podmonitor prometheusrule
