# SPDX-License-Identifier: Apache-2.0
"""Shared parts of `./dev bench scene`."""

import os
import pathlib
import subprocess
import tempfile

from ingest import LIDO, ROOT, WORK, environment

# Videos that no package registry has; see bench/labels/README.md.
SHARED = pathlib.Path(os.environ.get("LIDO_DATA", ROOT / "../shared/data"))
os.environ["LIDO_MODELS"] = str(ROOT / "build/models")


def scene_tables(clip, *arguments):
    """Runs `lido scene`. Returns a function that reads a table as a list of dicts."""
    import pyarrow.parquet as parquet

    folder = tempfile.mkdtemp(dir=WORK)
    subprocess.run(
        [LIDO, "scene", clip, "--out", folder, "--quiet", *map(str, arguments)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return lambda table: parquet.read_table(f"{folder}/{table}.parquet").to_pylist()


def runs_with_trackers(only):
    """Whether this process has PyPI's `trackers`. If not, runs the part in one that has them."""
    if os.environ.get("LIDO_BENCH_TRACKERS") == "1":
        return True
    from scene_tracks import TRACKERS

    python = environment("trackers", TRACKERS)
    if python is None:
        print(f"\n{only.capitalize()}: skipped, trackers cannot be installed here")
        return False
    subprocess.run(
        [python, ROOT / "bench/scene.py", "--only", only],
        check=True,
        env=os.environ | {"LIDO_BENCH_TRACKERS": "1"},
    )
    return False


def work_file(name):
    """A path for a temporary video."""
    path = WORK / "scene" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def ffmpeg(*arguments):
    command = [*"ffmpeg -v error -nostdin -y".split(), *map(str, arguments)]
    subprocess.run(command, check=True)
