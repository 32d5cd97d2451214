# SPDX-License-Identifier: Apache-2.0
"""The examples that train, with PyTorch and TensorFlow themselves: `./dev test frameworks`."""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
LIDO = ROOT / "build/release/bin/lido"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two clips, each of a behaviour."""
    folder = tmp_path_factory.mktemp("frameworks")
    clips = [ROOT / "build/clips" / name for name in ("h264_b.mp4", "hevc_b.mp4")]
    rows = [
        f"{clip},0,100,behaviour,{label}" for clip, label in zip(clips, ("swimming", "playing"))
    ]
    (folder / "labels.csv").write_text("clip,start_s,end_s,task,label\n" + "\n".join(rows) + "\n")
    subprocess.run(
        [
            LIDO,
            "ingest",
            *clips,
            "--out",
            folder / "d",
            "--labels",
            folder / "labels.csv",
            *"--fps 10 --size 32 --window 4 --stride 2 --scene off --split 100/0/0 --quiet".split(),
        ],
        check=True,
    )
    return folder / "d"


@pytest.mark.parametrize("name", ["train_torch.py", "train_tensorflow.py"])
def test_an_example_trains(name, dataset):
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name, dataset, "behaviour"],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = re.search(
        r"(\d+) samples of 2 classes \(playing, swimming\), mean loss ([\d.]+)", done.stdout
    )
    assert found and int(found[1]) > 20 and 0 < float(found[2]) < 2, done.stdout
