# SPDX-License-Identifier: Apache-2.0
"""After a power cut the same command ends with the same bytes.

power_cut.c logs what lido does to its disk and kills it after a number of operations. The log gives
two disks. A strict one holds what was synced and nothing else: names without a sync of their folder
are lost. A lazy one has all names, and zeros in place of bytes that were not synced, as a
filesystem with delayed allocation leaves them.
"""

import os
import pathlib
import random
import shutil
import signal
import subprocess

import pytest
from conftest import CLIPS, LIDO, SMALL, content, ingest, run

NAMES = ["h264_b.mp4", "vp9.webm"]
CUTS = 7


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    built = tmp_path_factory.mktemp("library") / "power_cut.so"
    source = pathlib.Path(__file__).parent / "power_cut.c"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-o", built, source, "-ldl", "-pthread"],
        check=True,
    )
    return built


class Disk:
    """Names and bytes of a folder, as the disk has them and as the program saw them."""

    def __init__(self, root):
        self.root = str(root)
        self.names, self.synced = {}, {}  # path to a file's number; None for a folder
        self.bytes = {}  # what was synced of a file
        self.files, self.count = {}, 0  # number of the file that has an inode now

    def play(self, log):
        for line in log.read_text().splitlines():
            word, *rest = line.split("\t")
            getattr(self, word)(*rest)

    def create(self, inode, path):
        self.count += 1
        self.files[inode] = self.names[path] = self.count

    def mkdir(self, path):
        self.names[path] = None

    def unlink(self, path):
        self.names.pop(path, None)

    def rename(self, old, new):
        self.names[new] = self.names.pop(old)

    def link(self, old, new):
        self.names[new] = self.names[old]

    def file(self, inode, copy):
        self.bytes[self.files[inode]] = pathlib.Path(copy).read_bytes()

    def folder(self, path):
        self.synced = {p: f for p, f in self.synced.items() if os.path.dirname(p) != path}
        self.synced |= {p: f for p, f in self.names.items() if os.path.dirname(p) == path}

    def write(self, strict):
        """Puts the disk's state in place of the folder."""
        names = self.synced if strict else self.names
        sizes = {f: pathlib.Path(p).stat().st_size for p, f in self.names.items() if f}
        shutil.rmtree(self.root)
        pathlib.Path(self.root).mkdir()
        for path, file in sorted(names.items()):
            path = pathlib.Path(path)
            if not path.parent.is_dir():
                continue  # its folder is lost
            if file is None:
                path.mkdir()
            else:
                path.write_bytes(self.bytes.get(file, bytes(sizes.get(file, 0))))


def ingest_until(library, disk, log, cut):
    """Ingests under the library. Returns the exit code."""
    shutil.rmtree(disk, ignore_errors=True)
    shutil.rmtree(log, ignore_errors=True)
    disk.mkdir()
    log.mkdir()
    clips = [str(CLIPS / name) for name in NAMES]
    command = [LIDO, "ingest", *clips, "--out", disk / "new/d", *SMALL]
    return subprocess.run(
        [*command, *"--span-s 2 --workers 2 --shard-mb 0.2 --quiet".split()],
        env={
            **os.environ,
            "LD_PRELOAD": str(library),
            "CUT_ROOT": str(disk),
            "CUT_LOG": str(log),
            "CUT_AT": str(cut),
        },
        start_new_session=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def calm(library, tmp_path_factory):
    """A run without a cut: its dataset, and the number of its operations."""
    folder = tmp_path_factory.mktemp("calm")
    done = ingest_until(library, folder / "disk", folder / "log", 0)
    assert done.returncode == 0, done.stderr
    operations = len((folder / "log/log").read_text().splitlines())
    return content(folder / "disk/new/d"), operations


def test_a_finished_dataset_survives(library, calm, tmp_path):
    assert ingest_until(library, tmp_path / "disk", tmp_path / "log", 0).returncode == 0
    disk = Disk(tmp_path / "disk")
    disk.play(tmp_path / "log/log")
    disk.write(strict=True)
    assert content(tmp_path / "disk/new/d") == calm[0]
    assert run("inspect", tmp_path / "disk/new/d", "--verify").code == 0


@pytest.mark.parametrize("kind", ["strict", "lazy"])
def test_the_same_command_ends_with_the_same_bytes(library, calm, tmp_path, kind):
    expected, operations = calm
    chance = random.Random(kind)
    # In each part of the run, and next to its end, where it publishes.
    cuts = [
        operations * i // CUTS + chance.randrange(max(1, operations // CUTS)) for i in range(CUTS)
    ]
    for cut in [*cuts, operations - 3]:
        done = ingest_until(library, tmp_path / "disk", tmp_path / "log", max(1, cut))
        assert done.returncode == -signal.SIGKILL, (cut, operations, done.stderr)
        disk = Disk(tmp_path / "disk")
        disk.play(tmp_path / "log/log")
        disk.write(strict=kind == "strict")
        ingest(
            [CLIPS / name for name in NAMES],
            tmp_path / "disk/new/d",
            *SMALL,
            *"--span-s 2 --workers 2 --shard-mb 0.2".split(),
        )
        assert content(tmp_path / "disk/new/d") == expected, (kind, cut)
