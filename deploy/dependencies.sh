#!/usr/bin/env bash
# The one list of what the project takes from Debian 12 and 13, and its installer.
#   deploy/dependencies.sh GROUP...
# Groups: build bpf image package unit test browser kubernetes fuzz lint servers go perf victoriametrics fresh vm
# Needs root or sudo only when something is missing. Exit 1: not all of it could be had (what could
# be was installed, and the rest is named).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# PACKAGE/COMMAND: any origin of the command will do, a JDK or Node.js from elsewhere included.
# +PACKAGE: only its programs are wanted, unpacked into build/tools: installing it would start a
# service, which is not for a build to do.
packages_of() {
  case $1 in
    build)
      echo g++ cmake ninja-build pkg-config libcivetweb-dev prometheus-cpp-dev \
        libboost-program-options-dev libyaml-cpp-dev libre2-dev libspdlog-dev nlohmann-json3-dev \
        libdeflate-dev libcurl4-openssl-dev libncurses-dev curl
      # OpenSSL 3 as it is at run time; its -dev package is not needed.
      if debian_12; then echo libssl3; else echo libssl3t64; fi
      ;;
    # For the task iterator, which is left out of a build without them (cmake/Bpf.cmake).
    bpf) echo clang/clang libbpf-dev bpftool/bpftool ;;
    # What an image takes along besides what was built (deploy/container/assemble.sh).
    image) echo ca-certificates ncurses-base ;;
    # To make the Debian package of a build.
    package) echo dpkg-dev/dpkg-shlibdeps file/file ;;
    unit) echo catch2 clang-format python3 ;;
    test)
      echo python3 python3-pytest python3-pytest-xdist python3-prometheus-client python3-yaml curl \
        openssl procps tmux \
        systemd/systemd-analyze groff-base/groff \
        fuse3 libfuse3-dev \
        default-jdk-headless/javac nodejs/node ruby/ruby perl/perl php-cli/php \
        podman/podman runc/runc busybox/busybox xz-utils apache2-utils/htpasswd \
        valgrind heaptrack gdb lsof strace iproute2/ss util-linux/nsenter g++ file libjemalloc2 \
        libjemalloc-dev/jeprof
      ;;
    # Playwright and axe-core come from npm, a browser never.
    browser) echo chromium/chromium nodejs/node npm/npm ;;
    # helm, kubectl and Kubernetes' types come from npm; containers are those of the group test.
    kubernetes) echo nodejs/node npm/npm ;;
    # The libFuzzer runtime is packaged by version, and must be that of the release's clang.
    fuzz) if debian_12; then echo clang libclang-rt-14-dev; else echo clang libclang-rt-19-dev; fi ;;
    lint) echo clang-format clang-tidy shellcheck ;;
    servers)
      echo +prometheus +prometheus-alertmanager jsonnet
      if ! debian_12; then echo +promtool; fi
      ;;
    # Large, for one page of the runbooks.
    go) echo golang-go/go ;;
    perf) echo python3 python3-prometheus-client +prometheus-node-exporter +prometheus-process-exporter ;;
    victoriametrics) echo +victoria-metrics ;;
    fresh) echo debootstrap buildah/buildah ;;
    vm) echo qemu-system-x86 busybox-static cpio e2fsprogs kmod xz-utils gcc libc6-dev ;;
    *)
      echo "dependencies.sh: unknown group: $1" >&2
      exit 2
      ;;
  esac
}

debian_12() {
  local VERSION_ID=
  # shellcheck source=/dev/null
  . /etc/os-release
  [[ $VERSION_ID == 12 ]]
}

installed() {
  local package=${1%%/*}
  case $1 in
    +*) command -v "${package#+}" >/dev/null || [[ -x build/tools/usr/bin/${package#+} ]] ;;
    */*) command -v "${1#*/}" >/dev/null || dpkg_knows "$package" ;;
    *) dpkg_knows "$package" ;;
  esac
}

dpkg_knows() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Reads apt's progress (STATUS:PACKAGE:PERCENT:TEXT) and shows it on one line of a terminal.
show_progress() {
  local kind percent text
  while IFS=: read -r kind _ percent text; do
    if [[ -t 1 && ($kind == dlstatus || $kind == pmstatus) ]]; then
      [[ $kind == dlstatus ]] && kind=downloading || kind=installing
      printf '\r\033[K%s %s %% %.60s' "$kind" "${percent%%.*}" "$text"
    fi
  done
  if [[ -t 1 ]]; then
    printf '\r\033[K'
  fi
}

apt() {
  # The progress needs a descriptor of its own, made behind sudo, which closes all but the first three.
  # shellcheck disable=SC2016
  "${as_root[@]}" env LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    bash -c 'exec 3>&1 >&2; exec "$@"' bash \
    apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 -o APT::Status-Fd=3 "$@" \
    2>>"$log" | show_progress
}

unpack() {
  local package=$1 folder
  folder=$(mktemp -d)
  # apt-get download drops root for a user that must be able to write here.
  chmod 777 "$folder"
  (cd "$folder" && apt-get download -q "$package") >>"$log" 2>&1 &&
    mkdir -p build/tools && dpkg-deb -x "$folder"/*.deb build/tools
  local status=$?
  rm -rf "$folder"
  return $status
}

missing=()
for group in "$@"; do
  packages=$(packages_of "$group")
  for package in $packages; do
    installed "$package" || missing+=("$package")
  done
done
if ((${#missing[@]} == 0)); then
  exit 0
fi
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
names=("${missing[@]%%/*}")

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "dependencies.sh: neither root nor sudo; please install: ${names[*]#+}" >&2
    exit 1
  fi
  as_root=(sudo)
  # Without a terminal nobody can type a password, and waiting for one would hang.
  [[ -t 0 ]] || as_root+=(-n)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

echo "Installing ${#names[@]} Debian packages: ${names[*]#+}"
if ! apt update; then
  echo "dependencies.sh: apt-get update failed; trying with the package lists at hand:" >&2
  tail -n 5 "$log" >&2
fi
wanted=() failed=()
for name in "${names[@]}"; do
  [[ $name == +* ]] || wanted+=("$name")
done
# All at once is fast; one that is not to be had must not cost the others.
if ((${#wanted[@]} > 0)) && ! apt install --no-install-recommends "${wanted[@]}"; then
  for name in "${wanted[@]}"; do
    # One that is left broken makes apt fail for all that follow, so look at what is there.
    apt install --no-install-recommends "$name" || dpkg_knows "$name" || failed+=("$name")
  done
fi
for name in "${names[@]}"; do
  if [[ $name == +* ]]; then
    unpack "${name#+}" || failed+=("${name#+}")
  fi
done
if ((${#failed[@]} > 0)); then
  tail -n 20 "$log" >&2
  echo "dependencies.sh: could not install: ${failed[*]}" >&2
  exit 1
fi
