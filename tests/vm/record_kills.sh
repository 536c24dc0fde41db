#!/usr/bin/env bash
# Records what a kernel's log says of OOM kills of every kind, in a virtual machine:
#   tests/vm/record_kills.sh RELEASE v2|hybrid FOLDER     RELEASE: bookworm, trixie, ...
# FOLDER gets the log twice, as /dev/kmsg has it (kmsg) and as the klog calls have it (klog), from the
# first kill on. The machine is emulated, which takes a minute or two. Exit code 77: cannot be done here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if (($# != 3)) || [[ $2 != v2 && $2 != hybrid ]]; then
  echo "usage: tests/vm/record_kills.sh RELEASE v2|hybrid FOLDER" >&2
  exit 2
fi
release=$1 layout=$2 folder=$3
# shellcheck source=tests/vm/machine.sh
source tests/vm/machine.sh
deploy/dependencies.sh vm
vm_kernel "$release" || exit 77

work=$(mktemp -d "${TMPDIR:-/var/tmp}/memleak-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
vm_tree "$work/tree"
# Nobody else is to hold memory.
: >"$work/tree/tree"
cp tests/vm/guest/kills "$work/tree/task"
vm_append='log_buf_len=4M' vm_boot "$work/tree" "$work" "$layout" || true
if ! tar -t -f "$work/output" >/dev/null 2>&1 || [[ -z $(tar -t -f "$work/output") ]]; then
  tail -n 30 "$work/console" >&2
  echo "record_kills.sh: the guest recorded nothing" >&2
  exit 1
fi
mkdir -p "$folder"
for log in kmsg klog; do
  tar -x -O -f "$work/output" $log | sed -n '/invoked oom-killer/,$p' >"$folder/$log"
done
echo "$folder: $(wc -l <"$folder/kmsg") records, $(grep -ac 'Killed process' "$folder/kmsg") kills"
