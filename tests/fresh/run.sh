#!/usr/bin/env bash
# The README's two commands on a machine that has nothing yet:
#   tests/fresh/run.sh bookworm|trixie
# Makes a minimal Debian tree, installs, builds and starts the exporter there as an ordinary user with
# sudo, then runs the demonstration and the tests as root, all from the last commit; where this machine
# is of the same release, it only installs what the tests need. At last the Debian package that was made
# there is installed in another tree, and removed (tests/package). Packages come from the mirror that this
# machine's apt uses. Exit code 77: cannot be tried here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

release=${1-}
if [[ $release != bookworm && $release != trixie ]]; then
  echo "usage: tests/fresh/run.sh bookworm|trixie" >&2
  exit 2
fi
base=$(tests/fresh/tree.sh "$release") || {
  status=$?
  echo "$base"
  exit "$status"
}

work=$(mktemp -d "${TMPDIR:-/var/tmp}/memleak-fresh.XXXXXX")
namespaces=
# shellcheck disable=SC2317  # called by the trap
remove() {
  # Killing unshare kills what it started, down to the last process in the tree.
  if [[ -n $namespaces ]]; then
    kill -KILL "$namespaces" 2>/dev/null || true
    wait "$namespaces" 2>/dev/null || true
  fi
  if grep -qF " $work/" /proc/self/mountinfo; then
    echo "run.sh: something is still mounted in $work, so it is left alone" >&2
    return
  fi
  # The last processes may still be ending.
  local try
  for try in 1 2 3 4 5; do
    rm -rf --one-file-system "$work" && return
    sleep "$try"
  done
}
trap remove EXIT
trap 'exit 130' INT TERM

git archive --format=tar HEAD >"$work/source.tar"

# In namespaces of its own, whatever is mounted or started there ends with it, however it ends.
unshare --mount --pid --fork --kill-child --propagation private \
  tests/fresh/in_namespace.sh "$work" "$release" "$base" &
namespaces=$!
status=0
wait "$namespaces" || status=$?
namespaces=
((status == 0)) || exit "$status"
tests/package/run.sh "$release" "$work"/memleak-exporter_*.deb
