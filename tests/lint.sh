#!/usr/bin/env bash
# Checks our own files: tests/lint.sh format | tidy | shell
# `format --fix` rewrites them. Exit code 77: the tool is missing, or not the version whose judgement
# counts (the newer ones format and complain differently).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

clang_version=14

# The program of Debian 12, under its plain or its versioned name.
clang_tool() {
  local name
  for name in "$1-$clang_version" "$1"; do
    if command -v "$name" >/dev/null && [[ $("$name" --version) == *"version $clang_version."* ]]; then
      echo "$name"
      return
    fi
  done
  echo "no $1 of version $clang_version" >&2
  exit 77
}

sources() {
  find exporter collectors deploy tests \( -name '*.h' -o -name '*.cc' -o -name '*.c' \) -print0
}

case ${1-} in
  format)
    tool=$(clang_tool clang-format)
    if [[ ${2-} == --fix ]]; then
      sources | xargs -0 "$tool" -i
    else
      sources | xargs -0 "$tool" --dry-run -Werror
    fi
    ;;
  tidy)
    tool=$(clang_tool clang-tidy)
    # Headers are judged where they are included, so only what is compiled is listed.
    /usr/bin/python3 -B tests/tidy.py "$tool"
    ;;
  shell)
    if ! command -v shellcheck >/dev/null; then
      echo "no shellcheck" >&2
      exit 77
    fi
    find . -path ./build -prune -o -path ./.git -prune -o -type f \
      \( -name '*.sh' -o -path ./.ci/run \) -print0 | xargs -0 shellcheck
    ;;
  *)
    echo "usage: tests/lint.sh format [--fix] | tidy | shell" >&2
    exit 2
    ;;
esac
