#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In an image that has Ray, as root: installs the files in /tmp/lido (dist/ of `./dev package`, and
# models/). deploy/image/Dockerfile runs it; so does tests/k8s/make_image.sh, where there is no
# container engine.
set -eu
cd /tmp/lido
pip install --no-cache-dir "$(ls "$PWD"/dist/lido_pool-*-cp311-*.whl)[ray]"
# The program, for RayJobs whose entrypoint is `lido ingest ... --on ray`.
mkdir -p /opt/lido
tar -C /opt/lido --strip-components=1 -xf dist/lido-*.tar.xz
ln -sf /opt/lido/bin/lido /usr/local/bin/lido
# The detector that --scene on uses.
cp -r models /opt/lido/models
# Ray's image has no compiled Python files, and every process would compile them again
# (kuberay#5138).
python3 -m compileall -q \
  "$(python3 -c 'import os, ray; print(os.path.dirname(os.path.dirname(ray.__file__)))')" \
  > /dev/null || true
