#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In a bare Debian 12, as root: installs the tarball of `./dev package` and the detectors, both in
# /tmp/lido. deploy/image/Dockerfile.single runs it; so does tests/image/single.sh, where there is
# no container engine.
set -eu
cd /tmp/lido
# xz unpacks the tarball, Mesa draws the simulator's films, certificates are for gs:// and s3://.
packages="xz-utils ca-certificates libegl1 libegl-mesa0 libgl1-mesa-dri"
missing=""
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2> /dev/null | grep -q 'ok installed' ||
    missing="$missing $package"
done
if [ -n "$missing" ]; then
  apt-get update -q
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
fi
mkdir -p /opt/lido
tar -C /opt/lido --strip-components=1 -xf lido-*-linux-*.tar.xz
cp -r models /opt/lido/share/lido/models
ln -sf /opt/lido/bin/lido /usr/local/bin/lido
# Completion and the manual page, for a shell in the image.
mkdir -p /usr/local/share/bash-completion /usr/local/share/man
ln -sfn /opt/lido/share/bash-completion/completions /usr/local/share/bash-completion/completions
ln -sfn /opt/lido/share/man/man1 /usr/local/share/man/man1
