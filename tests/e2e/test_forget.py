# SPDX-License-Identifier: Apache-2.0
"""Forgotten footage is gone from every file of a dataset, whatever happens meanwhile.

The truth: every JPEG that any stored file holds, found by its bytes, decoded by OpenCV, and named
by its brightness, which FFmpeg drew as the number of the frame.
"""

import base64
import collections
import csv
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import cv2
import numpy
import pyarrow
import pyarrow.parquet
import pytest
from conftest import LIDO, content, ingest, program, run, table

QUICK = [*"--fps 4 --size 64 --window 4 --stride 2 --scene off".split()]
STEPS = ("pages", "recorded", "scenes", "shards", "published", "swept")


def stepped_clip(path, first=0, frames=10, rate=1, steps=11):
    """A clip of grey frames, each 20 levels brighter than the one before, in turns of `steps`."""
    source = f"color=c=black:s=128x128:r={rate}:d={frames / rate}"
    subprocess.run(
        [
            *"ffmpeg -v error -nostdin -y -f lavfi -i".split(),
            f"{source},geq=lum='20+20*(mod(N,{steps})+{first})':cb=128:cr=128",
            *"-c:v libx264 -qp 5 -g 5 -pix_fmt yuv420p".split(),
            path,
        ],
        check=True,
    )
    return path


def jpegs(data):
    """Every JPEG in some bytes, however they are packed."""
    for match in re.finditer(rb"\xff\xd8\xff", data):
        image = cv2.imdecode(
            numpy.frombuffer(data, numpy.uint8, offset=match.start()), cv2.IMREAD_GRAYSCALE
        )
        if image is not None:  # and not three bytes inside other data
            yield image


def stored(dataset):
    """Every file below a dataset by its path, hidden ones too."""
    for folder, _, names in os.walk(dataset):
        for name in names:
            path = pathlib.Path(folder) / name
            yield str(path.relative_to(dataset)), path.read_bytes()


def frames_stored(dataset):
    """How often each frame's number is shown, over all files and the images inside of pages."""
    shown = collections.Counter()
    for name, data in stored(dataset):
        embedded = [base64.b64decode(m) for m in re.findall(rb'base64,([^"]+)"', data)]
        for part in [data, *embedded] if name.endswith(".html") else [data]:
            for image in jpegs(part):
                level = image.mean() * 219 / 255 + 16
                shown[round((level - 20) / 20)] += 1
    return shown


def forget(dataset, *options, code=0, env=None):
    done = run("forget", dataset, *options, "--json", env=env)
    assert done.code == code, (done.code, done.err, done.out)
    return done.json if code == 0 else done.err


@pytest.fixture
def steps(tmp_path):
    """A dataset of two clips with one frame a second, sampled four times a second."""
    clips = [stepped_clip(tmp_path / "a.mp4"), stepped_clip(tmp_path / "b.mp4", frames=9)]
    ingest(clips, tmp_path / "d", *QUICK, "--shard-mb", 0.001)
    assert frames_stored(tmp_path / "d").keys() == set(range(10))
    return tmp_path / "d"


def manifest(dataset):
    latest = max(int(p.name) for p in (dataset / "generations").iterdir())
    return table(dataset, "manifest", latest)


def manifest_of(dataset, generation):
    return table(dataset, "manifest", generation)


def test_a_frame_is_gone_from_every_time_at_which_it_was_sampled(tmp_path):
    ingest(stepped_clip(tmp_path / "a.mp4"), tmp_path / "d", *QUICK)
    run("inspect", tmp_path / "d", "--open")
    done = forget(tmp_path / "d", "--clip", "a.mp4", "--time", "5-5.5")
    assert done["samples_removed"] > 0
    assert frames_stored(tmp_path / "d").keys() == set(range(10)) - {5}


def test_the_frame_on_show_when_the_stretch_begins_is_part_of_it(tmp_path):
    ingest(stepped_clip(tmp_path / "a.mp4"), tmp_path / "d", *QUICK)
    forget(tmp_path / "d", "--clip", "a.mp4", "--time", "5.6-5.7")
    assert frames_stored(tmp_path / "d").keys() == set(range(10)) - {5}


