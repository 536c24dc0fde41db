#!/usr/bin/env bash
# The Debian package on a machine that has nothing:
#   tests/package/run.sh bookworm|trixie PACKAGE.deb
# In a minimal tree of the release: installs the package with what it depends on, serves as the unit says,
# upgrades, removes, purges, and compares the tree with what it was; then manual page, completions, unit
# and lintian with the release's own tools. PACKAGE.deb must be of that release. Exit code 77: cannot be
# tried here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ $# != 2 || ! -f $2 ]]; then
  echo "usage: tests/package/run.sh bookworm|trixie PACKAGE.deb" >&2
  exit 2
fi
tar=$(tests/fresh/tree.sh "$1") || {
  status=$?
  echo "$tar"
  exit $status
}
for tool in tmux openssl; do
  command -v "$tool" >/dev/null || {
    echo "no $tool"
    exit 77
  }
done
cgroups=$(findmnt -n -o TARGET -t cgroup2 | sed -n 1p)
if [[ -z $cgroups ]] || ! cgroup=$(mktemp -d "$cgroups/memleak-package.XXXXXX" 2>/dev/null); then
  echo "no cgroup of version 2 to be had, which systemd needs"
  exit 77
fi
# As systemd makes them: everybody may look.
chmod 755 "$cgroup"
work=$(mktemp -d "${TMPDIR:-/var/tmp}/memleak-package.XXXXXX")
namespaces=
# shellcheck disable=SC2317  # called by the trap
remove() {
  # Killing unshare kills what it started, down to the last process in the tree.
  if [[ -n $namespaces ]]; then
    kill -KILL "$namespaces" 2>/dev/null || true
    wait "$namespaces" 2>/dev/null || true
  fi
  rm -rf --one-file-system "$work" || true
  # The cgroups are empty when the last process has ended.
  local try
  for try in 1 2 3 4 5; do
    find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    [[ -e $cgroup ]] || break
    sleep "$try"
  done
}
trap remove EXIT
trap 'exit 130' INT TERM

# In namespaces of its own, whatever is mounted or started there ends with it, however it ends.
unshare --mount --pid --fork --kill-child --propagation private \
  /usr/bin/python3 -B tests/package/in_tree.py "$work" "$tar" "$2" "$cgroup" &
namespaces=$!
status=0
wait "$namespaces" || status=$?
namespaces=
exit "$status"
