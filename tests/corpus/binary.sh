# shellcheck shell=bash
# What run.sh and real.sh share: which memleak_exporter is meant, and which Python runs them.

# Debian's own, whatever else is on PATH: the figures should not depend on it.
# shellcheck disable=SC2034
python=(/usr/bin/python3 -B)

# find_binary [BIN]: sets $binary; without BIN the release build, else the dev build.
find_binary() {
  local root
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  binary=${1-}
  if [[ ! $binary ]]; then
    binary=$root/build/release/memleak_exporter
    [[ -x $binary ]] || binary=$root/build/dev/memleak_exporter
  fi
  if [[ ! -x $binary ]]; then
    echo "${0##*/}: no $binary; build it first, or name one" >&2
    exit 1
  fi
}
