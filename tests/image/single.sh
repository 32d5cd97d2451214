#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# single.sh WORK: runs deploy/image/install_single.sh in a Debian 12 that debootstrap makes, and the
# program in it as a user without rights. As root; needs dist/ of `./dev package` and build/models.
set -eu
cd "$(dirname "$0")/../.."
work=$1
root=$work/root
rm -rf "$root"
mkdir -p "$work"
include=$(sed -n 's/^packages="\(.*\)"/\1/p' deploy/image/install_single.sh | tr ' ' ',')
debootstrap --variant=minbase --include="$include" bookworm "$root" \
  "$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)" > "$work/debootstrap.log" ||
  { tail "$work/debootstrap.log"; exit 1; }
mkdir -p "$root/tmp/lido" "$root/data"
cp dist/lido-*-linux-*.tar.xz deploy/image/install_single.sh "$root/tmp/lido/"
cp -rL build/models "$root/tmp/lido/models"
chroot "$root" /tmp/lido/install_single.sh
rm -rf "$root/tmp/lido"
cp build/clips/h264_b.mp4 "$root/data/"
chown -R 1000 "$root/data"
# The loader and the program find their own files by /proc/self/exe, which every container has.
mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
in_image() {
  chroot --userspec=1000:1000 "$root" env -i HOME=/data PATH=/usr/local/bin:/usr/bin:/bin \
    LIDO_MODELS=/opt/lido/share/lido/models sh -ec "cd /data; $1"
}

passed=0
check() {
  in_image "$2" > "$work/check.log" 2>&1 || { cat "$work/check.log"; echo "FAILED: $1"; exit 1; }
  passed=$((passed + 1))
  echo "ok: $1"
}
check "the program names its version" 'lido --version | grep -q "^lido [0-9]"'
check "the detector is installed" 'lido models list --json | grep -q "\"folder\":\"/opt.*nanodet"'
check "an ingest looks for people" \
  'lido ingest h264_b.mp4 --out train --window 4 --stride 4 --samples frame --quiet'
check "the dataset is whole" 'lido inspect train --verify'
check "the simulator draws" \
  'lido synth pool --hours 0.0005 --cameras 1 --size 320x240 --seed 7 --out sim --quiet'
check "completion and the manual page are there" \
  'test -s /usr/local/share/bash-completion/completions/lido &&
    test -s /usr/local/share/man/man1/lido.1'
check "nothing of a library is missing" '! ldd /opt/lido/bin/lido | grep "not found"'
echo "$passed passed, 0 failed"
