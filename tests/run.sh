#!/usr/bin/env bash
# Installs what the tests need, builds, runs them, and closes with `N passed, N failed, N skipped`.
#   tests/run.sh --quick   unit tests and formatting; no server, a few minutes
#   tests/run.sh --plain   --quick and on the release build the end-to-end tests, those of rules and
#                          dashboards, of the page, and of what is deployed
#   tests/run.sh           --plain, again under the sanitizers, and short fuzzing
#   tests/run.sh --all     all that, clang-tidy, the long tests, other kernels in emulated machines, the
#                          container image, and fresh Debian 12 and 13 trees with the package
#   tests/run.sh --elsewhere  of --plain, what another release of Debian may change
# What cannot be installed is named and its tests are skipped; with CI=true a skip is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

elsewhere=
case ${1-} in
  --quick) tier=1 ;;
  --elsewhere) tier=2 elsewhere=yes ;;
  --plain) tier=2 ;;
  '') tier=3 ;;
  --all) tier=4 ;;
  *) tier=0 ;;
esac
if ((tier == 0 || $# > 1)); then
  echo "usage: tests/run.sh [--quick | --plain | --all | --elsewhere]" >&2
  exit 2
fi

# Debian's own Python: another one on PATH does not see Debian's modules.
python=/usr/bin/python3
trap 'exit 130' INT
trap '[[ ! ${ahead-} ]] || kill "$ahead" 2>/dev/null' EXIT
results=build/results
logs=build/logs
rm -rf "$results" "$logs"
mkdir -p "$results" "$logs"
export PATH=$PWD/build/tools/usr/bin:$PATH
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi

# step KIND NAME COMMAND...: runs it into a log of its own, prints one line and notes the outcome for
# report.py. KIND is how it counts: `setup` only when it fails, `check` as one test (exit code 77 is a
# skip, its last line of output the reason), `suite` by the JUnit files that it leaves in $results/NAME.
step() {
  local kind=$1 name=$2 log=$logs/$2.log start=$SECONDS status=0 outcome=ok lines=40 why=
  shift 2
  printf '%-28s ' "$name"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  case $status in
    0) ;;
    77) outcome="skipped: $(tail -n 1 "$log")" ;;
    *) outcome="FAILED" ;;
  esac
  printf '%4d s  %s\n' $((SECONDS - start)) "$outcome"
  # What says why may stand far above the end.
  if ((status != 0 && status != 77)); then
    why=$(grep -a '^FAILED' "$log" || grep -aE '^not ok|(error|warning): ' "$log") || true
  fi
  why=$(head -n 5 <<<"${why:-$(tail -n 1 "$log")}" | tr '\t' ' ' | tr -d '\r')
  printf '%s\t%s\t%s\t%s\n' "$kind" "$name" "$status" "$(paste -sd '|' <<<"$why")" \
    >>"$results/steps.tsv"
  if ((status != 0 && status != 77)); then
    printf '    ! %s\n' "${why//$'\n'/$'\n    ! '}"
    # The failed tests of a suite are told in full at the end.
    if [[ $kind == suite ]]; then
      lines=5
    fi
    tail -n "$lines" "$log" | sed 's/^/    | /'
    echo "    all of it: $log"
  fi
  return $status
}

# A test that hangs is interrupted, so that it can still take down what it started.
limited() {
  timeout --foreground --signal=INT --kill-after=60 "$@"
}

# What cannot be had skips its tests: those that need it find that out themselves.
install() {
  deploy/dependencies.sh "$@" || return 77
}

# Whoever comes second waits: see build_ahead.
build() {
  # shellcheck disable=SC2016  # the inner shell fills it in
  flock "build/$1.lock" bash -c '
    [[ -f build/$1/build.ninja ]] || cmake --preset "$1" || exit
    cmake --build --preset "$1"' build "$1"
}

# Files that were found clean are not judged again.
tidy() {
  flock build/tidy.lock tests/lint.sh tidy
}

