# shellcheck shell=bash
# Sourced: a virtual machine with a Debian kernel and nothing but busybox, under software emulation.

vm_cache=${vm_cache:-build/vm}

# vm_kernel RELEASE (bookworm, trixie, ...): unpacks that release's kernel into $vm_kernel_dir, from the
# mirror that this machine's apt uses, with lists of its own, so that apt here does not notice.
vm_kernel() {
  local mirror apt package folder=$vm_cache/$1
  # shellcheck disable=SC2016  # apt-get fills it in
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' \
    'Label: Debian' | sed -n 1p)
  [[ -n $mirror ]] || return 77
  vm_kernel_dir=$folder/kernel
  if [[ ! -e $folder/complete ]]; then
    rm -rf "$folder"
    mkdir -p "$folder"/{lists,cache/archives}/partial "$vm_kernel_dir"
    folder=$(realpath "$folder")
    : >"$folder/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" \
      >"$folder/sources.list"
    apt=(-q -o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
      -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache"
      -o "Dir::State::Status=$folder/status" -o APT::Sandbox::User=root)
    apt-get "${apt[@]}" update || return 77
    package=$(apt-cache "${apt[@]}" depends linux-image-amd64 |
      sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | sed -n 1p)
    (cd "$folder" && apt-get "${apt[@]}" download "$package") || return 77
    dpkg-deb -x "$folder/$package"_*.deb "$vm_kernel_dir"
    rm -rf "$folder"/{lists,cache,"$package"_*.deb}
    touch "$folder/complete"
  fi
}

# vm_modules TREE MODULE...: puts them and all they need into TREE/modules, with the order to load them.
vm_modules() {
  local tree=$1 base version file name
  shift
  base=$vm_kernel_dir
  [[ -d $base/lib ]] || base=$base/usr
  version=$(basename "$base"/lib/modules/*)
  mkdir -p "$tree/modules"
  [[ -e $base/lib/modules/$version/modules.dep ]] || depmod -b "$base" "$version"
  for name in "$@"; do
    modprobe -d "$base" -S "$version" --show-depends "$name"
  done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' |
    while read -r file; do
      name=$(basename "$file")
      case $name in
        *.xz) xz -dc "$file" >"$tree/modules/${name%.xz}" ;;
        *) cp "$file" "$tree/modules/" ;;
      esac
      echo "${name%.xz}"
    done >"$tree/modules/order"
}

# vm_tree TREE: the guest's root, with a holder by each name that guest/tree uses.
vm_tree() {
  local tree=$1 here=tests/vm/guest program
  mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,proc,sys,dev,etc,var/log}
  cp /bin/busybox "$tree/bin/busybox"
  cp "$here/init" "$here/tree" "$tree/"
  chmod +x "$tree/init"
  gcc -std=gnu17 -O2 -Wall -Wextra -Wconversion -Werror -static -o "$tree/usr/bin/holder" "$here/holder.c"
  gcc -std=gnu17 -O2 -Wall -Wextra -Wconversion -Werror -static -o "$tree/sbin/recorder" "$here/recorder.c"
  while read -r program; do
    mkdir -p "$tree$(dirname "$program")"
    ln -f "$tree/usr/bin/holder" "$tree$program"
  done < <(grep -oE ' /(usr/s?bin/[a-z]+|pause)( |$)' "$here/tree" | tr -d ' ' | sort -u)
  vm_modules "$tree" virtio_pci virtio_blk ext4 crc32c
}

# vm_program TREE NAME PROGRAM: installs a program of this machine there, with its libraries.
vm_program() {
  local tree=$1 library
  install -D -m 755 "$3" "$tree/usr/bin/$2"
  ldd "$3" | grep -oE '/[^ ]+' | while read -r library; do
    install -D -m 755 "$library" "$tree$library"
  done
}

# vm_boot TREE WORK LAYOUT: sources /task of TREE in the guest; what it writes to /dev/vdc is afterwards in
# WORK/output, and what it says on the console in WORK/console.
vm_boot() {
  local tree=$1 work=$2 layout=$3
  (cd "$tree" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initramfs"
  rm -f "$work"/{data,swap,output}
  truncate -s 512M "$work/data"
  truncate -s 256M "$work/swap"
  truncate -s 64M "$work/output"
  /sbin/mke2fs -q -t ext4 -F "$work/data"
  /sbin/mkswap -q "$work/swap"
  timeout --foreground "${vm_timeout:-600}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max \
    -smp 2 -m 1024 -nodefaults -no-reboot -display none -monitor none -serial "file:$work/console" \
    -kernel "$vm_kernel_dir"/boot/vmlinuz-* -initrd "$work/initramfs" \
    -append "console=ttyS0 quiet panic=-1 layout=$layout ${vm_append-}" \
    -drive "file=$work/data,if=virtio,format=raw,cache=unsafe" \
    -drive "file=$work/swap,if=virtio,format=raw,cache=unsafe" \
    -drive "file=$work/output,if=virtio,format=raw,cache=unsafe" </dev/null
}
