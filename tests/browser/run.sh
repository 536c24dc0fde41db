#!/usr/bin/env bash
# Drives the page of a built exporter with Debian's Chromium:
#   tests/browser/run.sh [--pictures] [MEMLEAK_EXPORTER [RESULTS [PLAYWRIGHT'S ARGUMENTS...]]]
# MEMLEAK_BUILD names the build whose leaking test programs are watched (build/dev). --pictures writes
# those of the README anew. Exit code 77: something that cannot be had, named in the last line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ ${1-} == --pictures ]]; then
  export MEMLEAK_PICTURES=$PWD/exporter/web/page/pictures
  mkdir -p "$MEMLEAK_PICTURES"
  shift
fi
exporter=$(realpath "${1:-build/release/memleak_exporter}")
results=${2:-build/results/browser}
mkdir -p "$results" build/browser
results=$(realpath "$results")
shift $(($# < 2 ? $# : 2))

export CHROMIUM=${CHROMIUM:-$(command -v chromium || true)}
for tool in node npm "${CHROMIUM:-chromium}"; do
  if ! command -v "$tool" >/dev/null; then
    echo "no $tool"
    exit 77
  fi
done

# Beside the tree of sources, which stays free of what npm brings.
work=build/browser
find "$work" -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -r {} +
cp -r tests/browser/. "$work"
cd "$work"
installed=node_modules/.installed
if ! cmp -s package-lock.json "$installed"; then
  if ! PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund; then
    echo "npm could not install Playwright and axe-core"
    exit 77
  fi
  cp package-lock.json "$installed"
fi

export MEMLEAK_EXPORTER=$exporter MEMLEAK_RESULTS=$results
export MEMLEAK_BUILD=${MEMLEAK_BUILD:-$(realpath ../dev)}
exec node_modules/.bin/playwright test "$@"
