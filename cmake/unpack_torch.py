#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes LibTorch for the CPU out of wheels: unpack_torch.py WHEELS OUT

WHEELS is a folder with the wheels of requirements/train.txt. OUT gets headers, libraries and
licences in the wheels' own places, without CUDA's kernels and without Python.
"""

import pathlib
import re
import shutil
import sys
import zipfile

KEPT = re.compile(
    r"torch/include/.*"
    r"|torch/lib/lib(torch_cpu|c10|gomp|gfortran|quadmath)\.so[.0-9]*"
    r"|nvidia/cu\d+/lib/lib(cudart|cupti)\.so[.0-9]*"
    r"|[^/]*\.dist-info/(licenses/)?(LICENSE|NOTICE|License)[^/]*"
)


def unpack(wheels: pathlib.Path, out: pathlib.Path) -> None:
    found = sorted(wheels.glob("*.whl"))
    for wheel in found:
        with zipfile.ZipFile(wheel) as archive:
            kept = [name for name in archive.namelist() if KEPT.fullmatch(name)]
            archive.extractall(out, kept)
    if not (out / "torch/lib/libtorch_cpu.so").exists():
        sys.exit(f"unpack_torch: no libtorch_cpu.so in the {len(found)} wheels of {wheels}")


if __name__ == "__main__":
    wheels, out = map(pathlib.Path, sys.argv[1:])
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    unpack(wheels, partial)
    shutil.rmtree(out, ignore_errors=True)
    partial.rename(out)
