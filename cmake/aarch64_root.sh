#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# aarch64_root.sh FOLDER: unpacks Debian 12's libraries and headers for aarch64, and the aarch64
# wheels of pyarrow and OpenVINO, into FOLDER. The packages of this machine stay as they are.
set -eu
mkdir -p "$1"
root=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")/.." && pwd)

packages="libc6-dev libstdc++-12-dev libavformat-dev libavcodec-dev libavutil-dev libswscale-dev
  libturbojpeg0-dev libfmt-dev libcli11-dev nlohmann-json3-dev libpugixml-dev libssl-dev
  libjemalloc-dev libopencv-imgproc-dev libopencv-video-dev libopencv-calib3d-dev
  libopencv-contrib-dev libeigen3-dev libsqlite3-dev libegl-dev libgl-dev
  libyaml-cpp-dev libtomlplusplus-dev libcurl4-openssl-dev libicu-dev libgtest-dev"

# An apt of its own: no package is installed yet, and only Debian's own sources count.
apt=$root/apt
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/sources"
: > "$apt/status"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  if [ -f "$file" ] && grep -q bookworm "$file" && ! grep -q cloud "$file"; then
    cp "$file" "$apt/sources"
  fi
done
apt_get() {
  apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root \
    -o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" \
    -o Dir::Cache::archives="$apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/sources" "$@"
}
apt_get update
# shellcheck disable=SC2086
apt_get install -y --no-install-recommends --download-only $packages
for package in "$apt"/archives/*.deb; do dpkg-deb -x "$package" "$root"; done
rm -rf "$apt"

"$here/.venv/bin/pip" install -q --disable-pip-version-check --require-hashes --no-deps --upgrade \
  --platform manylinux_2_28_aarch64 --platform manylinux_2_35_aarch64 --platform any \
  --only-binary=:all: --target "$root/venv/lib/python3.11/site-packages" \
  -r "$here/requirements/core.txt"
