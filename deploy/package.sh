#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# package.sh [--images]: writes dist/: lido-VERSION-linux-MACHINE.tar.xz, the program with every
# library but glibc's; lido-train-VERSION-linux-MACHINE.tar.gz, where lido-train was built, which is
# unpacked over it; and wheels of lido-pool, the program and the Python module: one for Python 3.11,
# and where a later Python is found, one for 3.12 and all after it. With --images only what the
# clusters' images need.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n 's/^project(lido VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name=lido-$version-linux-$(uname -m)
tree=build/package/$name
from_glibc='^(linux-vdso|ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl))\.so'

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }

# copyright_of FILE: copies the licence of the file's Debian package, and notes the source that the
# package was built from.
copyright_of() {
  package=$(dpkg-query -S "$1" 2>/dev/null | head -n 1 | cut -d: -f1)
  [ -n "$package" ] || return 0
  cp -n "/usr/share/doc/$package/copyright" "$tree/share/licences/$package" 2>/dev/null || true
  # shellcheck disable=SC2016
  dpkg-query -W -f='${Package} ${Version}, Debian source ${source:Package} ${source:Version}\n' \
    "$package" | head -n 1 >> "$tree/share/licences/sources.unsorted"
}

tarball() {
  say "gathering $name"
  rm -rf "$tree"
  mkdir -p "$tree/lib" "$tree/share/licences"
  cmake --install build/release --component program --prefix "$PWD/$tree" --strip > /dev/null
  ldd build/release/bin/lido | awk '$2 == "=>" { print $1, $3 }' | while read -r library path; do
    echo "$library" | grep -Eq "$from_glibc" && continue
    cp -L "$path" "$tree/lib/$library"
    chmod u+w "$tree/lib/$library"
    patchelf --set-rpath '$ORIGIN' "$tree/lib/$library"
    copyright_of "$(readlink -f "$path")"
  done
  # Libraries that OpenVINO opens by itself, from its own folder.
  openvino=$(echo .venv/lib/python3*/site-packages/openvino)
  for library in libopenvino_intel_cpu_plugin.so libopenvino_ir_frontend.so.* \
    libopenvino_onnx_frontend.so.* libopenvino_tensorflow_frontend.so.* \
    libopenvino_tensorflow_lite_frontend.so.* libtbbbind_2_5.so.3 libhwloc.so.15; do
    cp -L "$openvino/libs/"$library "$tree/lib/"
    patchelf --set-rpath '$ORIGIN' "$tree/lib/"$library
  done
  find "$openvino"-*.dist-info -iname '*licen[sc]e*' -type f | while read -r licence; do
    cp "$licence" "$tree/share/licences/openvino-$(basename "$licence")"
  done
  cp .venv/lib/python3*/site-packages/pyarrow/*.txt "$tree/share/licences/" 2>/dev/null || true
  for licence in .venv/lib/python3*/site-packages/pyarrow-*.dist-info/licenses/*; do
    cp "$licence" "$tree/share/licences/arrow-$(basename "$licence")"
  done
  sort -u "$tree/share/licences/sources.unsorted" > "$tree/share/licences/SOURCES"
  rm "$tree/share/licences/sources.unsorted"
  # With FFmpeg as Debian builds it the whole is under the GPL, see NOTICE.
  cp /usr/share/common-licenses/GPL-3 "$tree/share/licences/"
  rm -rf build/package/licences
  cp -r "$tree/share/licences" build/package/licences
  cp LICENSE NOTICE README.md CHANGELOG.md "$tree/"
  cp docs/cli.md docs/formats.md "$tree/share/"
  for shell in bash:bash-completion/completions/lido zsh:zsh/site-functions/_lido \
    fish:fish/vendor_completions.d/lido.fish; do
    mkdir -p "$(dirname "$tree/share/${shell#*:}")"
    build/release/bin/lido completion "${shell%%:*}" > "$tree/share/${shell#*:}"
  done
  mkdir -p "$tree/share/man/man1"
  build/release/bin/lido man > "$tree/share/man/man1/lido.1"
  say "packing"
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
    -C build/package -cf - "$name" | xz -6 -T0 > "dist/$name.tar.xz"
}

# lido-train, and of its libraries those that the program's tarball lacks: LibTorch.
train_tarball() {
  [ -x build/release/bin/lido-train ] ||
    { say "skipped: no lido-train here (./dev install --train)"; return 0; }
  say "packing lido-train"
  add=build/package/train/$name
  rm -rf build/package/train
  mkdir -p "$add/bin" "$add/lib" "$add/share/licences"
  cp build/release/bin/lido-train "$add/bin/"
  strip "$add/bin/lido-train"
  patchelf --set-rpath '$ORIGIN/../lib' "$add/bin/lido-train"
  ldd build/release/bin/lido-train | awk '$2 == "=>" { print $1, $3 }' |
    while read -r library path; do
      echo "$library" | grep -Eq "$from_glibc" && continue
      [ ! -e "$tree/lib/$library" ] || continue
      cp -L "$path" "$add/lib/$library"
      chmod u+w "$add/lib/$library"
      patchelf --set-rpath '$ORIGIN' "$add/lib/$library"
    done
  for licence in build/torch/*.dist-info/licenses/*; do
    package=$(basename "${licence%/licenses/*}" .dist-info)
    cp "$licence" "$add/share/licences/$package-$(basename "$licence")"
  done
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
    -C build/package/train -cf - "$name" | gzip -n -1 > "dist/lido-train-${name#lido-}.tar.gz"
}

# wheel PYTHON: builds the wheel for a Python that has requirements/package.txt.
wheel() {
  say "building the wheel for $("$1" --version)"
  rm -rf build/package/wheel
  # With the program's compiler and flags ccache has compiled its sources already.
  flags=$(.venv/bin/python -c "
import json
release = json.load(open('CMakePresets.json'))['configurePresets'][0]
print(release['cacheVariables']['CMAKE_CXX_FLAGS_RELWITHDEBINFO'])")
  CC=cc CXX=c++ CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 \
    "$1" -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation \
    -w build/package/wheel \
    --config-settings "cmake.define.CMAKE_CXX_FLAGS_RELWITHDEBINFO=$flags" \
    --config-settings "cmake.define.LIDO_LICENCES=$PWD/build/package/licences" .
  # Libraries that a bare machine lacks go into the wheel; Arrow's and OpenVINO's come from their
  # own packages. manylinux assumes a desktop's libraries, which a server's image lacks.
  .venv/bin/python - repair --plat "manylinux_2_36_$(uname -m)" --only-plat \
    --exclude 'libarrow*.so.*' --exclude 'libparquet.so.*' --exclude 'libopenvino.so.*' \
    --exclude 'libtbb.so.*' -w dist build/package/wheel/lido_pool-*.whl >&2 <<'PY'
import json, pathlib, re, sys, tempfile
from auditwheel import policy
from auditwheel.libc import Libc
from auditwheel.main import main
rules = json.loads(policy._POLICY_JSON_MAP[Libc.GLIBC].read_text())
granted = re.compile(r"ld-|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl|stdc\+\+|gcc_s|z)\.so")
for rule in rules:
    rule["lib_whitelist"] = [name for name in rule["lib_whitelist"] if granted.match(name)]
with tempfile.TemporaryDirectory() as folder:
    policy._POLICY_JSON_MAP[Libc.GLIBC] = pathlib.Path(folder) / "policy.json"
    policy._POLICY_JSON_MAP[Libc.GLIBC].write_text(json.dumps(rules))
    sys.exit(main())
PY
}

# later_pythons: the Pythons from 3.12 on, one for each version, on the PATH or in pyenv's folder.
later_pythons() {
  for version in 3.12 3.13 3.14; do
    for python in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
      # pyenv has commands of Pythons that are not installed.
      "$python" -c "" 2> /dev/null || continue
      echo "$version $python"
      break
    done
  done
}

# The wheel for Python 3.12 and later: built with the first such Python that is found, and checked
# in each.
wheel_abi3() {
  later_pythons > build/package/pythons
  for version in 3.12 3.13 3.14; do
    grep -q "^$version " build/package/pythons ||
      say "skipped: no Python $version here to check the wheel for Python 3.12 and later"
  done
  [ -s build/package/pythons ] || return 0
  builder=build/package/builder
  first=$(head -n 1 build/package/pythons | cut -d ' ' -f 2)
  [ -x $builder/bin/python ] || "$first" -m venv $builder
  $builder/bin/pip install -q --disable-pip-version-check --require-hashes --no-deps \
    -r requirements/wheel.txt
  wheel $builder/bin/python
  while read -r version python; do
    say "checking the wheel in Python $version"
    check_wheel dist/lido_pool-*-abi3-*.whl "$python"
  done < build/package/pythons
}

# check_wheel WHEEL PYTHON: a library that the wheel needs and lacks must be glibc's, the
# compiler's, or of a package that the wheel depends on. In a new environment its program runs, and
# its module reads a dataset that the packed program wrote.
check_wheel() {
  rm -rf build/package/unpacked
  .venv/bin/python -m zipfile -e "$1" build/package/unpacked
  granted="$from_glibc|^lib(stdc\+\+|gcc_s|z|arrow|arrow_s3|parquet|openvino|tbb)\.so"
  find build/package/unpacked '(' -name '*.so*' -o -path '*/bin/lido' ')' -type f |
    tee build/package/libraries | while read -r library; do
    patchelf --print-needed "$library"
  done | sort -u | while read -r name; do
    echo "$name" | grep -Eq "$granted" && continue
    grep -q "/$name$" build/package/libraries || echo "$name"
  done > build/package/missing
  [ ! -s build/package/missing ] ||
    { echo "not in the wheel: $(xargs < build/package/missing)" >&2; exit 1; }
  rm -rf build/package/check/venv
  "$2" -m venv build/package/check/venv
  build/package/check/venv/bin/pip install -q --disable-pip-version-check "$1"
  (cd / && "$packed/../venv/bin/python" -c "
import lido, sys
samples = lido.open(sys.argv[1]).samples()
assert len(samples) == 4 and samples[0].frames.shape == (4, 224, 224, 3), samples
import lido._work  # loads every library
" "$packed/../dataset")
  in_void LIDO_MODELS="$models" "$packed/../venv/bin/lido" scene "$packed/../clip.mp4" \
    --out "$packed/../scene2" --quiet
  in_void "$packed/../venv/bin/lido" cluster price "$packed/../values.yaml" \
    --max-age-days 36500 > /dev/null
}

