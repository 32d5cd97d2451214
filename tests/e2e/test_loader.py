# SPDX-License-Identifier: Apache-2.0
"""The loader gives the samples that other readers find in the same shards."""

import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import threading

import cv2
import numpy as np
import pytest
import webdataset
from conftest import CLIPS, SMALL, ingest, run, table

import lido

BATCH = 5


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two labelled clips, all in train."""
    folder = tmp_path_factory.mktemp("loader")
    names = ("h264_b.mp4", "vp9.webm")
    (folder / "labels.csv").write_text(
        "clip,start_s,end_s,task,label\n"
        "h264_b.mp4,0,2,behaviour,swim\nvp9.webm,0,9,behaviour,dive\n"
    )
    ingest(
        [CLIPS / name for name in names],
        folder / "d",
        *SMALL,
        *("--split", "1/0/0", "--labels", folder / "labels.csv"),
    )
    return folder / "d"


@pytest.fixture(scope="module")
def stored(dataset):
    """Frames of each sample, read with tarfile and OpenCV."""
    frames = collections.defaultdict(dict)
    for path in (dataset / "shards").glob("*-train-*.tar"):
        with tarfile.open(path) as shard:
            for entry in shard:
                key, _, rest = entry.name.partition(".")
                if rest.endswith(".jpg"):
                    jpeg = np.frombuffer(shard.extractfile(entry).read(), np.uint8)
                    image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
                    frames[key][rest] = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return {key: np.stack([images[n] for n in sorted(images)]) for key, images in frames.items()}


def keys_of(loader):
    """Keys of an epoch's rest."""
    return [key for batch in loader for key in batch.keys]  # noqa: SIM118


