#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# dist/: lido-VERSION-linux-x86_64.tar.xz, the program with every library but glibc's, and the wheel `lido`.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n 's/^project(lido VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name=lido-$version-linux-$(uname -m)
tree=build/package/$name
from_glibc='^(linux-vdso|ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl))\.so'

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }

# copyright_of FILE: copies what its Debian package says of its licence.
copyright_of() {
  package=$(dpkg-query -S "$1" 2>/dev/null | head -n 1 | cut -d: -f1)
  [ -n "$package" ] || return 0
  cp -n "/usr/share/doc/$package/copyright" "$tree/share/licences/$package" 2>/dev/null || true
}

tarball() {
  say "gathering $name"
  rm -rf "$tree"
  mkdir -p "$tree/bin" "$tree/lib" "$tree/share/licences"
  cp build/release/bin/lido "$tree/bin/"
  strip --strip-debug "$tree/bin/lido"
  ldd build/release/bin/lido | awk '$2 == "=>" { print $1, $3 }' | while read -r library path; do
    echo "$library" | grep -Eq "$from_glibc" && continue
    cp -L "$path" "$tree/lib/$library"
    chmod u+w "$tree/lib/$library"
    patchelf --set-rpath '$ORIGIN' "$tree/lib/$library"
    copyright_of "$(readlink -f "$path")"
  done
  # What OpenVINO opens by itself, from the folder it lies in.
  openvino=$(echo .venv/lib/python3*/site-packages/openvino)
  for library in libopenvino_intel_cpu_plugin.so libopenvino_ir_frontend.so.* libopenvino_onnx_frontend.so.* \
    libopenvino_tensorflow_frontend.so.* libopenvino_tensorflow_lite_frontend.so.* libtbbbind_2_5.so.3 libhwloc.so.15; do
    cp -L "$openvino/libs/"$library "$tree/lib/"
    patchelf --set-rpath '$ORIGIN' "$tree/lib/"$library
  done
  patchelf --set-rpath '$ORIGIN/../lib' "$tree/bin/lido"
  find "$openvino"-*.dist-info -iname '*licen[sc]e*' -type f | while read -r licence; do
    cp "$licence" "$tree/share/licences/openvino-$(basename "$licence")"
  done
  cp .venv/lib/python3*/site-packages/pyarrow/*.txt "$tree/share/licences/" 2>/dev/null || true
  for licence in .venv/lib/python3*/site-packages/pyarrow-*.dist-info/licenses/*; do
    cp "$licence" "$tree/share/licences/arrow-$(basename "$licence")"
  done
  cp LICENSE NOTICE README.md CHANGELOG.md "$tree/"
  cp docs/cli.md docs/formats.md "$tree/share/"
  # What `lido cluster` reads (the chart, KubeRay's definitions, prices), and `lido synth` (behaviours, bodies).
  mkdir -p "$tree/share/lido"
  cp -r deploy/helm/lido "$tree/share/lido/chart"
  cp -r build/kuberay/crds "$tree/share/lido/crds"
  cp deploy/prices.csv src/lido/synth/world/behaviours.yaml src/lido/synth/scene.schema.json src/lido/synth/film/randomisation.schema.json build/bodies/bodies.safetensors "$tree/share/lido/"
  say "packing"
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
    -C build/package -cf - "$name" | xz -6 -T0 > "dist/$name.tar.xz"
}

wheel() {
  say "building the wheel"
  rm -rf build/package/wheel
  .venv/bin/pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w build/package/wheel .
  # Libraries that a bare machine lacks go into the wheel; Arrow's and OpenVINO's come from their own packages. manylinux
  # takes a desktop's libraries for granted, which a server's image has not.
  .venv/bin/python - repair --plat "manylinux_2_36_$(uname -m)" --exclude 'libarrow*.so.*' --exclude 'libparquet.so.*' \
    --exclude 'libopenvino.so.*' --exclude 'libtbb.so.*' --only-plat -w dist build/package/wheel/lido-*.whl >&2 <<'PY'
import json, pathlib, re, sys, tempfile
from auditwheel import policy
from auditwheel.libc import Libc
from auditwheel.main import main
rules = json.loads(policy._POLICY_JSON_MAP[Libc.GLIBC].read_text())
for rule in rules:
    rule["lib_whitelist"] = [name for name in rule["lib_whitelist"] if re.match(r"ld-|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl|stdc\+\+|gcc_s|z)\.so", name)]
with tempfile.TemporaryDirectory() as folder:
    policy._POLICY_JSON_MAP[Libc.GLIBC] = pathlib.Path(folder) / "policy.json"
    policy._POLICY_JSON_MAP[Libc.GLIBC].write_text(json.dumps(rules))
    sys.exit(main())
PY
}

# What the wheel wants and does not hold must be glibc's, the compiler's, or of the packages it depends on.
check_wheel() {
  rm -rf build/package/unpacked
  .venv/bin/python -m zipfile -e dist/lido-*.whl build/package/unpacked
  find build/package/unpacked -name '*.so*' -type f | tee build/package/libraries | while read -r library; do
    patchelf --print-needed "$library"
  done | sort -u | while read -r name; do
    echo "$name" | grep -Eq "$from_glibc|^lib(stdc\+\+|gcc_s|z|arrow|arrow_s3|parquet|openvino|tbb)\.so" && continue
    grep -q "/$name$" build/package/libraries || echo "$name"
  done > build/package/missing
  [ ! -s build/package/missing ] || { echo "not in the wheel: $(xargs < build/package/missing)" >&2; exit 1; }
}

# Both must work without anything of this checkout: the program finds each library in the tarball or in glibc,
# the wheel opens in a new environment a dataset that the packed program made.
check() {
  say "checking both"
  check_wheel
  rm -rf build/package/check
  mkdir -p build/package/check
  tar -C build/package/check -xf "dist/$name.tar.xz"
  packed=$PWD/build/package/check/$name
  models=$PWD/build/models
  strange=$(ldd "$packed/bin/lido" | awk '$2 == "=>" { print $1, $3 }' | grep -vF "$packed/" | grep -Ev "$from_glibc" || true)
  [ -z "$strange" ] || { echo "not in the tarball: $strange" >&2; exit 1; }
  ffmpeg -v error -nostdin -f lavfi -i testsrc2=s=320x240:r=10 -t 4 -c:v libx264 build/package/check/clip.mp4
  (cd / && env -i "$packed/bin/lido" ingest "$packed/../clip.mp4" --out "$packed/../dataset" --window 4 --stride 4 --scene off --quiet)
  (cd / && env -i LIDO_MODELS="$models" "$packed/bin/lido" scene "$packed/../clip.mp4" --out "$packed/../scene" --draw --quiet)
  (cd / && env -i "$packed/bin/lido" cluster init pool-a --spot > "$packed/../values.yaml")
  (cd / && env -i "$packed/bin/lido" cluster price "$packed/../values.yaml" --max-age-days 36500 > /dev/null)
  python3 -m venv build/package/check/venv
  build/package/check/venv/bin/pip install -q --disable-pip-version-check dist/lido-*.whl
  (cd / && "$packed/../venv/bin/python" -c "
import lido, sys
samples = lido.open(sys.argv[1]).samples()
assert len(samples) == 4 and samples[0].frames.shape == (4, 224, 224, 3), samples
import lido._work  # loads every library
" "$packed/../dataset")
}

mkdir -p dist
# The wheel is compiled in a folder of its own.
command -v ccache > /dev/null && export CMAKE_CXX_COMPILER_LAUNCHER=ccache
rm -f dist/lido-*
tarball
wheel
check
ls -lh dist >&2
