#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In an image that install.sh has made, as root: adds lido-train and Ray Train out of the files in
# /tmp/lido (dist/ of `./dev package`). deploy/image/Dockerfile.train runs it; so does
# tests/k8s/make_image.sh.
set -eu
cd /tmp/lido
pip install --no-cache-dir "$(ls "$PWD"/dist/lido_pool-*-cp311-*.whl)[train]"
tar -C /opt/lido --strip-components=1 -xf dist/lido-train-*.tar.gz
ln -sf /opt/lido/bin/lido-train /usr/local/bin/lido-train
# Compiles the packages that pip has just added, as install.sh does.
python3 -m compileall -q \
  "$(python3 -c 'import os, ray; print(os.path.dirname(os.path.dirname(ray.__file__)))')" \
  > /dev/null || true
