# SPDX-License-Identifier: Apache-2.0
"""Broken clips are rejected with a reason; nothing else is lost; nothing crashes or hangs."""

import io
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tarfile
import time

import pytest
from broken import make
from conftest import (
    LIDO,
    SMALL,
    content,
    ingest,
    largest_process_mb,
    made,
    memory_counts,
    run,
    table,
)

HARMLESS = {"really_mkv.mp4", "starts_late.ts"}
# Broken, with samples from before or behind the damage.
KEPT = {
    "cut_half.avi",
    "cut_half.mkv",
    "cut_half.mp4",
    "cut_late.mp4",
    "damaged_half.mp4",
    "jumps_back.ts",
    "noise_inside.ts",
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    from conftest import CLIPS

    folder = tmp_path_factory.mktemp("broken")
    make(CLIPS, folder)
    return folder


def names(rows):
    return {row["clip"].rsplit("/", 1)[-1] for row in rows}


def test_every_broken_clip_is_named_with_a_reason(corpus, clips, tmp_path):
    result = ingest([corpus, clips / "h264_b.mp4"], tmp_path / "d", *SMALL, code=3)
    rejected = {row["clip"].rsplit("/", 1)[-1]: row for row in table(tmp_path / "d", "rejected")}
    gaps = {row["clip"].rsplit("/", 1)[-1]: row for row in table(tmp_path / "d", "gaps")}
    every = {path.name for path in corpus.iterdir()}
    assert rejected.keys() | gaps.keys() == every - HARMLESS
    assert not rejected.keys() & gaps.keys()
    assert result["rejected"] == len(rejected) and result["broken"] == len(gaps)
    report = (tmp_path / "d/report.html").read_text()
    assert "Rejected clips" in report and "Left out of broken clips" in report
    assert names(table(tmp_path / "d", "manifest")) == {"h264_b.mp4"} | HARMLESS | KEPT
    expected = {
        "empty.mp4": "empty",
        "text.mp4": "not readable",
        "cut_half.mp4": "breaks off|cut off",
        "cut_late.mp4": "breaks off|cut off",
        "cut_half.mkv": "cut off|breaks off|damaged",
        "cut_half.avi": "cut off|breaks off",
        "encrypted.mp4": "encrypted",
        "huge.mp4": "33177600 pixels at most",
        "sound_only.mp4": "no video stream",
        "sound_only.ts": "no video stream|codec",
        "jumps_back.ts": "timestamps jump",
        "no_moov.mp4": "not readable",
    }
    for name, reason in expected.items():
        assert re.search(reason, (rejected | gaps)[name]["reason"]), (rejected | gaps)[name]
    for row in rejected.values():
        assert row["kind"] == "content" and row["samples_kept"] == 0
    for row in (rejected | gaps).values():
        assert row["reason"] and "\n" not in row["reason"]
    assert 2 < gaps["cut_half.mp4"]["start_s"] < 4 and gaps["cut_half.mp4"]["end_k"] == -1
    assert gaps["cut_half.mp4"]["end_s"] == pytest.approx(6, abs=0.1)  # by the header
    assert 5.7 < gaps["jumps_back.ts"]["start_s"] < 6.1
    # The end names three clips of each kind; those that broke with the second.
    assert [fault["rejected"] for fault in result["faults"]].count(True) == 3
    for fault in result["faults"]:
        name = fault["clip"].rsplit("/", 1)[-1]
        row = (rejected if fault["rejected"] else gaps)[name]
        assert fault["reason"] == row["reason"] and not fault["retried"]
        assert fault["time_s"] == (row["time_s"] if fault["rejected"] else row["start_s"])


def test_broken_clips_are_dropped_when_asked(corpus, clips, tmp_path):
    inputs = [corpus / "cut_half.mp4", clips / "h264_b.mp4"]
    result = ingest(inputs, tmp_path / "d", *SMALL, "--drop-broken", code=3)
    (row,) = table(tmp_path / "d", "rejected")
    assert result["rejected"] == 1 and row["clip"].endswith("cut_half.mp4") and row["time_s"] > 2
    assert names(table(tmp_path / "d", "manifest")) == {"h264_b.mp4"}
    assert table(tmp_path / "d", "gaps") == []


def frames_of(dataset):
    """Each frame in a sample (PTS, JPEG bytes) by its sampling time."""
    frames = {}
    for row in table(dataset, "manifest"):
        begin = row["offset"]
        data = (dataset / row["shard"]).read_bytes()[begin : begin + row["length"]]
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            files = [
                tar.extractfile(member).read() for member in tar if member.name.endswith("jpg")
            ]
        shown = len(files) - row["repeated"]
        for k, frame in enumerate(zip(row["pts"], files, strict=True), row["first_k"]):
            if k < row["first_k"] + shown:  # copies of the last frame follow
                assert frames.setdefault(k, frame) == frame
    return frames


def damaged(source, target, hits, bytes_each=3000):
    """Copies a clip with noise at some shares of its length."""
    data = bytearray(source.read_bytes())
    chance = random.Random(7)
    for share in hits:
        at = int(len(data) * share)
        data[at : at + bytes_each] = chance.randbytes(bytes_each)
    target.write_bytes(data)


EVERY_FRAME = "--fps 30 --size 64 --window 4 --stride 2 --scene off".split()
WAYS = {
    "whole": ["--workers", 1],
    "spans": ["--workers", 2, "--span-s", 1],
    "everything": ["--decode-everything"],
}


@pytest.mark.parametrize("name", ["h264_b.mp4", "hevc_b.mp4"])
@pytest.mark.parametrize("options", [SMALL, EVERY_FRAME], ids=["some", "every"])
def test_a_damaged_clip_keeps_what_equals_the_good_clip(clips, tmp_path, name, options):
    """The good clip's own ingest is the truth. One result, however the clip is divided."""
    damaged(clips / name, tmp_path / name, (0.2, 0.5))
    ingest(clips / name, tmp_path / "good", *options)
    good = frames_of(tmp_path / "good")
    for way, arguments in WAYS.items():
        ingest(tmp_path / name, tmp_path / way, *options, *arguments, code=3)
    kept = frames_of(tmp_path / "whole")
    gaps = table(tmp_path / "whole", "gaps")
    assert kept and set(kept) < set(good)
    wrong = [k for k, frame in kept.items() if frame != good[k]]
    assert not wrong, (wrong, gaps)
    for k in set(good) - set(kept):  # nothing else is lost
        assert any(gap["first_k"] <= k < gap["end_k"] % 10**6 for gap in gaps), (k, gaps)
    assert max(kept) > 0.8 * max(good), "nothing behind the damage was kept"
    for way in WAYS:
        assert table(tmp_path / way, "gaps") == gaps, way
        assert made(tmp_path / way) == made(tmp_path / "whole"), way


def test_one_damaged_stretch_costs_only_itself(clips, tmp_path):
    """All stays but the rest of one group of pictures."""
    damaged(clips / "h264_b.mp4", tmp_path / "damaged.mp4", (0.5,))
    probed = subprocess.run(
        [*"ffprobe -v error -select_streams v:0 -show_entries packet=pts_time,flags".split()]
        + ["-of", "csv=p=0", clips / "h264_b.mp4"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    keys = sorted(float(line.split(",")[0]) for line in probed if ",K" in line)
    ingest(tmp_path / "damaged.mp4", tmp_path / "d", *SMALL, code=3)
    (gap,) = table(tmp_path / "d", "gaps")
    points = [key - keys[0] for key in keys]
    after = min(point for point in points if point > gap["start_s"])
    assert 0 <= gap["end_s"] - after < 1 / 6 + 1e-6, (gap, points)
    starts = [row["start_s"] for row in table(tmp_path / "d", "manifest")]
    assert min(starts) == 0 and max(starts) > 4.5
    assert run("forget", tmp_path / "d", "--clip", "damaged.mp4", "--time", "0-0.5").code == 0
    labels = tmp_path / "labels.csv"
    labels.write_text("clip,start_s,end_s,task,label\ndamaged.mp4,0,9,behaviour,swimming\n")
    assert run("label", tmp_path / "d", "--labels", labels).code == 0
    for generation in (2, 3):
        assert table(tmp_path / "d", "gaps", generation) == [gap]
    done = run("inspect", tmp_path / "d")
    assert f"damaged.mp4: {gap['start_s']:.2f} s to {gap['end_s']:.2f} s: " in done.out, done.out


@pytest.mark.parametrize("name", ["h264_moov_first.mp4", "h264_b.mkv", "h264_b.ts", "hevc_b.mkv"])
def test_no_frame_is_wrong_wherever_a_file_is_cut(clips, tmp_path, name):
    """Frames are not in display order in the file, so some of those before a cut are missing."""
    ingest(clips / name, tmp_path / "good", *EVERY_FRAME)
    good = frames_of(tmp_path / "good")
    data = (clips / name).read_bytes()
    for cut in (0.55, 0.61, 0.74):
        clip = tmp_path / f"{cut}{pathlib.Path(name).suffix}"
        clip.write_bytes(data[: int(len(data) * cut)])
        out = tmp_path / f"{cut}"
        ingest(clip, out, *EVERY_FRAME, code=3)
        kept = frames_of(out)
        assert len(kept) > 20
        assert [k for k, frame in kept.items() if frame != good[k]] == []


def test_where_a_clip_in_spans_breaks_makes_no_difference(corpus, tmp_path):
    for span in (300, 1):
        ingest(corpus / "cut_half.mp4", tmp_path / str(span), *SMALL, "--span-s", span, code=3)
    kept = [{r["sample"] for r in table(tmp_path / str(s), "manifest")} for s in (300, 1)]
    assert kept[0] == kept[1] != set()


def test_all_broken_has_its_own_exit_code(corpus, tmp_path):
    done = run("ingest", corpus / "text.mp4", "--out", tmp_path / "d")
    assert done.code == 4 and "rejected" in done.out


@memory_counts
def test_no_claim_of_a_file_takes_memory(corpus, clips, tmp_path):
    """Sizes and counts that a header claims are not allocated before the bytes are there."""
    options = [*SMALL, "--workers", "1", "--quiet"]
    usual = largest_process_mb(
        [
            LIDO,
            "ingest",
            clips / "h264_b.mp4",
            clips / "vp9.webm",
            "--out",
            tmp_path / "a",
            *options,
        ]
    )
    broken = largest_process_mb(
        [LIDO, "ingest", corpus, "--out", tmp_path / "b", *options], codes=(3, 4)
    )
    # Codecs have tables of their own, and equal runs differ by some megabytes.
    assert broken < usual + 32, (broken, usual)


def test_mutated_clips_never_crash_it(clips, tmp_path):
    chance = random.Random(11)
    (tmp_path / "in").mkdir()
    sources = [
        clips / n
        for n in (
            "h264_b.mp4",
            "hevc_b.mkv",
            "h264_b.ts",
            "vp9.webm",
            "mjpeg.avi",
            "av1.mp4",
            "hevc_b.hevc",
            "mpeg4.avi",
        )
    ]
    for number in range(80):
        source = chance.choice(sources)
        data = bytearray(source.read_bytes())
        for _ in range(chance.choice([1, 10, 200])):
            at = (
                chance.randrange(len(data))
                if chance.random() < 0.7
                else chance.randrange(min(4000, len(data)))
            )
            data[at] = chance.randrange(256)
        (tmp_path / "in" / f"{number:03}{source.suffix}").write_bytes(data)
    done = run("ingest", tmp_path / "in", "--out", tmp_path / "d", *SMALL, "--keep-partial")
    assert done.code in (0, 3), done.err
    assert "signal" not in done.err
    assert run("inspect", tmp_path / "d", "--verify").code == 0


supervised = pytest.mark.skipif(
    os.environ.get("LIDO_SANITIZE") == "thread", reason="that preset forks no worker"
)


def faulty(clips, tmp_path, fault, *options, scene="off", code=3):
    """Ingests three clips of which "evil" meets a fault. Returns the row of the rejected one."""
    shutil.copy(clips / "vp9.webm", tmp_path / "evil.webm")
    inputs = [tmp_path / "evil.webm", clips / "h264_b.mp4", clips / "mjpeg.avi"]
    small = SMALL[: SMALL.index("--scene")]
    arguments = [*small, "--scene", scene, "--workers", 2, *options]
    done = run(
        "ingest",
        *inputs,
        "--out",
        tmp_path / "d",
        "--quiet",
        *arguments,
        env={"LIDO_TEST_FAULT": f"{fault}:evil"},
    )
    assert done.code == code, done.err
    assert names(table(tmp_path / "d", "clips")) == {"evil.webm", "h264_b.mp4", "mjpeg.avi"}
    (row,) = table(tmp_path / "d", "rejected")
    assert row["clip"].endswith("evil.webm")
    return done, row


@supervised
@pytest.mark.parametrize("step", ["plan", "span"])
def test_a_clip_that_crashes_the_program_three_times_is_rejected(clips, tmp_path, step):
    done, row = faulty(clips, tmp_path, f"crash:{step}")
    assert done.err.count("ended by signal 6") == 3, done.err
    assert row["reason"] == "its worker process crashed 3 times" and row["kind"] == "content"
    assert names(table(tmp_path / "d", "manifest")) == {"h264_b.mp4", "mjpeg.avi"}


@supervised
def test_a_clip_that_crashes_the_tracking_is_rejected(clips, tmp_path):
    if not pathlib.Path(os.environ.get("LIDO_MODELS", "nowhere"), "nanodet").exists():
        pytest.skip("no detector in LIDO_MODELS")
    done, row = faulty(clips, tmp_path, "crash:track", "--samples", "both", scene="on")
    assert done.err.count("ended by signal 6") == 3, done.err
    assert row["reason"] == "its worker process crashed 3 times" and row["kind"] == "content"
    assert names(table(tmp_path / "d", "manifest")) == {"h264_b.mp4", "mjpeg.avi"}


@supervised
def test_a_clip_that_crashes_while_its_frames_are_counted_gets_no_label(clips, tmp_path):
    """Labels of CVAT count frames, so the clip's timestamps are read."""
    shutil.copy(clips / "vp9.webm", tmp_path / "evil.webm")
    box = 'outside="0" occluded="0" keyframe="1" xtl="1" ytl="1" xbr="50" ybr="50" z_order="0"'
    (tmp_path / "labels.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>'
        "<meta><task><source>evil.webm</source></task></meta>"
        f'<track id="0" label="swimming"><box frame="0" {box}/><box frame="9" {box}/></track>'
        "</annotations>"
    )
    inputs = [tmp_path / "evil.webm", clips / "h264_b.mp4"]
    arguments = ["--labels", tmp_path / "labels.xml", "--json", "--quiet"]
    fault = {"LIDO_TEST_FAULT": "crash:label:evil"}
    done = run("ingest", *inputs, "--out", tmp_path / "d", *SMALL, *arguments, env=fault)
    assert done.code == 0, done.err
    assert done.err.count("ended by signal 6") == 3, done.err
    assert any("crashed 3 times" in line for line in done.json["warnings"]), done.json
    assert names(table(tmp_path / "d", "manifest")) == {"evil.webm", "h264_b.mp4"}
    assert not any(row["labels"] for row in table(tmp_path / "d", "manifest"))


@supervised
@pytest.mark.parametrize("step", ["plan", "span"])
def test_a_decoder_that_hangs_is_ended(clips, tmp_path, step):
    began = time.monotonic()
    done, row = faulty(clips, tmp_path, f"hang:{step}", "--hang-s", 3)
    assert time.monotonic() - began > 9
    assert done.err.count("no progress for 3 s") == 3 and "evil.webm" in done.err, done.err
    assert done.err.count("ended by signal 9") == 3, done.err
    assert row["reason"] == "its worker process crashed 3 times" and row["kind"] == "content"


@supervised
@pytest.mark.parametrize("step", ["plan", "span"])
def test_a_clip_whose_process_was_killed_is_tried_again(clips, tmp_path, step):
    done, row = faulty(clips, tmp_path, f"kill:{step}")
    assert done.err.count("ended by signal 9") >= 3, done.err
    assert "was killed" in row["reason"] and row["kind"] == "outside"
    inputs = [tmp_path / "evil.webm", clips / "h264_b.mp4", clips / "mjpeg.avi"]
    second = ingest(inputs, tmp_path / "d", *SMALL)
    assert second["clips"] == 1 and second["known"] == 2 and second["rejected"] == 0
    assert table(tmp_path / "d", "rejected", 2) == []
    ingest(inputs, tmp_path / "undisturbed", *SMALL)
    assert frames_of_all(tmp_path / "d", 2) == frames_of_all(tmp_path / "undisturbed", 1)


def frames_of_all(dataset, generation):
    return {row["sample"]: row["sha256"] for row in table(dataset, "manifest", generation)}


def test_a_clip_without_permission_is_tried_again(clips, tmp_path):
    """Run as a user for whom permissions count, and as root by a link that leads nowhere."""
    raw = tmp_path / "raw"
    raw.mkdir()
    shutil.copy(clips / "h264_b.mp4", raw / "good.mp4")
    shutil.copy(clips / "vp9.webm", raw / "closed.webm")
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.owner() == "root" and "pytest" in folder.name:
            folder.chmod(0o755)
    (raw / "closed.webm").chmod(0)

    def as_nobody(out):
        def demote():
            os.setgid(65534)
            os.setuid(65534)

        return subprocess.run(
            [LIDO, "ingest", str(raw), "--out", str(out), *SMALL, "--json", "--quiet"],
            capture_output=True,
            text=True,
            preexec_fn=demote if os.getuid() == 0 else None,
            timeout=120,
        )

    for generation in (1, 0):  # the second time nothing is new, and nothing is written
        done = as_nobody(tmp_path / "d")
        result = json.loads(done.stdout)
        assert done.returncode == (3 if generation else 4), done.stderr
        assert result["generation"] == generation and result["rejected"] == 1
        (fault,) = result["faults"]
        assert fault["retried"] and "closed.webm" in fault["clip"]
        assert "Permission denied" in fault["reason"]
    (row,) = table(tmp_path / "d", "rejected")
    assert row["kind"] == "outside"
    (raw / "closed.webm").chmod(0o644)
    result = json.loads(as_nobody(tmp_path / "d").stdout)
    assert result["clips"] == 1 and result["rejected"] == 0 and result["samples"] > 0
    assert names(table(tmp_path / "d", "manifest", 2)) == {"good.mp4", "closed.webm"}
    result = json.loads(as_nobody(tmp_path / "d").stdout)
    assert result["known"] == 2 and result["clips"] == 0


def test_a_clip_that_is_broken_is_not_read_again(corpus, tmp_path):
    ingest([corpus / "text.mp4", corpus / "cut_half.mp4"], tmp_path / "d", *SMALL, code=3)
    again = ingest([corpus / "text.mp4", corpus / "cut_half.mp4"], tmp_path / "d", *SMALL)
    assert again["known"] == 2 and again["generation"] == 0


def test_a_full_disk_is_a_clear_error_and_nothing_is_corrupt(clips, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], capture_output=True
        ).returncode
        != 0
    ):
        pytest.skip("cannot mount a small disk here")
    try:
        done = run(
            "ingest", clips / "h264_b.mp4", clips / "hevc_b.mp4", "--out", disk / "d", *SMALL
        )
        assert done.code == 1 and "No space left on device" in done.err, done.err
        subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
        ingest([clips / "h264_b.mp4", clips / "hevc_b.mp4"], disk / "d", *SMALL)
        ingest([clips / "h264_b.mp4", clips / "hevc_b.mp4"], tmp_path / "whole", *SMALL)
        assert content(disk / "d") == content(tmp_path / "whole")
    finally:
        subprocess.run(["umount", disk])
