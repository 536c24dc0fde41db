#!/usr/bin/env bash
# The part of run.sh that mounts: in_namespace.sh WORK RELEASE MIRROR SECURITY_MIRROR
set -euo pipefail

work=$1 release=$2 mirror=$3 security=$4
tree=$work/tree
user=visitor
source=/home/$user/memleak_exporter

say() {
  printf '%4d s  %s\n' $SECONDS "$1"
}

fail() {
  say "FAILED: $1"
  exit 1
}

# Becomes a command in the tree.
become() {
  local proxies=() name
  for name in http_proxy https_proxy no_proxy; do
    if [[ -n ${!name-} ]]; then
      proxies+=("$name=${!name}")
    fi
  done
  exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    "${proxies[@]}" chroot "$tree" "$@"
}

inside() {
  (become "$@")
}

make_tree() {
  debootstrap --variant=minbase --include=ca-certificates,sudo "$release" "$tree" "$mirror" \
    >"$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log"
    fail "debootstrap"
  }
  # A mount point for a root, as a machine has: tests make mount namespaces in it.
  mount --bind "$tree" "$tree"
  mount -t proc proc "$tree/proc"
  mount -t sysfs -o ro sysfs "$tree/sys"
  # Its own devices, none of them the host's.
  mount -t tmpfs -o mode=755 dev "$tree/dev"
  local device
  for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 fuse:10:229; do
    IFS=: read -r name major minor <<<"$device"
    mknod -m 666 "$tree/dev/$name" c "$major" "$minor"
  done
  ln -s /proc/self/fd "$tree/dev/fd"
  mkdir "$tree/dev/shm" "$tree/dev/pts"
  chmod 1777 "$tree/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=666 devpts "$tree/dev/pts"
  ln -s pts/ptmx "$tree/dev/ptmx"

  {
    echo "deb $mirror $release main"
    if [[ -n $security ]]; then
      echo "deb $security $release-security main"
    fi
  } >"$tree/etc/apt/sources.list"
  cp "$work/apt.conf" "$tree/etc/apt/apt.conf.d/00host"
  cp -r /etc/apt/auth.conf.d/. "$tree/etc/apt/auth.conf.d/" 2>/dev/null || true
  cp -r /usr/local/share/ca-certificates/. "$tree/usr/local/share/ca-certificates/"
  inside update-ca-certificates >/dev/null 2>&1
  # Nobody will miss this tree after a power cut.
  echo force-unsafe-io >"$tree/etc/dpkg/dpkg.cfg.d/unsafe-io"

  printf '127.0.0.1 localhost\n::1 localhost\n' >"$tree/etc/hosts"

  inside useradd --create-home --shell /bin/bash "$user"
  echo "$user ALL=(ALL) NOPASSWD: ALL" >"$tree/etc/sudoers.d/$user"
  mkdir "$tree$source"
  tar -x -C "$tree$source" -f "$work/source.tar"
  inside chown -R "$user:" "$source"
}

# Starts deploy/run.sh as the user until /metrics answers, at most SECONDS, and ends it by SIGTERM.
run_command() {
  local limit=$1 port deadline exporter status=0
  port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  # Everything here becomes what it starts, so this is the exporter's own pid in the end.
  become setpriv --reuid "$user" --regid "$user" --init-groups env HOME="/home/$user" \
    "$source/deploy/run.sh" --web.listen-address="127.0.0.1:$port" >"$work/run.log" 2>&1 &
  exporter=$!
  deadline=$((SECONDS + limit))
  until inside curl -fs "http://127.0.0.1:$port/metrics" 2>/dev/null >"$work/metrics" &&
    grep -q "http://127.0.0.1:$port" "$work/run.log"; do
    if ! kill -0 "$exporter" 2>/dev/null || ((SECONDS > deadline)); then
      tail -n 40 "$work/run.log"
      fail "deploy/run.sh"
    fi
    sleep 1
  done
  grep -q '^memleak_group_resident_memory_bytes{' "$work/metrics" || fail "/metrics without groups"
  kill -TERM "$exporter"
  wait "$exporter" || status=$?
  ((status == 0)) || fail "the exporter ended with exit code $status"
}

make_tree
say "made a $release tree"
run_command 900
sed 's/^/    | /' "$work/run.log"
say "deploy/run.sh: installed, built, answered and ended"
run_command 20
say "deploy/run.sh: answered again, at once"
inside "$source/tests/run.sh" --plain || fail "tests/run.sh --plain"
say "tests/run.sh --plain passed"