# Builds, and judges, behind the end-to-end tests, which mostly wait. What fails here fails again, and is
# told, when its turn comes.
ahead=
build_ahead() {
  (
    for preset in "$@"; do
      build "$preset" >"$logs/ahead-$preset.log" 2>&1 </dev/null || true
    done
    if ((tier == 4)); then
      tidy >"$logs/ahead-tidy.log" 2>&1 </dev/null || true
    fi
  ) &
  ahead=$!
  renice -n 19 "$ahead" >/dev/null
}

# Every report goes to a file, so that none is lost in a process whose output and exit code no test
# looks at; and has an exit code that the exporter does not use.
sanitized() {
  local preset=$1 reports status=0
  shift
  reports=$PWD/$logs/reports-$preset
  mkdir -p "$reports"
  # Tests drop privileges, and a report must be written all the same.
  chmod 1777 "$reports"
  local common=halt_on_error=1:exitcode=66:log_path=$reports/report
  ASAN_OPTIONS=$common:detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1 \
    LSAN_OPTIONS=exitcode=66 \
    UBSAN_OPTIONS=$common:print_stacktrace=1 \
    TSAN_OPTIONS=$common:second_deadlock_stack=1 \
    "$@" || status=$?
  local report
  for report in "$reports"/*; do
    if [[ -e $report ]]; then
      echo "sanitizer report: $report"
      head -n 60 "$report"
      status=1
    fi
  done
  return $status
}

units() {
  local preset=$1 out=$results/unit-$1 binary status=0
  mkdir -p "$out"
  for binary in build/"$preset"/tests/unit/unit_*; do
    [[ -x $binary ]] || continue
    echo "$binary"
    limited 600 "$binary" -r junit -o "$out/$(basename "$binary").xml" || status=1
  done
  return $status
}

# A few that failed: what they say alone. pytest's exit code says whether that, and no more, is what
# happened.
again() {
  (($1 == 1)) && limited 1800 tests/again.py "$2" tests/e2e
}

end_to_end() {
  local preset=$1 selection='not long' status=0
  if [[ $preset != release ]]; then
    selection='not long and not once'
  elif ((tier == 4)); then
    selection='(long or not long)'
  fi
  if [[ ! $dev_built ]]; then
    echo "the programs that the tests measure were not built: see build-dev"
    return 1
  fi
  if ! $python -c 'import pytest, prometheus_client, xdist'; then
    echo "no python3-pytest, python3-pytest-xdist or python3-prometheus-client"
    return 77
  fi
  # The programs that are measured are always those of the dev build: a sanitizer would change their
  # memory.
  export MEMLEAK_EXPORTER=$PWD/build/$preset/memleak_exporter MEMLEAK_BUILD=$PWD/build/dev
  # Most have a host or a cgroup of their own and wait for timeouts and servers: several at once.
  limited 3600 $python -m pytest -q -n 6 --dist loadgroup -m "$selection and not host" \
    --junitxml="$results/e2e-$preset/beside.xml" tests/e2e ||
    again $? "$results/e2e-$preset/beside.xml" || status=1
  # What runs alone takes long, and most of it waits for no other thread.
  if [[ $preset == tsan ]]; then
    selection+=' and threads'
  fi
  limited 3600 $python -m pytest -q -m "$selection and host" \
    --junitxml="$results/e2e-$preset/alone.xml" tests/e2e ||
    again $? "$results/e2e-$preset/alone.xml" || status=1
  return $status
}

# What decides who gets another go.
once_more() {
  limited 300 $python -m pytest -q -p no:cacheprovider --junitxml="$results/once-more/again.xml" tests/test_again.py
}

# Rules, alerts, runbooks and dashboards, by Prometheus' own tools.
mixin() {
  local selection='not long' status=0
  if ((tier == 4)); then
    selection='(long or not long)'
  fi
  limited 1800 $python -m pytest -q -n 4 --dist loadgroup -m "$selection" \
    --junitxml="$results/mixin/mixin.xml" tests/mixin || status=1
  limited 1800 $python -m pytest -q -p no:cacheprovider \
    --junitxml="$results/mixin/fleet.xml" tests/fleet || status=1
  return $status
}

# The page, in a browser.
browser() {
  limited 1200 tests/browser/run.sh build/release/memleak_exporter "$results/browser"
}

# The chart and the kustomize base, by helm and kubectl.
kubernetes() {
  limited 1200 tests/kubernetes/run.sh build/release/memleak_exporter \
    --junitxml="$results/kubernetes/kubernetes.xml"
}

# Manual page, completions, configuration and unit of the Debian package.
package() {
  limited 600 $python -m pytest -q --junitxml="$results/package/package.xml" tests/package
}

# The exporter in containers: `containers 'not long'` with fewer capabilities, `long` in its own image.
containers() {
  MEMLEAK_EXPORTER=$PWD/build/release/memleak_exporter MEMLEAK_BUILD=$PWD/build/dev \
    limited 1800 $python -m pytest -q -m "$2" --junitxml="$results/$1/containers.xml" tests/container
}

# Fails where the engine got worse than it was. How far the goals are is in the log.
score_corpus() {
  tests/corpus/run.sh --no-baselines --floors build/release/memleak_exporter
}

if ! step setup dependencies install build bpf unit && [[ ! -x $python ]]; then
  echo "run.sh: $python is needed to count the tests" >&2
  exit 1
fi
dev_built=
if step setup build-dev build dev; then
  dev_built=yes
  step suite unit-dev units dev || true
fi
if [[ ! $elsewhere ]]; then
  step check format tests/lint.sh format || true
  step check corpus-tools $python -B tests/corpus/test_score.py || true
fi

if ((tier >= 2)); then
  test_groups=(test servers)
  if ((tier == 4)); then
    test_groups+=(go)
  fi
  step setup test-dependencies install "${test_groups[@]}" || true
  step suite once-more once_more || true
  if step setup build-release build release; then
    if ((tier >= 3)); then
      ahead_presets=(asan-ubsan tsan)
      step setup fuzz-dependencies install fuzz && ahead_presets+=(fuzz)
      if ((tier == 4)); then
        step setup lint-dependencies install lint || true
      fi
      build_ahead "${ahead_presets[@]}"
    fi
    step suite mixin mixin || true
    step suite e2e-release end_to_end release || true
    if [[ ! $elsewhere ]]; then
      step check corpus score_corpus || true
      step setup deploy-dependencies install browser kubernetes package || true
      step suite browser browser || true
      step suite kubernetes kubernetes || true
      step suite package package || true
      step suite permissions containers permissions 'not long' || true
    fi
  fi
fi

if ((tier >= 3)); then
  for preset in asan-ubsan tsan; do
    if step setup "build-$preset" build "$preset"; then
      step suite "unit-$preset" sanitized "$preset" units "$preset" || true
      step suite "e2e-$preset" sanitized "$preset" end_to_end "$preset" || true
    fi
  done
  if [[ ${ahead_presets[*]-} == *fuzz ]] && step setup build-fuzz build fuzz; then
    # The same inputs each time, so that a failure says something of the change; run.sh --seconds
    # looks for new ones.
    fuzz_runs=15000
    if ((tier == 4)); then
      fuzz_runs=50000
    fi
    step check fuzz tests/fuzz/run.sh --runs "$fuzz_runs" build/fuzz || true
  fi
fi

if ((tier >= 4)); then
  step setup all-dependencies install perf image fresh || true
  step check shellcheck tests/lint.sh shell || true
  step check clang-tidy tidy || true
  # Whether it works; what it measures is read by people.
  step check perf tests/perf/run.sh 300 --rounds 2 || true
  step check vm tests/vm/run.sh || true
  step check victoriametrics tests/victoriametrics/run.sh || true
  step suite image containers image long || true
  for release in bookworm trixie; do
    step check "fresh-$release" tests/fresh/run.sh "$release" || true
  done
fi

if [[ $ahead ]]; then
  wait "$ahead" || true
fi
printf '\n%d min %d s, logs in %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$logs"
exec $python tests/report.py "$results"
