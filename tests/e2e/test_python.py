# SPDX-License-Identifier: Apache-2.0
"""The Python module reads what the program wrote."""

import pathlib
import subprocess
import sys

import cv2
import numpy as np
import pytest
import webdataset
from conftest import SMALL, ingest

import lido


@pytest.fixture
def dataset(clips, tmp_path):
    ingest([clips / "h264_b.mp4", clips / "vp9.webm"], tmp_path / "d", *SMALL, "--split", "1/0/0")
    return tmp_path / "d"


def test_samples_are_those_that_webdataset_reads(dataset):
    mine = {s.key: s for s in lido.open(str(dataset)).samples(split="train")}
    count = 0
    for sample in webdataset.WebDataset(
        [str(p) for p in (dataset / "shards").glob("*.tar")], shardshuffle=False
    ):
        frames = mine[sample["__key__"]].frames
        assert frames.shape == (4, 64, 64, 3) and frames.dtype == np.uint8
        theirs = cv2.cvtColor(
            cv2.imdecode(np.frombuffer(sample["002.jpg"], np.uint8), cv2.IMREAD_COLOR),
            cv2.COLOR_BGR2RGB,
        )
        assert np.abs(frames[2].astype(int) - theirs).max() <= 3, "two JPEG decoders"
        count += 1
    assert count == len(mine) > 0


def test_augmentation_is_a_function_of_seed_epoch_and_names(dataset):
    first, second = lido.open(str(dataset)).samples()[:2]
    assert np.array_equal(first.augmented(3, seed=7), first.augmented(3, seed=7))
    assert not np.array_equal(first.augmented(3, seed=7), first.augmented(4, seed=7))
    assert not np.array_equal(first.augmented(3, seed=7), first.augmented(3, seed=8))
    # Both are of one group: the same drawing, so what moves in one moves in the other.
    assert first.group == second.group


def test_samples_outlive_their_dataset(dataset):
    sample = lido.open(str(dataset)).samples()[0]
    assert sample.frames.sum() > 0


def test_errors_say_what_is_wrong(tmp_path):
    with pytest.raises(lido.LidoError, match="no Lido dataset"):
        lido.open(str(tmp_path))


def test_the_example_runs(dataset):
    example = pathlib.Path(__file__).parents[2] / "examples/read_dataset.py"
    done = subprocess.run(
        [sys.executable, example, dataset], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith(f"{len(lido.open(str(dataset)).samples())} samples in train\n")
