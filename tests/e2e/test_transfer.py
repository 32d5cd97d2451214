# SPDX-License-Identifier: Apache-2.0
"""Export of a person's footage; copies and moves of whole datasets.

The truth: files compared byte by byte by Python, images decoded by OpenCV (see test_forget.py).
"""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import tempfile

import pyarrow.parquet
import pytest
from conftest import ingest, run, table
from test_buckets import object_bytes
from test_forget import QUICK, frames_stored, stepped_clip
from test_inputs import as_nobody


def checksums(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(pathlib.Path(folder).rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def steps(tmp_path):
    clips = [stepped_clip(tmp_path / "a.mp4"), stepped_clip(tmp_path / "b.mp4", frames=10)]
    ingest(clips, tmp_path / "d", *QUICK, "--shard-mb", 0.001)
    return tmp_path / "d"


def test_an_export_has_the_frames_of_the_stretch_and_no_others(steps, tmp_path):
    out = tmp_path / "mine"
    done = run("export", steps, "--clip", "a.mp4", "--time", "2-4", "--out", out, "--json")
    assert done.code == 0, done.err
    shown = frames_stored(out)
    assert shown.keys() == {2, 3} and shown.total() == done.json["frames"]
    rows = pyarrow.parquet.read_table(out / "manifest.parquet").to_pylist()
    assert len(rows) == done.json["samples"] and {r["clip"] for r in rows} == {
        str(tmp_path / "a.mp4")
    }
    pts = {r["sample"]: r["pts"] for r in table(steps, "manifest")}
    assert all(pts[r["sample"]] == r["pts"] for r in rows)
    page = (out / "index.html").read_text()
    assert all(f'src="frames/{path.name}"' in page for path in (out / "frames").glob("*.jpg"))
    again = run("export", steps, "--clip", "a.mp4", "--time", "5-6", "--out", out)
    assert again.code == 0, again.err
    assert frames_stored(out).keys() == {5}
    (out / "mine.txt").write_text("mine")
    before = checksums(out)
    refused = run("export", steps, "--clip", "a.mp4", "--time", "2-4", "--out", out)
    assert refused.code == 2 and "mine.txt" in refused.err and checksums(out) == before
    outside = run("export", steps, "--clip", "a.mp4", "--time", "20-21", "--out", tmp_path / "no")
    assert outside.code == 2 and "the clip ends at 0:10" in outside.err


def test_an_export_of_nothing_gives_the_reason(steps, tmp_path):
    out = tmp_path / "mine"
    assert run("forget", steps, "--clip", "a.mp4", "--time", "2-4").code == 0
    done = run("export", steps, "--clip", "a.mp4", "--time", "2-3", "--out", out)
    assert done.code == 0 and "0 images of 0 samples" in done.out
    assert done.err == (
        f"lido: note: {tmp_path}/a.mp4, 0:02 to 0:03: nothing is stored: removed by lido forget\n"
    )
    some = run("export", steps, "--clip", "a.mp4", "--time", "8-9", "--out", out, "--json")
    assert some.err == "" and some.json["empty"] == [] and some.json["samples"] > 0


def test_a_copy_is_whole_and_a_move_leaves_nothing(steps, tmp_path):
    (steps / "notes.txt").write_text("mine")
    before = checksums(steps)
    mine = before.pop("notes.txt")
    done = run("copy", steps, tmp_path / "copy", "--json", "--quiet")
    assert done.code == 0 and done.json["files"] == len(before), done.err
    assert "notes.txt" in done.err
    assert checksums(tmp_path / "copy") == before
    assert run("inspect", tmp_path / "copy", "--verify").code == 0
    again = run("copy", steps, tmp_path / "copy", "--quiet")
    assert again.code == 2 and "empty" in again.err
    plan = run("move", steps, tmp_path / "moved", "--dry-run", "--json")
    assert plan.code == 0 and plan.json["files"] == len(before) and plan.json["dry_run"]
    assert "Nothing was written (--dry-run)." in run("move", steps, tmp_path / "m", "--dry-run").out
    assert checksums(tmp_path / "moved") == {} and checksums(steps).keys() > before.keys()
    moved = run("move", steps, tmp_path / "moved", "--json", "--quiet")
    assert moved.code == 0, moved.err
    assert checksums(tmp_path / "moved") == before
    assert checksums(steps) == {"notes.txt": mine}


@pytest.mark.parametrize("command", ["copy", "move"])
def test_killed_in_mid_work_it_is_no_dataset_and_resumes(steps, tmp_path, command):
    before = checksums(steps)
    to = tmp_path / "to"
    for files in (5, len(before) - 1):  # the last one makes it a dataset
        kill = {"LIDO_TEST_KILL_FILES": str(files)}
        dead = run(command, steps, to, "--workers", 1, "--quiet", env=kill)
        assert dead.code == -signal.SIGKILL, (dead.code, dead.err)
        assert len(checksums(to)) >= files and checksums(steps) == before
        assert run("inspect", to).code == 2
    done = run(command, steps, to, "--json", "--quiet")
    assert done.code == 0 and done.json["copied_earlier"] >= len(before) - 2, done.err
    assert checksums(to) == before
    assert checksums(steps) == (before if command == "copy" else {})


def test_a_move_killed_after_its_last_removal_is_finished(steps, tmp_path):
    before = checksums(steps)
    to = tmp_path / "to"
    assert run("move", steps, to, "--quiet").code == 0
    # The state that the kill leaves: no source, and the mark of the unfinished move.
    (to / ".work").mkdir()
    (to / ".work/transfer.json").write_text(json.dumps({"from": str(steps)}))
    done = run("move", steps, to, "--json", "--quiet")
    assert done.code == 0 and done.json["files"] == len(before), done.err
    assert checksums(to) == before
    assert run("move", steps, to, "--quiet").code == 2


def test_a_move_by_a_user_who_may_not_delete_names_both_places(steps):
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        root.chmod(0o777)
        shutil.copytree(steps, root / "d")
        (root / "d").chmod(0o777)  # but not its folders
        done = as_nobody("move", root / "d", root / "new")
        assert done.returncode == 2, done.stderr
        assert f"{root}/new is whole, but files of {root}/d are still there" in done.stderr
        before = checksums(steps)
        assert before.items() <= checksums(root / "new").items()
        assert "generations/000001/manifest.parquet" in checksums(root / "d")
        again = run("move", root / "d", root / "new")
        assert again.code == 0, again.err
        assert checksums(root / "new") == before and not (root / "d" / "lido.json").exists()


def test_between_disk_and_buckets(bucket, steps, tmp_path):
    uri, env, _ = bucket
    before = checksums(steps)
    away = f"{uri}/copied-{os.getpid()}"
    done = run("copy", steps, away, "--quiet", env=env)
    assert done.code == 0, done.err
    there = {
        name: hashlib.sha256(data).hexdigest()
        for name, data in object_bytes(away, env).items()
        if name and not name.endswith("/")
    }
    assert there == before
    done = run("move", away, tmp_path / "back", "--quiet", env=env)
    assert done.code == 0, done.err
    assert checksums(tmp_path / "back") == before and not [
        name for name in object_bytes(away, env) if name and not name.endswith("/")
    ]
