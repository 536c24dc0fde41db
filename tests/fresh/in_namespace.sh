#!/usr/bin/env bash
# The part of run.sh that mounts: in_namespace.sh WORK RELEASE BASE_TAR
set -euo pipefail

work=$1 release=$2 base=$3
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
  mkdir "$tree"
  tar -x -C "$tree" -f "$base"
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
  # An ordinary user may not load it; but it was built.
  grep -q 'msg="reading processes" source=procfs reason=.*CAP_BPF' "$work/run.log" ||
    fail "deploy/run.sh built without the task iterator"
  kill -TERM "$exporter"
  wait "$exporter" || status=$?
  ((status == 0)) || fail "the exporter ended with exit code $status"
}

# The demonstration, to its notification. As root: no user may make namespaces in a chroot, and servers
# that are unpacked and not installed need one.
run_demo() {
  inside timeout 1200 "$source/deploy/demo.sh" --until-notified >"$work/demo.log" 2>&1 </dev/null || {
    tail -n 40 "$work/demo.log"
    fail "deploy/demo.sh --until-notified"
  }
}

# The Debian package of what was built, for run.sh.
make_package() {
  {
    inside "$source/deploy/dependencies.sh" package &&
      inside cmake --build "$source/build/release" --target package
  } >"$work/package.log" 2>&1 || {
    tail -n 40 "$work/package.log"
    fail "the Debian package"
  }
  cp "$tree$source"/build/release/memleak-exporter_*.deb "$work/"
}

make_tree
say "made a $release tree"
run_command 900
sed 's/^/    | /' "$work/run.log"
say "deploy/run.sh: installed, built, answered and ended"
run_command 20
say "deploy/run.sh: answered again, at once"
run_demo
sed 's/^/    | /' "$work/demo.log"
say "deploy/demo.sh: installed what it needs, and notified"
make_package
say "made $(cd "$work" && echo memleak-exporter_*.deb)"
# On a machine of this release the tests have run outside of the tree, with more than it has.
# shellcheck source=/dev/null
if [[ $(. /etc/os-release && echo "${VERSION_CODENAME-}") == "$release" ]]; then
  inside "$source/deploy/dependencies.sh" unit test servers || fail "deploy/dependencies.sh"
  say "deploy/dependencies.sh: what the tests need was installed"
else
  inside "$source/tests/run.sh" --elsewhere || fail "tests/run.sh --elsewhere"
  say "tests/run.sh --elsewhere passed"
fi
