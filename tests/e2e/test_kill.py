# SPDX-License-Identifier: Apache-2.0
"""Killed at any moment, the same command finishes the job with the same bytes."""

import os
import random
import signal
import subprocess
import time

import pytest
from conftest import (
    CLIPS,
    LIDO,
    SMALL,
    content,
    ingest,
    kill_with_parts,
    parts_done,
    run,
    start,
    wait_until,
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Content of a dataset whose ingest was not killed, and the seconds that the ingest took."""
    folder = tmp_path_factory.mktemp("reference")
    begun = time.monotonic()
    ingest(CLIPS, folder / "d", *SMALL, "--shard-mb", 0.5, "--span-s", 2)
    return content(folder / "d"), time.monotonic() - begun


@pytest.fixture(scope="module")
def reference(undisturbed):
    return undisturbed[0]


def command(clips, out, workers):
    return [
        LIDO,
        "ingest",
        str(clips),
        "--out",
        str(out),
        *SMALL,
        *"--shard-mb 0.5 --span-s 2 --workers".split(),
        str(workers),
        "--quiet",
    ]


def kill_at_random(clips, out, chance, longest_s, signals=(signal.SIGKILL,)):
    """Runs once and kills it on the way, the child or the parent; @return whether it was killed."""
    process = start(command(clips, out, chance.choice([1, 2, 4])))
    time.sleep(chance.random() * longest_s)
    if process.poll() is not None:
        return False
    which = chance.choice(signals)
    if which == signal.SIGKILL:
        os.killpg(process.pid, which)
    else:
        process.send_signal(which)
    process.wait(timeout=60)
    return True


def go_on_until_done(clips, out):
    done = subprocess.run(command(clips, out, 2), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_ingest_goes_on_to_the_same_bytes(clips, tmp_path, undisturbed, seed):
    reference, seconds = undisturbed
    chance = random.Random(seed)
    # The first is killed with some spans done, the others at any time.
    first = command(clips, tmp_path / "d", chance.choice([1, 2, 4]))
    kill_with_parts(first, tmp_path / "d", chance.randrange(1, 20))
    for _ in range(2):
        kill_at_random(clips, tmp_path / "d", chance, seconds / 2)
    go_on_until_done(clips, tmp_path / "d")
    assert content(tmp_path / "d") == reference


@pytest.mark.slow
def test_fifty_kills(clips, tmp_path, reference):
    chance = random.Random(2026)
    kills = 0
    for number in range(40):
        out = tmp_path / str(number)
        for _ in range(chance.randrange(1, 6)):
            kills += kill_at_random(
                clips,
                out,
                chance,
                3,
                (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT),
            )
        go_on_until_done(clips, out)
        assert content(out) == reference, f"round {number}"
    assert kills >= 50


def test_a_span_that_is_done_is_not_done_again(clips, tmp_path):
    inputs = [clips / n for n in ("h264_b.mp4", "hevc_b.mp4", "vp9.webm", "mpeg2.ts")]
    options = "--fps 30 --size 512 --window 2 --stride 1 --workers 1 --span-s 1".split()
    kill_with_parts(
        [LIDO, "ingest", *inputs, "--out", tmp_path / "d", *options, "--scene", "off", "--quiet"],
        tmp_path / "d",
        3,
    )
    summary = ingest(inputs, tmp_path / "d", *options)
    assert 3 <= summary["spans_resumed"] < summary["spans"]


def test_ctrl_c_is_clean(clips, tmp_path):
    options = "--fps 30 --size 512 --scene off".split()
    process = start(
        [LIDO, "ingest", clips, "--out", tmp_path / "d", *options],
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: parts_done(tmp_path / "d") >= 1, process)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "the same command resumes from here" in err
    assert not (tmp_path / "d/generations").exists()


def test_ctrl_c_while_shards_are_written(clips, tmp_path):
    arguments = ["--shard-mb", "0.001", "--span-s", "2"]
    process = start(
        [LIDO, "ingest", clips, "--out", tmp_path / "d", *SMALL, *arguments, "--quiet"],
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: any((tmp_path / "d").glob(".work/runs/*/rows")), process)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "the same command resumes from here" in said, said
    assert not any((tmp_path / "d/generations").glob("*/generation.json"))
    done = ingest(clips, tmp_path / "d", *SMALL, *arguments)
    assert done["spans_resumed"] == done["spans"]
    ingest(clips, tmp_path / "whole", *SMALL, *arguments)
    assert content(tmp_path / "d") == content(tmp_path / "whole")


def test_two_at_a_time_are_refused(clips, tmp_path):
    options = ["--out", tmp_path / "d", *"--fps 30 --size 512 --scene off".split()]
    first = start([LIDO, "ingest", clips, *options])
    wait_until(lambda: parts_done(tmp_path / "d") >= 1, first)
    os.killpg(first.pid, signal.SIGSTOP)  # the second waits for ten seconds
    second = run("ingest", clips, *options)
    os.killpg(first.pid, signal.SIGCONT)
    first.terminate()
    assert second.code == 1 and "another process is writing here" in second.err
    assert first.wait(timeout=30) == 130
