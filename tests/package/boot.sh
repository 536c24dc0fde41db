#!/usr/bin/env bash
# Starts the systemd of a tree as on a machine of its own: boot.sh TREE CGROUP
# CGROUP is an empty cgroup of version 2 that it may have. Ends when it is killed, with all that it started.
set -euo pipefail
tree=$1 cgroup=$2

if [[ ${3-} != inside ]]; then
  echo $$ >"$cgroup/cgroup.procs"
  exec unshare --mount --pid --cgroup --net --ipc --uts --fork --kill-child --propagation private \
    "$0" "$tree" "$cgroup" inside
fi
mount -t proc proc "$tree/proc"
mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup"
exec env -i container=other PATH=/usr/sbin:/usr/bin chroot "$tree" /lib/systemd/systemd \
  --unit=multi-user.target --show-status=no
