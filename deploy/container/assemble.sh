#!/usr/bin/env bash
# Puts together the root of an image out of the running Debian (a stage of Containerfile):
#   assemble.sh INSTALLED IMAGE VERSION
# INSTALLED is where `cmake --install` has put usr/, IMAGE the folder to make, VERSION what the
# program must say it is. Taken are the program, each library that it loads with its loader, what
# `top` needs of a terminal, and whom TLS trusts; for scanners and lawyers also which package each
# came from, as distroless images have it: var/lib/dpkg/status.d and the copyright files.
set -euo pipefail

installed=$1 image=$2 version=$3
program=usr/bin/memleak_exporter

fail() {
  echo "assemble.sh: $1" >&2
  exit 1
}

# All that was taken from Debian, by the paths of the files themselves.
files=()

# Copies what a path leads to and, where its own name is a link to that, the link.
take() {
  local path=$1 file
  file=$(realpath "$path")
  mkdir -p "$image${file%/*}"
  if [[ ! -e $image$file ]]; then
    cp "$file" "$image$file"
  fi
  files+=("$file")
  # /lib and /lib64 are links themselves.
  path=$(realpath "${path%/*}")/${path##*/}
  if [[ $path != "$file" && ! -e $image$path ]]; then
    mkdir -p "$image${path%/*}"
    ln -s "$file" "$image$path"
  fi
}

# The files that the dynamic loader would load for a program or library, and the loader.
loaded_by() {
  local listing
  listing=$(ldd "$1")
  if [[ $listing == *'not found'* ]]; then
    fail "$1 lacks a library: $listing"
  fi
  sed -nE 's|^[^/]*(/[^ ]+) \(0x.*|\1|p' <<<"$listing"
}

mkdir -p "$image"/{etc,usr/bin,usr/lib,var/lib/dpkg/status.d}
for link in lib lib64; do
  if [[ -L /$link ]]; then
    ln -s "usr/$link" "$image/$link"
  fi
done

cp "$installed/$program" "$image/$program"
cp -r "$installed/usr/lib/memleak_exporter" "$image/usr/lib/"
# The HTTP client is loaded when it is needed, so that the program itself does not name it.
curl=$(ldconfig -p | sed -nE 's|.*libcurl\.so\.4 .*=> (/.*)|\1|p' | head -n 1)
[[ $curl ]] || fail "no libcurl.so.4"
take "$curl"
libraries=$(for file in "$image/$program" "$image"/usr/lib/memleak_exporter/*.so "$curl"; do
  loaded_by "$file"
done | sort -u)
while read -r library; do
  take "$library"
done <<<"$libraries"

# Terminals, the one locale, and those who vouch for servers.
while read -r file; do
  if [[ -f $file ]]; then
    take "$file"
  fi
done < <(
  dpkg-query --listfiles ncurses-base | grep '/terminfo/./'
  find /usr/lib/locale/C.utf8 -type f | sort
)
mkdir -p "$image/etc/ssl/certs"
cp /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/"

# Which Debian it is.
take /usr/lib/os-release
ln -s ../usr/lib/os-release "$image/etc/os-release"
cp /etc/debian_version "$image/etc/"
echo 'root:x:0:0:root:/:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin' >"$image/etc/passwd"
echo 'root:x:0:
nogroup:x:65534:' >"$image/etc/group"
# For a state file: a volume goes here.
install -d -m 700 "$image/var/lib/memleak_exporter"

# A package's list may have a path from before /lib became a link to /usr/lib.
declare -A package_of=() packages=([ca-certificates]=1)
while IFS= read -r line; do
  package_of[${line#*: }]=${line%%: *}
done < <(dpkg-query --search "${files[@]}" "${files[@]#/usr}" 2>/dev/null || true)
for file in "${files[@]}"; do
  package=${package_of[$file]-${package_of[${file#/usr}]-}}
  [[ $package ]] || fail "no package has $file"
  packages[$package]=1
done
for package in "${!packages[@]}"; do
  name=${package%%:*}
  dpkg-query --status "$package" >"$image/var/lib/dpkg/status.d/$name"
  mkdir -p "$image/usr/share/doc/$name"
  cp -L "/usr/share/doc/$name/copyright" "$image/usr/share/doc/$name/"
done
mkdir -p "$image/usr/share/doc/memleak_exporter"
cp LICENSE "$image/usr/share/doc/memleak_exporter/copyright"

said=$(chroot "$image" "/$program" --version)
[[ $said == "memleak_exporter $version "* ]] ||
  fail "the label would say version $version, but the program says: $said"
# Nobody listens there; but it has found its HTTP client, and asked.
said=$(chroot "$image" "/$program" health --url=http://127.0.0.1:1 2>&1) || true
[[ $said == *connect* ]] || fail "the HTTP client does not work in the image: $said"
