#!/usr/bin/env bash
# Whether the rules mean the same to VictoriaMetrics: tests/victoriametrics/run.sh
# Exit 1: vmalert refuses the files, an alert does not arrive, or an expression has another result than in
# Prometheus. 77: Debian's victoria-metrics is not to be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
deploy/dependencies.sh test servers || exit 1
if ! deploy/dependencies.sh victoriametrics; then
  echo "no package victoria-metrics"
  exit 77
fi
export PATH=$PWD/build/tools/usr/bin:$PATH
export MEMLEAK_EXPORTER=${MEMLEAK_EXPORTER:-$PWD/build/release/memleak_exporter}
for file in rules alerts; do
  if ! said=$(vmalert -dryRun -rule="dashboards/prometheus/memleak_$file.yaml" 2>&1); then
    echo "not ok vmalert refuses memleak_$file.yaml: $(tail -n 1 <<<"$said")"
    exit 1
  fi
done
/usr/bin/python3 -B tests/victoriametrics/alert.py
exec /usr/bin/python3 -B tests/victoriametrics/compare.py
