#!/usr/bin/env bash
# Installs what is needed, builds the exporter and runs it in the foreground, on loopback unless
# told otherwise:
#   deploy/run.sh [flags of memleak_exporter]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

default_address=127.0.0.1:10078

# The last --web.listen-address among the arguments, empty if there is none.
listen_address() {
  local address=
  while (($# > 0)); do
    case $1 in
      --web.listen-address=*) address=${1#*=} ;;
      --web.listen-address) address=${2-} ;;
    esac
    shift
  done
  echo "$address"
}

build() {
  if [[ ! -f build/release/build.ninja ]]; then
    cmake --preset release || return
  fi
  cmake --build --preset release
}

# Whether the exporter is ready at this address, over TLS or not; prints its URL and the command that
# gets something from there. Being asked for a password or a certificate is an answer, too.
reach() {
  local scheme answer
  for scheme in http https; do
    answer=$(curl -ks -o /dev/null --max-time 2 -w '%{http_code} %{time_appconnect} %{errormsg}' \
      "$scheme://$1/-/ready") || true
    case $answer in
      '200 '*) answer=-s ;;
      '401 '*) answer='-s -u USER' ;;
      '000 '*' alert '*) answer='-s --cert FILE --key FILE' ;;
      '000 0.000000 '*) continue ;; # no TLS there, or nobody yet
      '000 '*) answer='-s --cert FILE --key FILE' ;; # TLS, and then the end without a word
      *) continue ;;
    esac
    if [[ $scheme == https ]]; then
      answer+=' --cacert FILE'
    fi
    echo "$scheme://$1 curl $answer"
    return
  done
  return 1
}

# Waits until the exporter answers, then says where to look.
tell_when_ready() {
  local exporter_pid=$1 url curl
  until read -r url curl < <(reach "$2"); do
    kill -0 "$exporter_pid" 2>/dev/null || return 0
    sleep 0.2
  done
  cat <<TEXT

memleak_exporter is running at $url

  The largest processes, as a page:   $url/
  The same from a shell:              $curl $url/metrics | grep '^memleak_process_resident_memory_bytes' | sort -rgk2 -t'}' | head
  For Prometheus:                     $url/metrics
TEXT
  if ((EUID != 0)); then
    echo "
  Not root: what the kernel hides from other users is absent, and counted in
  memleak_scrape_reads_denied_total."
  fi
  echo "
Ctrl-C ends it."
}

# It builds without the group bpf, too: /proc then serves alone.
deploy/dependencies.sh build bpf || deploy/dependencies.sh build

echo "Building (a minute or two the first time)"
mkdir -p build/logs
if [[ -t 1 ]]; then
  build
elif ! build >build/logs/run.log 2>&1; then
  tail -n 40 build/logs/run.log >&2
  echo "run.sh: the build failed; all of it is in $PWD/build/logs/run.log" >&2
  exit 1
fi

address=$(listen_address "$@")
if [[ -z $address ]]; then
  address=$default_address
  set -- --web.listen-address="$address" "$@"
fi
host=${address%:*} port=${address##*:}
host=${host:-127.0.0.1}

# When someone else has the port, the exporter says so and ends; what answers there is not ours.
if ! (: >"/dev/tcp/${host//[\[\]]/}/$port") 2>/dev/null && [[ $port != 0 ]]; then
  # Twice in the background: a child of this shell would be a zombie of the exporter later.
  (tell_when_ready $$ "$host:$port" &)
fi
# The exporter takes this process over: Ctrl-C and its exit code are its own.
exec build/release/memleak_exporter "$@"