# in_void [NAME=VALUE]... COMMAND...: runs a command without this checkout's folder and environment.
in_void() { (cd / && env -i "$@"); }

# The tarball must work without anything of this checkout: the program finds each library in it or
# in glibc.
check_tarball() {
  say "checking the tarball"
  rm -rf build/package/check
  mkdir -p build/package/check
  tar -C build/package/check -xf "dist/$name.tar.xz"
  packed=$PWD/build/package/check/$name
  models=$PWD/build/models
  strange=$(ldd "$packed/bin/lido" | awk '$2 == "=>" { print $1, $3 }' | grep -vF "$packed/" |
    grep -Ev "$from_glibc" || true)
  [ -z "$strange" ] || { echo "not in the tarball: $strange" >&2; exit 1; }
  ffmpeg -v error -nostdin -f lavfi -i testsrc2=s=320x240:r=10 -t 4 -c:v libx264 \
    build/package/check/clip.mp4
  in_void "$packed/bin/lido" ingest "$packed/../clip.mp4" --out "$packed/../dataset" \
    --window 4 --stride 4 --scene off --quiet
  in_void LIDO_MODELS="$models" "$packed/bin/lido" scene "$packed/../clip.mp4" \
    --out "$packed/../scene" --draw --quiet
  if [ -e "dist/lido-train-${name#lido-}.tar.gz" ]; then
    tar -C build/package/check -xf "dist/lido-train-${name#lido-}.tar.gz"
    printf '0,0,0,1,1,2,2,3,3\n' > build/package/check/points.csv
    printf 'stop\ngo\n' > build/package/check/names.csv
    # It refuses a table of one row: it has found every library.
    in_void "$packed/bin/lido" train gesture --points "$packed/../points.csv" \
      --classes "$packed/../names.csv" --dry-run 2> build/package/check/train.err || true
    grep -q 'class 0 (stop) has 1 row, want 2 or more' build/package/check/train.err ||
      { cat build/package/check/train.err >&2; exit 1; }
  fi
  in_void "$packed/bin/lido" cluster init pool-a --spot > "$packed/../values.yaml"
  in_void "$packed/bin/lido" cluster price "$packed/../values.yaml" --max-age-days 36500 > /dev/null
}

mkdir -p dist
# The wheel is compiled in a folder of its own.
command -v ccache > /dev/null && export CMAKE_CXX_COMPILER_LAUNCHER=ccache
rm -f dist/lido-* dist/lido_pool-*
tarball
train_tarball
check_tarball
wheel .venv/bin/python
check_wheel dist/lido_pool-*-cp311-cp311-*.whl python3
# The clusters' images have Python 3.11.
[ "${1:-}" = --images ] || wheel_abi3
ls -lh dist >&2
