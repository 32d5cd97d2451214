# SPDX-License-Identifier: Apache-2.0
"""Which files an ingest takes: names, links, closed folders, trash, pipes. Truth is os.walk."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from conftest import LIDO, SMALL, ingest, run, table

FRAMES = ["--fps", "2", "--size", "64", "--window", "1", "--stride", "1"]


@pytest.fixture
def pool(clips, tmp_path):
    """Two clips in two folders."""
    for folder, name in (("2026-07-01", "h264_b.mp4"), ("2026-07-02", "vp9.webm")):
        (tmp_path / "pool" / folder).mkdir(parents=True)
        shutil.copy(clips / name, tmp_path / "pool" / folder / name)
    return tmp_path / "pool"


def files_below(folder):
    return sorted(os.path.join(place, n) for place, _, names in os.walk(folder) for n in names)


def clips_of(dataset):
    return [row["clip"] for row in table(dataset, "clips")]


def test_each_file_is_read_once_whatever_links_lead_to_it(pool, tmp_path):
    (pool / "latest").symlink_to("2026-07-02")
    (pool / "2026-07-01/up").symlink_to("..")
    (pool / "2026-07-02/up").symlink_to("..")
    (pool / "best.mp4").symlink_to("2026-07-01/h264_b.mp4")
    os.link(pool / "2026-07-01/h264_b.mp4", pool / "hard.mp4")
    summary = ingest(pool, tmp_path / "d", *FRAMES)
    (pool / "hard.mp4").unlink()
    wanted = [p for p in files_below(pool) if not os.path.islink(p)]
    assert clips_of(tmp_path / "d") == wanted
    assert summary["clips"] == 2
    assert summary["repeated_inputs"] == 5  # latest, up, up, best.mp4, hard.mp4
    assert "5 clips or folders named more than once" in summary["warnings"][0]
    keys = [row["sample"] for row in table(tmp_path / "d", "manifest")]
    assert len(keys) == len(set(keys)) == summary["samples"]


def test_a_link_to_another_place_is_followed(pool, tmp_path):
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards/today").symlink_to(pool / "2026-07-01")
    ingest(tmp_path / "cards", tmp_path / "d", *FRAMES)
    assert clips_of(tmp_path / "d") == [f"{tmp_path}/cards/today/h264_b.mp4"]


def test_a_clip_given_twice_is_said(pool, tmp_path):
    clip = pool / "2026-07-01/h264_b.mp4"
    summary = ingest([clip, clip], tmp_path / "d", *FRAMES)
    assert summary["clips"] == 1 and summary["repeated_inputs"] == 1
    assert str(clip) in summary["warnings"][0]
    # A list that describes the clips of a folder is no repetition.
    (tmp_path / "list.csv").write_text(f"clip,camera\n{clip},left\n")
    summary = ingest([pool, tmp_path / "list.csv"], tmp_path / "e", *FRAMES)
    assert summary["clips"] == 2 and summary["repeated_inputs"] == 0
    assert {row["camera"] for row in table(tmp_path / "e", "clips")} == {"", "left"}


def test_two_descriptions_of_one_clip_are_refused(pool, tmp_path):
    clip = pool / "2026-07-01/h264_b.mp4"
    (tmp_path / "list.csv").write_text(f"clip,camera\n{clip},left\n{clip},right\n")
    done = run("ingest", tmp_path / "list.csv", "--out", tmp_path / "d", *FRAMES)
    assert done.code == 2
    assert f'list.csv: line 3: {clip}: camera is "right" here and "left" before' in done.err


@pytest.mark.parametrize("place", ["clip", "folder"])
def test_a_name_that_is_not_utf8_stops_nothing(pool, tmp_path, place):
    odd = os.fsencode(pool) + b"/piscine_\xe9t\xe9"
    if place == "clip":
        shutil.copy(pool / "2026-07-01/h264_b.mp4", odd + b".mp4")
    else:
        os.mkdir(odd)
        shutil.copy(pool / "2026-07-01/h264_b.mp4", odd + b"/clip.mp4")
    escaped = f"{pool}/piscine_\\xE9t\\xE9" + (".mp4" if place == "clip" else "/clip.mp4")
    summary = ingest(pool, tmp_path / "d", *FRAMES, code=3)
    assert summary["clips"] == 3 and summary["rejected"] == 1
    assert table(tmp_path / "d", "rejected")[0]["clip"] == escaped
    assert "not UTF-8" in table(tmp_path / "d", "rejected")[0]["reason"]
    good = [row["clip"] for row in table(tmp_path / "d", "clips") if row["samples"] > 0]
    assert len(good) == 2 and escaped not in good
    assert run("ingest", pool, "--out", tmp_path / "e", *FRAMES, "--dry-run", "--json").code == 0
    assert escaped in run("inspect", tmp_path / "d").out
    for page in ("report.html",):
        (tmp_path / "d" / page).read_text("utf-8")


def as_nobody(*arguments):
    """Runs lido as a user who may not read everything."""
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(
        [LIDO, *map(str, arguments)], capture_output=True, text=True, timeout=300, **user
    )


def test_a_closed_folder_is_named_and_gives_3(clips):
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        root.chmod(0o777)
        for camera in ("camA", "camB", "camC"):
            (root / "in" / camera).mkdir(parents=True)
            shutil.copy(clips / "h264_b.mp4", root / f"in/{camera}/{camera}.mp4")
        shutil.copy(clips / "vp9.webm", root / "in/camC/other.webm")
        (root / "in/camB").chmod(0)
        (root / "in/camC").chmod(0o744)  # names can be listed, files cannot be read
        flags = ["--out", root / "d", "--scene", "off", "--quiet", *FRAMES]
        done = as_nobody("ingest", root / "in", *flags, "--json")
        (root / "in/camB").chmod(0o755)
        assert done.returncode == 3, done.stderr
        assert f"{root}/in/camB: cannot list: Permission denied" in done.stderr
        summary = json.loads(done.stdout)
        assert summary["clips"] == 1 and summary["unreadable_inputs"] == 3
        assert clips_of(root / "d") == [f"{root}/in/camA/camA.mp4"]
        # Nothing new, but still not all of it was seen.
        assert as_nobody("ingest", root / "in", *flags).returncode == 3
        (root / "in/camC").chmod(0o755)
        done = as_nobody("ingest", root / "in", *flags)
        assert done.returncode == 0, done.stderr
        (root / "in/camB").chmod(0)
        done = as_nobody("ingest", root / "in/camB", "--out", root / "e", "--scene", "off")
        assert done.returncode == 2 and "Permission denied" in done.stderr


def test_trash_and_indexes_do_not_become_training_data(pool, tmp_path):
    for name in (
        ".Trashes/501/old.mp4",
        "@eaDir/h264_b.mp4/SYNOVIDEO_VIDEO_SCREENSHOT.mp4",
        "#recycle/old.mp4",
        "$RECYCLE.BIN/S-1-5-21/$R1.mp4",
        ".Trash-1000/files/old.mp4",
        "lost+found/old.mp4",
        "System Volume Information/old.mp4",
        ".Spotlight-V100/old.mp4",
    ):
        (pool / name).parent.mkdir(parents=True)
        shutil.copy(pool / "2026-07-01/h264_b.mp4", pool / name)
    (pool / "2026-07-01/._h264_b.mp4").write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X        ")
    summary = ingest(pool, tmp_path / "d", *FRAMES)
    assert summary["clips"] == 2 and summary["rejected"] == 0 and summary["system_files"] == 9
    assert "system files or folders" in summary["warnings"][0]
    # As a shell's * names them.
    summary = ingest(sorted(pool.iterdir()), tmp_path / "e", *FRAMES)
    assert summary["clips"] == 2 and summary["system_files"] == 9
    # A user who names one folder wants it.
    summary = ingest(pool / "#recycle", tmp_path / "f", *FRAMES)
    assert summary["clips"] == 1 and summary["system_files"] == 0


def test_pipes_and_devices_never_hang(pool, tmp_path):
    os.mkfifo(pool / "live.mp4")
    summary = ingest(pool, tmp_path / "d", *FRAMES)
    assert summary["clips"] == 2 and any("live.mp4" in line for line in summary["warnings"])
    for name in (pool / "live.mp4", "/dev/zero", "/dev/tty"):
        (tmp_path / "list.csv").write_text(f"clip\n{name}\n")
        for arguments in (
            ("ingest", tmp_path / "list.csv", "--out", tmp_path / "e", *SMALL),
            ("ingest", name, "--out", tmp_path / "e", *SMALL),
            ("ingest", pool, "--labels", name, "--out", tmp_path / "e", *SMALL),
            ("scene", name, "--out", tmp_path / "s"),
        ):
            done = run(*arguments, timeout=30)
            assert done.code == 2, (arguments, done.err)
            assert "want a regular file" in done.err and str(name) in done.err


def test_times_that_do_not_exist_are_refused(pool, tmp_path):
    clip = pool / "2026-07-01/h264_b.mp4"
    for time in (
        "2026-07-01T14:03:nanZ",
        "2026-07-01T-1:-5:00Z",
        "2026-07-01T14:03:00+99:99",
        "2026-07-01T14:03:0x1fZ",
    ):
        (tmp_path / "list.csv").write_text(f"clip,start_utc\n{clip},{time}\n")
        done = run("ingest", tmp_path / "list.csv", "--out", tmp_path / "d", *FRAMES)
        assert done.code == 2 and f'line 2: start_utc: "{time}" is not a time' in done.err
    (tmp_path / "list.csv").write_text(f"clip,start_utc\n{clip},2026-07-01t16:03:00+0200\n")
    ingest(tmp_path / "list.csv", tmp_path / "d", *FRAMES)
    (row,) = table(tmp_path / "d", "clips")
    assert row["start_utc"].isoformat() == "2026-07-01T14:03:00+00:00"
