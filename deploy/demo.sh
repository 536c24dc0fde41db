#!/usr/bin/env bash
# A leak from its first page to somebody's pager, to be watched in about three minutes:
#   deploy/demo.sh [--until-notified]
# Installs what is needed, builds, and starts the exporter, Prometheus and Alertmanager with the rules and
# the configuration as they are shipped, a program that leaks and one that does not. All of it is on
# loopback and in a temporary folder, on ports that are free, with a second for every minute of a real
# one; all of it is gone when this ends (Ctrl-C). --until-notified: ends after the first notification of
# the leak; exit code 1 if there is none within ten minutes. MEMLEAK_EXPORTER names an exporter that is
# built already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A minute is a second: for the exporter, for the rules, for Alertmanager.
slot=1s
scale=1/60
patience=600
leaking="leaking-demo"
innocent="innocent-demo"

until_notified=
case ${1-} in
  '') ;;
  --until-notified) until_notified=yes ;;
  *) set -- '' '' ;;
esac
if (($# > 1)); then
  echo "usage: deploy/demo.sh [--until-notified]" >&2
  exit 2
fi

fail() {
  echo "demo.sh: $1" >&2
  exit 1
}

# ---- what ends with this script ------------------------------------------------------------------

work=
names=() pids=() # of what was started, in its order

clean_up() {
  local status=$? i
  trap - EXIT
  trap '' INT TERM HUP
  if [[ -t 1 && $status != 0 ]]; then
    printf '\r\033[K'
  fi
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill "${pids[i]}" 2>/dev/null || true
  done
  for ((i = 0; i < ${#pids[@]}; i++)); do
    end "${pids[i]}"
  done
  if [[ -n $work ]]; then
    rm -rf "$work"
  fi
  exit "$status"
}

# Waits for ten seconds, then waits no longer.
end() {
  local i
  for ((i = 0; i < 100; i++)); do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# start NAME COMMAND...: in the background, its output in $work/NAME.log.
start() {
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 </dev/null &
  names+=("$name")
  pids+=("$!")
}

# The programs must run until the end.
check_all() {
  local i
  for ((i = 0; i < ${#pids[@]}; i++)); do
    if ! kill -0 "${pids[i]}" 2>/dev/null; then
      tail -n 20 "$work/${names[i]}.log" >&2
      fail "${names[i]} has ended; above is what it said"
    fi
  done
}

# ---- starting ------------------------------------------------------------------------------------

build() {
  if [[ ! -f build/release/build.ninja ]]; then
    cmake --preset release || return
  fi
  cmake --build --preset release || return
}

# A line of the log of NAME that matches; prints what is captured.
said() {
  local name=$1 pattern=$2 found i
  for ((i = 0; i < 300; i++)); do
    found=$(sed -nE "s#$pattern#\\1#p" "$work/$name.log" | head -n 1)
    if [[ -n $found ]]; then
      echo "$found"
      return
    fi
    kill -0 "${pids[-1]}" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$work/$name.log" >&2
  fail "$name does not start; above is what it said"
}

get() {
  curl -fs --noproxy '*' --max-time 5 "$@"
}

# serve NAME COMMAND...: a server that cannot pick a port itself; {} in COMMAND is its address, which ends
# up in $address. Tries another port where another program was faster.
serve() {
  local name=$1 attempt pid
  shift
  for attempt in 1 2 3 4 5 6 7 8; do
    # Below what the kernel gives to clients.
    address=127.0.0.1:$((20000 + RANDOM % 10000))
    if (: >"/dev/tcp/${address/://}") 2>/dev/null; then
      continue
    fi
    "${@//\{\}/$address}" >"$work/$name.log" 2>&1 </dev/null &
    pid=$!
    names+=("$name")
    pids+=("$pid")
    while kill -0 "$pid" 2>/dev/null; do
      if get -o /dev/null "http://$address/-/ready"; then
        return
      fi
      sleep 0.2
    done
    unset 'names[-1]' 'pids[-1]'
  done
  tail -n 20 "$work/$name.log" >&2
  fail "$name does not start, on $attempt ports; above is what it said last"
}

# How a server of Debian's is started: `command`. It looks for its own files in /usr/share, and where it
# was only unpacked they are elsewhere: then it gets a view of the file system in which they are there.
command_of() {
  local name=$1 files=$2 program share=$PWD/build/tools/usr/share as_root=()
  program=$(command -v "$name") || fail "no $name; deploy/dependencies.sh servers installs it"
  command=("$program")
  if [[ -e /usr/share/$files ]]; then
    return
  fi
  [[ -e $share/$files ]] || fail "/usr/share/$files is missing; please install $name"
  if ((EUID != 0)); then
    as_root=(--map-root-user)
  fi
  # shellcheck disable=SC2016  # the inner shell fills it in
  command=(unshare "${as_root[@]}" --mount -- sh -c 'mount --bind "$0" /usr/share && exec "$@"'
    "$share" "$program")
  # Only the first word after exec is the program.
  if ! "${command[@]::${#command[@]}-1}" true 2>"$work/unshare.log"; then
    cat >&2 <<TEXT
demo.sh: $name looks for /usr/share/$files, which is in
$share here, and no view of the file system of its own can be made for it
($(tail -n 1 "$work/unshare.log")). One of these helps:
  sudo apt install $name
  sudo ln -s $share/prometheus /usr/share/prometheus
TEXT
    exit 1
  fi
}

# The shipped configuration: only addresses are the demo's, and waits are divided by 60.
configure_alertmanager() {
  local folder=$1 receiver=$2
  mkdir -p "$folder/secrets"
  cp -r deploy/alertmanager/templates "$folder/"
  echo "demo" >"$folder/secrets/pagerduty_routing_key"
  echo "demo" >"$folder/secrets/webhook_token"
  echo "$receiver/chat" >"$folder/secrets/slack_webhook_url"
  {
    echo "global: {pagerduty_url: \"$receiver/pager\"}"
    awk '
      BEGIN { split("s 1 m 60 h 3600 d 86400", unit); for (i = 1; i < 8; i += 2) seconds[unit[i]] = unit[i + 1] }
      match($0, /(group_wait|group_interval|repeat_interval): [0-9]+[smhd]/) {
        value = substr($0, RSTART, RLENGTH); sub(/.*: /, "", value)
        name = substr($0, RSTART, RLENGTH - length(value))
        milliseconds = value * seconds[substr(value, length(value))] * 1000 / 60
        $0 = substr($0, 1, RSTART - 1) name milliseconds "ms" substr($0, RSTART + RLENGTH)
      }
      { print }' deploy/alertmanager/alertmanager.yml |
      sed -e "s#/etc/prometheus/secrets/#secrets/#" -e "s#http://127.0.0.1:9098/memleak#$receiver/webhook#"
  } >"$folder/alertmanager.yml"
}

configure_prometheus() {
  local folder=$1 exporter=$2 alertmanager=$3
  mkdir -p "$folder/rules"
  cp "$work"/rendered/prometheus/*.yaml "$folder/rules/"
  sed -e 's/scrape_interval: .*/scrape_interval: 1s/' -e 's/evaluation_interval: .*/evaluation_interval: 1s/' \
    -e "s/127.0.0.1:9093/$alertmanager/" \
    -e "s/- targets: \[127.0.0.1:10078\]/- {targets: [\"$exporter\"], labels: {instance: this-host}}/" \
    deploy/prometheus/prometheus.yml >"$folder/prometheus.yml"
}

export PATH=$PWD/build/tools/usr/bin:$PATH
deploy/dependencies.sh build bpf servers || deploy/dependencies.sh build servers

binary=${MEMLEAK_EXPORTER-}
if [[ -z $binary ]]; then
  binary=build/release/memleak_exporter
  echo "Building (a minute or two the first time)"
  mkdir -p build/logs
  if [[ -t 1 ]]; then
    build
  elif ! build >build/logs/demo.log 2>&1; then
    tail -n 40 build/logs/demo.log >&2
    fail "the build failed; all of it is in $PWD/build/logs/demo.log"
  fi
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/memleak-demo.XXXXXX")
command_of prometheus-alertmanager prometheus/alertmanager/default.tmpl
alertmanager_command=("${command[@]}")
command_of prometheus prometheus/web
prometheus_command=("${command[@]}")

echo "Starting"
g++ -std=c++20 -O1 -o "$work/$leaking" deploy/demo/program.cc
cp "$work/$leaking" "$work/$innocent"
g++ -std=c++20 -O1 -o "$work/receiver" deploy/demo/receiver.cc -lcivetweb -pthread
start notifications "$work/receiver"
receiver=http://127.0.0.1:$(said notifications '^listening (.*)$')
start exporter "$binary" --web.listen-address=127.0.0.1:0 --trend.slot="$slot"
exporter=$(said exporter '.*url="?(http://[^/]*)/.*')
start innocent "$work/$innocent" innocent
start leaking "$work/$leaking" leaking
began=$SECONDS

# What leaks is watched from here on; the rules may take their time.
dashboards/render.sh "$work/rendered" "$scale"
configure_alertmanager "$work/alertmanager" "$receiver"
serve alertmanager env -C "$work/alertmanager" "${alertmanager_command[@]}" --config.file=alertmanager.yml \
  --storage.path=data --web.listen-address={} --cluster.listen-address=
alertmanager=http://$address
configure_prometheus "$work/prometheus" "${exporter#http://}" "$address"
serve prometheus env -C "$work/prometheus" "${prometheus_command[@]}" --config.file=prometheus.yml \
  --storage.tsdb.path=data --web.listen-address={}
prometheus=http://$address
# Debian's has its pages elsewhere.
alerts=$prometheus/alerts
if ! get -o /dev/null "$alerts"; then
  alerts=$prometheus/classic/alerts
fi

cat <<TEXT

  The page                    $exporter/
  The same in a terminal      $binary top --url=$exporter
  Prometheus' alerts          $alerts
  Alertmanager's              curl -s $alertmanager/api/v2/alerts

$leaking takes a MiB a second and never gives it back; $innocent keeps the last 64 MiB.
A second is a minute here. What to see, counted from the start of both:
  after 20 s           the page says how fast they grow
  after one or two min $leaking is a suspect; a few seconds later Prometheus has the alert, and ten
                       seconds after that the notification is printed here, as it is read in chat
  after nine min       $leaking stops at 512 MiB; the alert ends, and that is told, too
What else grows on this host for a minute may be told as well.
TEXT
if [[ $until_notified ]]; then
  echo "This ends with the first notification of $leaking."
else
  echo "Ctrl-C ends all of it."
fi
echo

# ---- watching ------------------------------------------------------------------------------------

# What `metrics` say of the group that leaks.
value_of() {
  sed -nE "s/^$1\{[^}]*\<group=\"$leaking\"[^}]*\} (.*)/\1/p" <<<"$metrics" | head -n 1
}

# Footprint and verdict of the program that leaks, on one line of a terminal.
show_state() {
  local metrics footprint verdict='too early to tell' seconds=$((SECONDS - began))
  metrics=$(get "$exporter/metrics") || return 0
  footprint=$(value_of memleak_group_footprint_bytes)
  case $(value_of memleak_group_leak_suspected) in
    1) verdict='a leak is suspected' ;;
    0) verdict='no leak is suspected yet' ;;
  esac
  printf '\r\033[K%d:%02d  %s: %d MiB, %s' $((seconds / 60)) $((seconds % 60)) \
    "$leaking" $((${footprint:-0} >> 20)) "$verdict"
}

shown=1 # lines of the notifications; the first says where they arrive
while true; do
  check_all
  lines=$(grep -c '' "$work/notifications.log")
  if ((lines > shown)); then
    if [[ -t 1 ]]; then
      printf '\r\033[K'
    fi
    sed -n "$((shown + 1)),${lines}p" "$work/notifications.log"
    if [[ $until_notified ]] &&
      sed -n "$((shown + 1)),${lines}p" "$work/notifications.log" | grep -qF "] $leaking"; then
      exit 0
    fi
    shown=$lines
  fi
  if [[ $until_notified ]] && ((SECONDS - began > patience)); then
    fail "no notification of $leaking within $((patience / 60)) minutes"
  fi
  if [[ -t 1 ]]; then
    show_state
  fi
  sleep 1
done
