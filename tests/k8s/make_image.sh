#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_image.sh FOLDER: lido.tar and lido-train.tar, the images of deploy/image/Dockerfile and
# Dockerfile.train where no container engine runs. Debian replaces Ray's base; install.sh and
# install_train.sh are those of the Dockerfiles. Needs root. The base is kept in the user's cache by
# the checksum of its pins.
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

# layer NAME SCRIPT LOWER WHEELS: the files that a script adds over LOWER, in $work/NAME.
layer() {
  rm -rf "${work:?}/$1" "$work/scratch" "$work/root"
  mkdir -p "$work/$1" "$work/scratch" "$work/root"
  mount -t overlay lido-image \
    -o "lowerdir=$3,upperdir=$work/$1,workdir=$work/scratch" "$work/root"
  trap 'umount "$work/root"' EXIT
  mkdir -p "$work/root/tmp/lido"
  cp -r dist "$work/root/tmp/lido/dist"
  cp -rL build/models "$work/root/tmp/lido/models"
  cp -r "$4" "$work/root/tmp/lido/wheels"
  cp "deploy/image/$2" "$work/root/tmp/lido/"
  PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INDEX=1 \
    PIP_FIND_LINKS=/tmp/lido/wheels chroot "$work/root" "/tmp/lido/$2" > "$work/install.log" 2>&1 ||
    { tail "$work/install.log"; exit 1; }
  rm -rf "$work/root/tmp/lido"
  umount "$work/root"
  trap - EXIT
}

# pack NAME LAYER...: an archive of an image, the lowest layer first.
pack() {
  name=$1
  shift
  .venv/bin/python tests/k8s/image.py "$@" "registry.example/$name:1.0" "$out/$name.tar" \
    LIDO_MODELS=/opt/lido/models RAY_USAGE_STATS_ENABLED=0
}

rm -rf "$work/no-wheels" "$work/wheels"
mkdir -p "$work/no-wheels"
layer layer install.sh "$base" "$work/no-wheels"
pack lido "$base" "$work/layer"
.venv/bin/pip download -q --disable-pip-version-check --require-hashes -d "$work/wheels" \
  -r requirements/image-train.txt
layer train-layer install_train.sh "$work/layer:$base" "$work/wheels"
pack lido-train "$base" "$work/layer" "$work/train-layer"
