# SPDX-License-Identifier: Apache-2.0
"""Broken clips are rejected with a reason; nothing else is lost; nothing crashes or hangs."""

import os
import random
import re
import shutil
import subprocess

import pytest
from broken import make
from conftest import LIDO, SMALL, content, ingest, largest_process_mb, memory_counts, run, table

HARMLESS = {"really_mkv.mp4", "starts_late.ts"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    from conftest import CLIPS

    folder = tmp_path_factory.mktemp("broken")
    make(CLIPS, folder)
    return folder


def names(rows):
    return {row["clip"].rsplit("/", 1)[-1] for row in rows}


def test_every_broken_clip_is_rejected_with_a_reason(corpus, clips, tmp_path):
    result = ingest([corpus, clips / "h264_b.mp4"], tmp_path / "d", *SMALL, code=3)
    rejected = {row["clip"].rsplit("/", 1)[-1]: row for row in table(tmp_path / "d", "rejected")}
    every = {path.name for path in corpus.iterdir()}
    assert rejected.keys() == every - HARMLESS
    assert result["rejected"] == len(rejected)
    assert "Rejected clips" in (tmp_path / "d/report.html").read_text()
    assert names(table(tmp_path / "d", "manifest")) == {"h264_b.mp4"} | HARMLESS
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
        assert re.search(reason, rejected[name]["reason"]), rejected[name]
    for row in rejected.values():
        assert row["reason"] and "\n" not in row["reason"] and row["samples_kept"] == 0
    assert 2 < rejected["cut_half.mp4"]["time_s"] < 4
    assert 5.7 < rejected["jumps_back.ts"]["time_s"] < 6.1


def test_what_was_good_is_kept_when_asked(corpus, clips, tmp_path):
    ingest(
        [corpus / n for n in ("cut_half.mp4", "cut_half.mkv", "jumps_back.ts")],
        tmp_path / "d",
        *SMALL,
        "--keep-partial",
        code=4,
    )
    ingest(clips / "h264_moov_first.mp4", tmp_path / "good", *SMALL)
    good = {row["first_k"]: row["pts"] for row in table(tmp_path / "good", "manifest")}
    kept = [
        row for row in table(tmp_path / "d", "manifest") if row["clip"].endswith("cut_half.mp4")
    ]
    broke = next(
        row for row in table(tmp_path / "d", "rejected") if row["clip"].endswith("cut_half.mp4")
    )
    assert len(kept) == broke["samples_kept"] > 4
    assert all(
        good[row["first_k"]] == row["pts"] and row["end_s"] <= broke["time_s"] for row in kept
    )


def test_where_a_clip_in_spans_breaks_the_rest_goes_too(corpus, tmp_path):
    for span in (300, 1):
        ingest(
            corpus / "cut_half.mp4",
            tmp_path / str(span),
            *SMALL,
            "--keep-partial",
            "--span-s",
            span,
            code=4,
        )
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


@pytest.mark.skipif(
    os.environ.get("LIDO_SANITIZE") == "thread", reason="that preset forks no worker"
)
def test_a_clip_that_crashes_the_program_three_times_is_rejected(clips, tmp_path):
    shutil.copy(clips / "vp9.webm", tmp_path / "evil.webm")
    inputs = [tmp_path / "evil.webm", clips / "h264_b.mp4", clips / "mjpeg.avi"]
    ingest(inputs, tmp_path / "d", *SMALL, "--workers", 2, code=3, env={"LIDO_TEST_CRASH": "evil"})
    (row,) = table(tmp_path / "d", "rejected")
    assert (
        row["clip"].endswith("evil.webm") and "its worker process crashed 3 times" in row["reason"]
    )
    assert names(table(tmp_path / "d", "manifest")) == {"h264_b.mp4", "mjpeg.avi"}


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
