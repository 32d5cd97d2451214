# SPDX-License-Identifier: Apache-2.0
"""lido.torch with PyTorch itself: `./dev test frameworks`."""

import pathlib
import subprocess
import sys

import pytest
import torch
from lido.torch import Samples
from torch.utils.data import DataLoader

import lido

ROOT = pathlib.Path(__file__).parents[2]
LIDO = ROOT / "build/release/bin/lido"
SMALL = "--fps 10 --size 32 --window 4 --stride 2 --scene off --split 1/0/0 --quiet".split()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("torch")
    clips = [ROOT / "build/clips" / name for name in ("h264_b.mp4", "hevc_b.mp4")]
    (folder / "labels.csv").write_text(
        "clip,start_s,end_s,task,label\n"
        f"{clips[0]},0,100,behaviour,swimming\n{clips[1]},0,100,behaviour,playing\n"
    )
    labels = ["--labels", folder / "labels.csv"]
    subprocess.run([LIDO, "ingest", *clips, "--out", folder / "d", *labels, *SMALL], check=True)
    return folder / "d"


def epoch_of(samples, workers=0):
    return list(DataLoader(samples, batch_size=None, num_workers=workers))


def test_batches_are_those_of_the_loader_as_tensors(dataset):
    samples = Samples(dataset, task="behaviour", batch_size=8, seed=3)
    assert samples.classes == ["playing", "swimming"]
    loader = lido.Loader(str(dataset), batch_size=8, seed=3)
    for _ in range(2):
        batches = epoch_of(samples)
        assert len(batches) == len(samples) > 2
        for mine, theirs in zip(batches, loader, strict=True):
            assert mine["sample"] == theirs.keys
            assert mine["frames"].dtype == torch.uint8 and mine["target"].dtype == torch.int64
            assert torch.equal(mine["frames"], torch.from_numpy(theirs.frames))
            assert mine["target"].tolist() == theirs.targets("behaviour").tolist()
            assert set(mine["target"].tolist()) <= {0, 1}


def test_a_checkpoint_resumes_in_the_middle_of_an_epoch(dataset, tmp_path):
    samples = Samples(dataset, batch_size=8, seed=3)
    epoch_of(samples)
    batches = iter(samples)
    next(batches)
    torch.save({"data": samples.state_dict()}, tmp_path / "checkpoint.pt")
    rest = [batch["sample"] for batch in batches]
    resumed = Samples(dataset, batch_size=8, seed=3)
    resumed.load_state_dict(torch.load(tmp_path / "checkpoint.pt")["data"])
    assert [batch["sample"] for batch in epoch_of(resumed)] == rest


def test_worker_processes_and_unknown_tasks_are_refused(dataset):
    with pytest.raises(ValueError, match="num_workers: want 0"):
        epoch_of(Samples(dataset), workers=2)
    with pytest.raises(ValueError, match="got 'age', want one of: behaviour"):
        Samples(dataset, task="age")


RANK = """
import sys, torch.distributed as group
from torch.utils.data import DataLoader
from lido.torch import Samples
where = {"init_method": f"file://{sys.argv[2]}", "rank": int(sys.argv[3]), "world_size": 2}
group.init_process_group("gloo", **where)
for batch in DataLoader(Samples(sys.argv[1], batch_size=4), batch_size=None):
    print(*batch["sample"])
group.destroy_process_group()
"""


def test_the_ranks_of_a_process_group_share_an_epoch(dataset, tmp_path):
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, dataset, tmp_path / "store", str(rank)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    parts = [rank.communicate(timeout=300)[0].split() for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0]
    assert abs(len(parts[0]) - len(parts[1])) <= 1
    assert sorted(sum(parts, [])) == sorted(sample.key for sample in lido.open(str(dataset)))