def test_frames_are_those_that_opencv_decodes(dataset, stored):
    loader = lido.Loader(str(dataset), batch_size=BATCH, augment=False, seed=1)
    seen = 0
    for batch in loader:
        assert batch.frames.dtype == np.uint8 and batch.frames.shape[1:] == (4, 64, 64, 3)
        assert len(batch) == len(batch.frames) <= BATCH
        for key, frames in zip(batch.keys, batch.frames, strict=True):
            assert np.abs(frames.astype(int) - stored[key]).max() <= 3, "two JPEG decoders"
            seen += 1
    assert seen == len(stored) == loader.samples > 3 * BATCH
    assert len(loader) == -(-seen // BATCH)


def test_every_sample_comes_once_an_epoch_as_in_webdataset(dataset):
    shards = [str(path) for path in (dataset / "shards").glob("*-train-*.tar")]
    wanted = sorted(s["__key__"] for s in webdataset.WebDataset(shards, shardshuffle=False))
    orders = []
    loader = lido.Loader(str(dataset), batch_size=BATCH)
    for _ in range(3):
        orders.append(keys_of(loader))
        assert sorted(orders[-1]) == wanted
    assert len(set(map(tuple, orders))) == 3, "each epoch has an order of its own"
    for workers in (2, 3):
        parts = [
            keys_of(lido.Loader(str(dataset), batch_size=BATCH, rank=rank, workers=workers))
            for rank in range(workers)
        ]
        assert sorted(sum(parts, [])) == wanted


def test_augmented_frames_are_those_of_the_dataset(dataset):
    samples = {sample.key: sample for sample in lido.open(str(dataset))}
    loader = lido.Loader(str(dataset), batch_size=BATCH, seed=7)
    for epoch in range(2):
        for batch in loader:
            assert batch.epoch == epoch
            for key, frames in zip(batch.keys, batch.frames, strict=True):
                assert np.array_equal(frames, samples[key].augmented(epoch, seed=7))


def test_labels_and_targets_are_those_of_the_manifest(dataset):
    rows = {row["sample"]: row for row in table(dataset, "manifest")}
    loader = lido.Loader(str(dataset), batch_size=BATCH)
    assert loader.labels == {"behaviour": {"dive", "swim"}}
    targets = collections.Counter()
    for batch in loader:
        for i, key in enumerate(batch.keys):
            assert batch.labels[i] == rows[key]["labels"]
            for name in ("clip", "group"):
                assert getattr(batch, f"{name}s")[i] == rows[key][name]
            assert batch.start_s[i] == rows[key]["start_s"]
            names = [label["label"] for label in rows[key]["labels"]]
            wanted = ["dive", "swim"].index(names[0]) if names else -1
            assert batch.targets("behaviour")[i] == wanted
            targets[wanted] += 1
        assert batch.boxes is None
        with pytest.raises(ValueError, match='"age", want one of: behaviour'):
            batch.targets("age")
    assert set(targets) == {-1, 0, 1}, targets


def test_a_run_resumes_on_another_number_of_workers(dataset, stored):
    seen, position = [], ""
    for workers in (2, 1, 3):
        loaders = [
            lido.Loader(
                str(dataset), batch_size=2, rank=rank, workers=workers, seed=4, position=position
            )
            for rank in range(workers)
        ]
        for loader in loaders:
            if workers == 3:
                seen += keys_of(loader)
            else:
                seen += [key for _ in range(2) for key in next(loader).keys]  # noqa: SIM118
        [position] = {loader.position for loader in loaders}
    assert sorted(seen) == sorted(stored)
    assert json.loads(position)["epoch"] == 1 and len(position) < 300


def test_frames_outlive_their_batch_and_their_loader(dataset, stored):
    loader = lido.Loader(str(dataset), batch_size=BATCH, augment=False, shuffle=False)
    kept = [(batch.keys, batch.frames) for batch in loader]
    del loader
    for keys, frames in kept:
        for key, one in zip(keys, frames, strict=True):
            assert np.abs(one.astype(int) - stored[key]).max() <= 3


def test_a_bucket_gives_the_same_batches(dataset, bucket, monkeypatch):
    uri, env, proxy = bucket
    assert run("copy", dataset, f"{uri}/loader", env=env).code == 0
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    proxy.rate = 0.1  # some connections fail, and are tried again
    remote = lido.Loader(f"{uri}/loader", batch_size=BATCH, seed=2)
    local = lido.Loader(str(dataset), batch_size=BATCH, seed=2)
    for mine, theirs in zip(local, remote, strict=True):
        assert mine.keys == theirs.keys
        assert np.array_equal(mine.frames, theirs.frames)


def test_a_broken_shard_is_named(dataset, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    shard = next((copy / "shards").glob("*-train-*.tar"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)
    with pytest.raises(lido.LidoError, match=rf"{shard}: sample \w+: the checksum differs"):
        keys_of(lido.Loader(str(copy)))
    shard.write_bytes(content[: len(content) // 2])
    with pytest.raises(lido.LidoError, match=f"{shard}: .* The shard is cut off"):
        keys_of(lido.Loader(str(copy)))
    shard.unlink()
    with pytest.raises(lido.LidoError, match=re.escape(str(shard))):
        keys_of(lido.Loader(str(copy)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0, want 1 to 65536"),
        ({"split": "tran"}, 'split is "tran", want one of: train, val, test'),
        ({"split": "val"}, "no samples in the split val"),
        ({"colour": 1}, "colour is no known option"),
        ({"rank": 2, "workers": 2}, "rank is 2 of 2 workers, want 0 to 1"),
        ({"position": "{}"}, "position of a loader: format is missing"),
        ({"generation": 9}, "no generation 9"),
    ],
)
def test_bad_options_are_named(dataset, options, message):
    with pytest.raises(lido.LidoError, match=message):
        lido.Loader(str(dataset), **options)


def test_the_guide_lists_each_option_with_its_default(dataset):
    signature = lido.Loader.__init__.__doc__.splitlines()[0]
    options = dict(re.findall(r"(\w+): \w+ = '?(\w*)'?", signature))
    for name in ("generation", "rank", "workers", "position"):
        options.pop(name)  # described in words
    guide = (pathlib.Path(__file__).parents[2] / "docs/training.md").read_text()
    listed = dict(re.findall(r"^\| `(\w+)` \| `?(\w+)`? \|", guide, re.MULTILINE))
    assert listed == options and len(options) > 5
    loader = lido.Loader(str(dataset), **{name: eval(value) if value[0] in "0123456789TF" else value
                                          for name, value in options.items()})  # fmt: skip
    assert loader.samples > 0


USE = "import lido, sys; loader = lido.Loader(sys.argv[1], batch_size=2); next(loader)"


def test_a_process_ends_in_the_middle_of_an_epoch(dataset):
    """Its threads still decode: the loader is a global of the program that ends."""
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", USE, dataset], capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")


def test_the_interpreter_runs_while_a_batch_is_awaited(dataset):
    """A thread counts while the loader works; with the interpreter's lock held it could not.

    Python itself hands the lock to no other thread meanwhile: its interval is an hour.
    """
    counted, stop, interval = [0], threading.Event(), sys.getswitchinterval()

    def count():
        while not stop.wait(0.0001):  # gives the lock away by itself
            counted[0] += 1

    loader = lido.Loader(str(dataset), batch_size=1000, threads=1)
    counter = threading.Thread(target=count)
    sys.setswitchinterval(3600)
    try:
        counter.start()
        before = counted[0]
        next(loader)
        after = counted[0]
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        counter.join()
    assert after > before
