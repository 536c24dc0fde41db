#!/usr/bin/env bash
# The README's two commands on a machine that has nothing yet:
#   tests/fresh/run.sh bookworm|trixie
# Makes a minimal Debian tree, installs, builds and starts the exporter there as an ordinary user with
# sudo, then runs the tests as root, all from the last commit. The packages come from the mirror that
# this machine's apt uses. Exit code 77: cannot be tried here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

skip() {
  echo "$1"
  exit 77
}

release=${1-}
if [[ $release != bookworm && $release != trixie ]]; then
  echo "usage: tests/fresh/run.sh bookworm|trixie" >&2
  exit 2
fi
((EUID == 0)) || skip "fresh trees need root"
command -v debootstrap >/dev/null || skip "no debootstrap"
unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces to be had"

# The first address of each kind that apt reads packages from.
mirror_of() {
  # shellcheck disable=SC2016  # apt-get fills it in
  apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' "Label: $1" |
    sed -n 1p
}
mirror=$(mirror_of Debian)
security=$(mirror_of Debian-Security)
[[ -n $mirror ]] || skip "apt has no Debian mirror (or no lists yet: apt-get update)"

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
# What this machine needs to reach its mirror, the tree needs too.
apt-config dump | grep -E '^Acquire::(http|https|ftp|Check|Max-|Retries)' >"$work/apt.conf" || true

# In namespaces of its own, whatever is mounted or started there ends with it, however it ends.
unshare --mount --pid --fork --kill-child --propagation private \
  tests/fresh/in_namespace.sh "$work" "$release" "$mirror" "$security" &
namespaces=$!
status=0
wait "$namespaces" || status=$?
namespaces=
exit "$status"
