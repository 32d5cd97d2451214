# SPDX-License-Identifier: Apache-2.0
"""The Python module reads what the program wrote."""

import ast
import pathlib
import subprocess
import sys

import cv2
import numpy as np
import pytest
import webdataset
from conftest import SMALL, copy_with_other_bytes, ingest, table

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
    assert not np.array_equal(first.augmented(3, seed=7), second.augmented(3, seed=7))


def test_cameras_of_an_event_move_and_colour_their_frames_alike(clips, tmp_path):
    """Three clips with equal pixels: two of one event, and one of another."""
    rows = ["clip,group,site,camera,start_utc"]
    for name, group in (("a", "event"), ("b", "event"), ("c", "other")):
        copy_with_other_bytes(clips / "h264_b.mp4", tmp_path / f"{name}.mp4")
        rows.append(f"{tmp_path}/{name}.mp4,{group},pool,{name},")
    (tmp_path / "clips.csv").write_text("\n".join(rows) + "\n")
    ingest(tmp_path / "clips.csv", tmp_path / "d", *SMALL)
    first = {}
    for sample in lido.open(str(tmp_path / "d")):
        first.setdefault(pathlib.Path(sample.clip).stem, sample)
    assert first["a"].key != first["b"].key
    assert np.array_equal(first["a"].frames, first["b"].frames)
    assert np.array_equal(first["a"].frames, first["c"].frames)
    one, same, other = (
        np.stack([first[name].augmented(epoch) for epoch in range(8)]).astype(int) for name in "abc"
    )
    # Each sample has noise of its own, of 0.02 of white at most: two such draws differ by
    # 2 / sqrt(pi) of that in the mean.
    most = 0.02 * 255 * 2 / np.sqrt(np.pi)
    by_epoch = abs(one - same).mean(axis=(1, 2, 3, 4))
    assert (by_epoch <= most).all() and by_epoch.max() > 0, by_epoch
    assert (abs(one - other).mean(axis=(1, 2, 3, 4)) > most).sum() >= 6


def test_a_dataset_has_a_length_splits_labels_and_a_repr(dataset):
    opened = lido.open(str(dataset))
    rows = table(dataset, "manifest")
    assert len(opened) == len(rows) == len(list(opened))
    assert opened.splits == {"train": len(rows), "val": 0, "test": 0}
    assert opened.uri == str(dataset) and opened.generation == 1
    assert opened[0].key == rows[0]["sample"] and opened[-1].key == rows[-1]["sample"]
    with pytest.raises(IndexError):
        opened[len(rows)]
    assert opened.labels == {}
    assert (
        repr(opened) == f"<lido.Dataset {dataset}, generation 1: {len(rows)} samples, "
        f"{len(rows)} train, 0 val, 0 test>"
    )


def test_an_unknown_split_is_an_error_that_names_the_splits(dataset):
    opened = lido.open(str(dataset))
    assert opened.samples(split="val") == []
    with pytest.raises(ValueError, match='"tran", want one of: train, val, test'):
        opened.samples(split="tran")


def test_targets_without_labels_name_the_cause(dataset):
    batch = next(iter(lido.Loader(str(dataset), batch_size=1)))
    with pytest.raises(ValueError, match='"nope", and the dataset has no labels'):
        batch.targets("nope")


def test_a_sample_has_the_columns_of_the_manifest(clips, tmp_path):
    (tmp_path / "clips.csv").write_text(
        "clip,group,site,camera,start_utc\n"
        f"{clips}/h264_b.mp4,event,pool,cam1,2026-07-01T14:03:00.25Z\n"
    )
    (tmp_path / "labels.csv").write_text(
        "clip,start_s,end_s,task,label,x,y,width,height\nh264_b.mp4,0,9,age,child,1,2,3,4\n"
    )
    given = ["--samples", "frame", "--labels", tmp_path / "labels.csv"]
    ingest(tmp_path / "clips.csv", tmp_path / "d", *SMALL, *given)
    opened = lido.open(str(tmp_path / "d"))
    assert opened.labels == {"age": {"child"}}
    for sample, row in zip(opened, table(tmp_path / "d", "manifest"), strict=True):
        assert sample.key == row["sample"]
        for name in ("split", "clip", "group", "site", "camera", "start_s", "end_s", "pts"):
            assert getattr(sample, name) == row[name], name
        assert sample.start_utc == row["start_utc"] and sample.start_utc.tzinfo is not None
        assert sample.labels == row["labels"]
        assert sample.track is None and sample.boxes is None and sample.context is None
        assert sample.key in repr(sample) and "h264_b.mp4" in repr(sample)


def test_type_hints_are_installed_with_the_module():
    folder = pathlib.Path(lido.__file__).parent
    assert (folder / "py.typed").exists()
    hints = ast.parse((folder / "_core.pyi").read_text())
    classes = {n.name: n for n in hints.body if isinstance(n, ast.ClassDef)}
    functions = {n.name for n in classes["Dataset"].body if isinstance(n, ast.FunctionDef)}
    assert {"samples", "splits", "labels", "__len__", "__getitem__", "__repr__"} <= functions
    trees = [hints, ast.parse((folder / "_loader.pyi").read_text())]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    defined = {n.name for n in nodes if isinstance(n, ast.ClassDef | ast.FunctionDef)}
    assert set(lido.__all__) <= defined | {"LidoError", "LidoUnavailable"}
    compile((folder / "_core.pyi").read_text(), "_core.pyi", "exec")


@pytest.mark.parametrize("name", ["_core.pyi", "_loader.pyi", "_work.pyi"])
def test_the_type_hints_of_the_wheel_are_those_of_the_module(name):
    built = pathlib.Path(lido.__file__).parent / name
    source = pathlib.Path(__file__).parents[2] / "python/lido" / name
    assert source.read_text() == built.read_text(), f"cp {built} {source}"


def test_samples_outlive_their_dataset(dataset):
    sample = lido.open(str(dataset)).samples()[0]
    assert sample.frames.sum() > 0


def test_a_path_opens_a_dataset(dataset):
    path = pathlib.Path(dataset)
    assert len(lido.open(path)) == len(lido.open(str(path))) > 0
    assert len(next(iter(lido.Loader(path, batch_size=2)))) == 2


def test_errors_say_what_is_wrong(tmp_path):
    with pytest.raises(lido.LidoError, match="no Lido dataset"):
        lido.open(str(tmp_path))


def test_the_example_runs(dataset):
    example = pathlib.Path(__file__).parents[2] / "examples/read_dataset.py"
    done = subprocess.run(
        [sys.executable, example, dataset], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith(f"{len(lido.open(str(dataset)).samples())} samples in train\n")
