#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_image.sh OUT: the image of deploy/image/Dockerfile where no container engine runs.
# Debian replaces Ray's base; install.sh is the Dockerfile's. Needs root. The base is kept in the
# user's cache by the checksum of its pins.
set -eu
cd "$(dirname "$0")/../.."
out=$1
work=build/image
pins=$(cat requirements/image.txt "$0" | sha256sum | cut -c1-16)
base=${XDG_CACHE_HOME:-$HOME/.cache}/lido/tools/base-$pins

if [ ! -d "$base" ]; then
  rm -rf "$base.partial" "$work/wheels"
  mkdir -p "$work"
  debootstrap --variant=minbase \
    --include=python3,python3-pip,procps,wget,xz-utils,ca-certificates bookworm "$base.partial" \
    "$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)" > "$work/debootstrap.log" ||
    { tail "$work/debootstrap.log"; exit 1; }
  .venv/bin/pip download -q --disable-pip-version-check --require-hashes \
    -d "$base.partial/wheels" -r requirements/image.txt
  cp requirements/image.txt "$base.partial/wheels/"
  chroot "$base.partial" pip install -q --break-system-packages --root-user-action ignore \
    --no-cache-dir --no-index --find-links /wheels --require-hashes -r /wheels/image.txt
  rm -rf "$base.partial/wheels" "$base.partial/usr/share/doc" "$base.partial/usr/share/man" \
    "$base.partial/usr/share/locale" "$base.partial"/var/lib/apt/lists/* \
    "$base.partial"/var/cache/apt/*
  ln -sf python3 "$base.partial/usr/bin/python"
  mkdir -p "$base.partial/home/ray"
  chown 1000:100 "$base.partial/home/ray"
  chroot "$base.partial" python3 -m compileall -q /usr/local/lib/python3.11/dist-packages \
    > /dev/null || true
  mv "$base.partial" "$base"
fi

# The files that install.sh adds become a layer over the base.
rm -rf "$work/layer" "$work/scratch" "$work/root"
mkdir -p "$work/layer" "$work/scratch" "$work/root"
mount -t overlay lido-image \
  -o "lowerdir=$base,upperdir=$work/layer,workdir=$work/scratch" "$work/root"
trap 'umount "$work/root"' EXIT
mkdir -p "$work/root/tmp/lido"
cp -r dist "$work/root/tmp/lido/dist"
cp -rL build/models "$work/root/tmp/lido/models"
cp deploy/image/install.sh "$work/root/tmp/lido/"
PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INDEX=1 \
  chroot "$work/root" /tmp/lido/install.sh > "$work/install.log" 2>&1 ||
  { tail "$work/install.log"; exit 1; }
rm -rf "$work/root/tmp/lido"
umount "$work/root"
trap - EXIT
.venv/bin/python tests/k8s/image.py "$base" "$work/layer" registry.example/lido:1.0 "$out" \
  LIDO_MODELS=/opt/lido/models RAY_USAGE_STATS_ENABLED=0
