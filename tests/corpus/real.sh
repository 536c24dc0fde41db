#!/usr/bin/env bash
# Says what `memleak_exporter analyze` makes of real recordings, one line each:
#   tests/corpus/real.sh DIR [BIN]
# DIR holds CSV files as analyze reads them; a column `label` (1 leak, 0 none, -1 arguable) is
# compared with the verdict.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/corpus/binary.sh
. "$here/binary.sh"
if (($# < 1 || $# > 2)) || [[ $1 == -* ]]; then
  echo "usage: tests/corpus/real.sh DIR [BIN]" >&2
  exit 2
fi
find_binary "${2-}"
exec "${python[@]}" "$here/real.py" "$binary" "$1"