def test_leftovers_of_a_killed_ingest_are_gone(steps):
    shards = sorted((steps / "shards").iterdir())
    half = shards[0].read_bytes()[: shards[0].stat().st_size // 2]
    (steps / "shards/.g000001-train-000099.tar.partial").write_bytes(half)
    (steps / ".work/parts").mkdir(parents=True)
    shutil.copy(shards[0], steps / ".work/parts/0123")
    shutil.copy(shards[0], steps / "shards/g000002-train-000000.tar")
    done = forget(steps, "--clip", "a.mp4", "--time", "all")
    assert done["leftovers_removed"] == 2
    assert {row["clip"].rsplit("/")[-1] for row in manifest(steps)} == {"b.mp4"}
    assert 9 not in frames_stored(steps), "only a.mp4 has a tenth frame"
    assert not [name for name, _ in stored(steps) if "partial" in name or ".work" in name]


def images_in_work(dataset):
    try:
        files = [data for name, data in stored(dataset) if name.startswith(".work/")]
    except FileNotFoundError:  # it got its name just now
        return 0
    return sum(sum(1 for _ in jpegs(data)) for data in files)


@pytest.mark.parametrize("first", [True, False])
def test_a_clip_that_no_generation_has_is_forgotten(tmp_path, first):
    """An ingest of a new clip is killed: its images are in the work folder alone."""
    dataset, known = tmp_path / "d", stepped_clip(tmp_path / "a.mp4")
    if not first:
        ingest(known, dataset, *QUICK)
    new = stepped_clip(tmp_path / "person.mp4", frames=2000, rate=25)
    command = [LIDO, "ingest", new, "--out", dataset, *QUICK, "--span-s", "1", "--quiet"]
    process = subprocess.Popen(command, start_new_session=True)
    while not (dataset / ".work").is_dir() or images_in_work(dataset) == 0:
        assert process.poll() is None, "the ingest must not have ended"
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    if not first:
        assert "--leftovers" in run("inspect", dataset, "--verify").err
    assert "--leftovers" in forget(dataset, "--clip", "absent.mp4", "--time", "all", code=2)
    done = forget(dataset, "--clip", new, "--time", "all")
    assert done["leftovers_removed"] > 0 and "no generation has this clip" in done["notes"][0]
    assert not [name for name, _ in stored(dataset) if ".work" in name]
    copy = shutil.copy(new, tmp_path / "renamed.mp4")
    ingest([known, new, copy], dataset, *QUICK)
    clips = {row["clip"] for row in manifest(dataset)}
    assert clips == {str(known)}


def test_the_next_ingest_removes_unfinished_writes(steps, tmp_path):
    left = steps / "shards/.g000001-train-000099.tar.partial"
    left.write_bytes(b"half")
    ingest([tmp_path / "a.mp4", tmp_path / "b.mp4"], steps, *QUICK)
    assert not left.exists()


def test_damage_of_another_clip_does_not_keep_footage(steps):
    run("inspect", steps, "--open")
    row = next(r for r in manifest(steps) if r["clip"].endswith("b.mp4"))
    shard = bytearray((steps / row["shard"]).read_bytes())
    shard[row["offset"] + row["length"] // 2] ^= 1
    (steps / row["shard"]).write_bytes(shard)
    done = run("forget", steps, "--clip", "a.mp4", "--time", "all", "--json")
    assert done.code == 0 and row["sample"] in done.err, done.err
    assert len(done.json["damaged"]) == 1
    assert 9 not in frames_stored(steps), "only a.mp4 has a tenth frame"
    assert "base64," in (steps / "report.html").read_text(), "the report is there, of b.mp4"
    assert not (steps / "contact_sheet.html").exists()
    assert row["sample"] in {r["sample"] for r in manifest(steps)}, "damaged, and not removed"


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_resumes(steps, tmp_path, step):
    shutil.copytree(steps, tmp_path / "killed")
    options = ("--clip", "a.mp4", "--time", "2-4")
    whole = forget(steps, *options)
    assert whole["samples_removed"] > 0
    dead = run("forget", tmp_path / "killed", *options, env={"LIDO_TEST_KILL": step})
    assert dead.code == -signal.SIGKILL, (dead.code, dead.err)
    assert not (tmp_path / "killed/report.html").exists()
    again = forget(tmp_path / "killed", *options)
    assert again["stretches"] == whole["stretches"]
    assert content(tmp_path / "killed") == content(steps)
    assert frames_stored(tmp_path / "killed").keys() == frames_stored(steps).keys()


def test_what_a_killed_removal_began_any_later_one_finishes(steps):
    run("forget", steps, "--clip", "a.mp4", "--time", "all", env={"LIDO_TEST_KILL": "recorded"})
    assert 9 in frames_stored(steps)
    assert "not finished" in run("inspect", steps).out
    forget(steps, "--clip", "b.mp4", "--time", "0-1")
    assert 9 not in frames_stored(steps)


def test_a_time_outside_the_clip_is_refused(steps):
    before = content(steps)
    assert "the clip ends at 0:10" in forget(
        steps, "--clip", "a.mp4", "--time", "12:30-14:00", code=2
    )
    assert content(steps) == before and (steps / "report.html").exists()
    done = run("forget", steps, "--clip", "a.mp4", "--time", "8-14:00", "--dry-run")
    assert done.code == 0 and "the clip ends at 0:10" in done.err


def test_a_dry_run_counts_and_removes_nothing(steps):
    before = content(steps)
    planned = forget(steps, "--clip", "a.mp4", "--time", "2-4", "--dry-run")
    assert content(steps) == before and (steps / "report.html").exists()
    done = forget(steps, "--clip", "a.mp4", "--time", "2-4")
    assert planned["samples"] == done["samples_removed"] > 0
    assert planned["shards"] == done["shards_rewritten"]
    assert planned["stretches"] == done["stretches"]


def test_many_clips_and_times_at_once(steps, tmp_path):
    with open(tmp_path / "list.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([["clip", "time"], ["a.mp4", "9-"], ["a.mp4", "0-1"], ["b.mp4", "0:00-1"]])
    done = forget(steps, "--list", tmp_path / "list.csv")
    assert [s["samples"] > 0 for s in done["stretches"]] == [True] * 3
    assert frames_stored(steps).keys() == set(range(1, 9))
    (tmp_path / "bad.csv").write_text("clip,time\na.mp4,0-1\nb.mp4,noon\n")
    error = forget(steps, "--list", tmp_path / "bad.csv", code=2)
    assert "bad.csv: line 3: time" in error and '"noon"' in error


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--clip is missing, want --clip and --time, or --list or --leftovers alone"),
        (["--clip", "a.mp4"], "--time is missing, want START-END"),
        (["--time", "all"], "--clip is missing, want the name of a clip"),
        (["--list", "x", "--clip", "a.mp4"], "--list: got --clip too, want --list alone"),
    ],
)
def test_the_missing_flag_is_named(steps, options, said):
    error = forget(steps, *options, code=2)
    assert error.count("\n") == 1 and error.startswith(f"lido: {said}"), error


def test_forgotten_footage_is_counted_apart(steps, tmp_path):
    clips = {row["clip"]: row["duration_s"] for row in table(steps, "clips")}
    lasts = {os.path.basename(clip): seconds for clip, seconds in clips.items()}
    before = run("inspect", steps, "--json").json
    assert (before["clips"], before["clips_forgotten"]) == (2, 0)
    assert before["footage_s"] == sum(lasts.values()) > 15 and before["forgotten_s"] == 0
    forget(steps, "--clip", "a.mp4", "--time", "all")
    forget(steps, "--clip", "b.mp4", "--time", "2-4")
    after = run("inspect", steps, "--json").json
    assert (after["clips"], after["clips_forgotten"]) == (1, 1)
    assert after["footage_s"] == pytest.approx(lasts["b.mp4"] - 2)
    assert after["forgotten_s"] == pytest.approx(lasts["a.mp4"] + 2)
    shown = run("inspect", steps).out
    assert f"1 clip, {lasts['b.mp4'] - 2:.0f} s of footage" in shown, shown
    assert f"removed by lido forget: {lasts['a.mp4'] + 2:.0f} s of 2 clips" in shown, shown
    again = run("ingest", *sorted(clips), "--out", steps)
    assert "the dataset has 1 clip already, and 1 clip was removed by lido forget." in again.out


def test_copies_in_a_dataset_are_named_and_need_a_choice(steps):
    path = steps / "generations/000001/clips.parquet"
    clips = pyarrow.parquet.read_table(path)
    same = pyarrow.array(["same"] * len(clips))
    at = clips.schema.get_field_index("fingerprint")
    pyarrow.parquet.write_table(clips.set_column(at, "fingerprint", same), path)
    before = content(steps)
    error = forget(steps, "--clip", "a.mp4", "--time", "0-1", code=2)
    assert "b.mp4" in error and "--copies" in error and "--only-this" in error
    assert content(steps) == before
    forget(steps, "--clip", "a.mp4", "--time", "0-1", "--only-this")
    assert 0 in frames_stored(steps)
    forget(steps, "--clip", "a.mp4", "--time", "0-1", "--copies")
    assert 0 not in frames_stored(steps)


def test_nothing_found_is_said_first(steps):
    forget(steps, "--clip", "a.mp4", "--time", "2-4")
    again = run("forget", steps, "--clip", "a.mp4", "--time", "2-4")
    assert again.code == 0 and again.out.startswith("0 samples removed"), again.out


def test_inspect_lists_what_was_forgotten(steps):
    forget(steps, "--clip", "a.mp4", "--time", "2-4")
    text, found = run("inspect", steps).out, run("inspect", steps, "--json").json["forgotten"]
    assert "a.mp4, 0:02 to 0:04" in text
    assert found[0]["clip"].endswith("a.mp4") and found[0]["samples"] > 0
    assert found[0]["seen_by"] == []


def test_a_forget_beside_an_ingest_is_refused(steps):
    import fcntl

    with open(steps / "lido.json") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = content(steps)
        done = subprocess.run(
            [LIDO, "forget", steps, "--clip", "a.mp4", "--time", "all"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1 and "another process is writing" in done.stderr
        assert content(steps) == before


def is_delayed(tracer):
    """Whether the process below strace has not moved for a fifth of a second."""
    children = pathlib.Path(f"/proc/{tracer}/task/{tracer}/children").read_text().split()
    for _ in range(20):
        try:
            states = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in children]
        except (
            FileNotFoundError,
            ProcessLookupError,
        ):  # a child that strace had only to try things
            return False
        if not states or not all("State:\tt (tracing stop)" in state for state in states):
            return False
        time.sleep(0.01)
    return True


def test_a_contact_sheet_that_is_late_does_not_bring_footage_back(steps):
    """The sheet is made before the removal, and its file is begun six seconds later."""
    begun = steps / ".contact_sheet.html.partial"
    sheet = subprocess.Popen(
        [program("strace"), "-qq", "-o", os.devnull, "-P", begun, "-e", "trace=openat",
         "-e", "inject=openat:delay_enter=6000000", LIDO, "inspect", steps, "--augmented"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not is_delayed(sheet.pid):
        assert sheet.poll() is None and time.monotonic() < deadline
    forget(steps, "--clip", "a.mp4", "--time", "all")
    forget(steps, "--clip", "b.mp4", "--time", "0-2")
    assert sheet.poll() is None and not begun.exists(), "the sheet was there before the removal"
    error = sheet.communicate(timeout=60)[1]
    assert sheet.returncode == 1 and "generation 1 was removed meanwhile" in error, error
    assert not (steps / "contact_sheet.html").exists()
    assert frames_stored(steps).keys() == set(range(2, 9))
