#!/usr/bin/env bash
# The exporter on real kernels with the memory controller in cgroup v2, and on a hybrid host, whatever
# this machine mounts, and its two sources of processes side by side, before and after Linux 6.2 counted
# memory on each CPU: in emulated virtual machines, some minutes.
#   tests/vm/run.sh [EXPORTER [RELEASE:LAYOUT...]]     build/release/memleak_exporter by default
# Exit code 77: cannot be tried here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/vm/machine.sh
source tests/vm/machine.sh

exporter=${1-build/release/memleak_exporter}
if [[ ! -x $exporter ]]; then
  echo "run.sh: $exporter is not built" >&2
  exit 2
fi
deploy/dependencies.sh vm >/dev/null || {
  echo "the emulator and its tools cannot be installed"
  exit 77
}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/memleak-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

hosts=("${@:2}")
((${#hosts[@]})) || hosts=(bookworm:v2 trixie:v2 bookworm:hybrid)
status=0
wrong=()
for host in "${hosts[@]}"; do
  vm_kernel "${host%:*}" >/dev/null || {
    echo "no kernel of $host to be had"
    exit 77
  }
  rm -rf "$work/tree"
  vm_tree "$work/tree"
  vm_program "$work/tree" memleak_exporter "$exporter"
  strip "$work/tree/usr/bin/memleak_exporter"
  vm_program "$work/tree" unshare /usr/bin/unshare
  cp tests/vm/guest/live "$work/tree/task"
  cp /etc/passwd "$work/tree/etc/passwd"
  echo "$(basename "$vm_kernel_dir"/boot/vmlinuz-*) $host"
  # What counts is what the guest brought back, however the emulator ended. One that brought nothing, such as
  # one that hung, says little of the exporter: it gets another go.
  for attempt in first second; do
    vm_boot "$work/tree" "$work" "${host#*:}" || echo "the emulator ended with exit code $?"
    [[ $(tar -t -f "$work/output" 2>/dev/null) ]] && break
    echo "the guest brought nothing back, the $attempt time; the end of its console:"
    tail -n 5 "$work/console"
  done
  if ! /usr/bin/python3 tests/vm/judge.py "$work/output" >"$work/judgement" 2>&1; then
    status=1
    tail -n 30 "$work/console"
    # The guest's own last word first.
    mapfile -t -O "${#wrong[@]}" wrong < <(grep '^guest: ' "$work/console" | tail -n 1 |
      sed "s/^/FAILED  $host: /")
    mapfile -t -O "${#wrong[@]}" wrong < <(grep -v '^ok ' "$work/judgement" | sed "s/^/FAILED  $host: /")
  fi
  cat "$work/judgement"
done
# Last, where they are seen.
((status == 0)) || printf '%s\n' "${wrong[@]}"
exit $status
