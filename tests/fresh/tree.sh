#!/usr/bin/env bash
# A machine with nothing on it:
#   tests/fresh/tree.sh bookworm|trixie
# prints the path of a tar of a minimal Debian tree, made once a day below build/trees. It has apt set up
# as this machine's is, so that packages can be installed in it, ca-certificates and sudo; no devices,
# and nothing mounted. For clean trees to unpack, and as a base image (podman import). Exit code 77:
# cannot be made here, and the last line says why.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

skip() {
  echo "$1"
  exit 77
}

release=${1-}
if [[ $# != 1 || ($release != bookworm && $release != trixie) ]]; then
  echo "usage: tests/fresh/tree.sh bookworm|trixie" >&2
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

mkdir -p build/trees
tar=$PWD/build/trees/$release.tar
# Whoever comes second waits, and takes what the first has made.
exec 9>"$tar.lock"
flock 9
if [[ -n $(find "$tar" -mmin -1440 2>/dev/null) ]]; then
  echo "$tar"
  exit
fi

work=$(mktemp -d "${TMPDIR:-/var/tmp}/memleak-tree.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM
tree=$work/tree

# In a namespace of its own, what debootstrap mounts ends with it.
unshare --mount --pid --fork --kill-child --propagation private \
  debootstrap --variant=minbase --include=ca-certificates,sudo "$release" "$tree" "$mirror" \
  >"$work/debootstrap.log" 2>&1 9>&- || {
  tail -n 20 "$work/debootstrap.log" >&2
  echo "tree.sh: debootstrap failed" >&2
  exit 1
}
{
  echo "deb $mirror $release main"
  if [[ -n $security ]]; then
    echo "deb $security $release-security main"
  fi
} >"$tree/etc/apt/sources.list"
# What this machine needs to reach its mirror, the tree needs too.
apt-config dump | grep -E '^Acquire::(http|https|ftp|Check|Max-|Retries)' \
  >"$tree/etc/apt/apt.conf.d/00host" || true
cp -r /etc/apt/auth.conf.d/. "$tree/etc/apt/auth.conf.d/" 2>/dev/null || true
cp -r /usr/local/share/ca-certificates/. "$tree/usr/local/share/ca-certificates/" 2>/dev/null || true
chroot "$tree" update-ca-certificates >/dev/null 2>&1
# Nobody will miss this tree after a power cut.
echo force-unsafe-io >"$tree/etc/dpkg/dpkg.cfg.d/unsafe-io"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$tree/etc/hosts"

# Root alone: it may hold what apt logs in with.
(umask 077 && tar -c -C "$tree" --one-file-system --exclude='./dev/*' --exclude='./proc/*' \
  --exclude='./sys/*' --exclude='./var/cache/apt/archives/*.deb' -f "$tar.new" .)
mv "$tar.new" "$tar"
echo "$tar"
