#!/usr/bin/env bash
# Records a host with the memory controller in cgroup v2 (or in v1, as hybrid) from a virtual machine:
#   tests/vm/record.sh RELEASE v2|hybrid ARCHIVE     RELEASE: bookworm, trixie, ...
# ARCHIVE (.tar.xz) is replaced. The machine is emulated, which takes some minutes. Exit code 77: cannot be done here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if (($# != 3)) || [[ $2 != v2 && $2 != hybrid ]]; then
  echo "usage: tests/vm/record.sh RELEASE v2|hybrid ARCHIVE" >&2
  exit 2
fi
release=$1 layout=$2 archive=$3
# shellcheck source=tests/vm/machine.sh
source tests/vm/machine.sh
deploy/dependencies.sh vm
vm_kernel "$release" || exit 77

work=$(mktemp -d "${TMPDIR:-/var/tmp}/memleak-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
vm_tree "$work/tree"
cat >"$work/tree/etc/passwd" <<'EOF'
root:x:0:0:root:/root:/bin/sh
user:x:1000:1000:user:/home/user:/bin/sh
EOF
echo 'recorder /dev/vdc /etc /var' >"$work/tree/task"
vm_boot "$work/tree" "$work" "$layout" || true
if ! tar -t -f "$work/output" >/dev/null 2>&1 || [[ -z $(tar -t -f "$work/output") ]]; then
  tail -n 30 "$work/console" >&2
  echo "record.sh: the guest recorded nothing" >&2
  exit 1
fi
xz -9e <"$work/output" >"$archive"
echo "$archive: $(tar -t -f "$archive" | wc -l) files, $(stat -c %s "$archive") bytes"
