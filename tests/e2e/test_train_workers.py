# SPDX-License-Identifier: Apache-2.0
"""Several workers train one network: the bytes of one, whatever dies."""

import json
import pathlib
import signal
import subprocess
import sys
import time

import halves
import pytest
from conftest import run

EPOCHS = {"epochs": 3}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return halves.make(tmp_path_factory.mktemp("halves"))


@pytest.fixture(scope="module")
def alone(data, tmp_path_factory):
    """A run of four micro-batches on one worker, without an interruption."""
    out = tmp_path_factory.mktemp("alone") / "r"
    done = halves.train(data, out, micro_batches=4, **EPOCHS)
    return out, done.json


def finish(processes):
    """Waits for the workers; returns the JSON lines of each."""
    lines = []
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        lines.append([json.loads(line) for line in out.splitlines()])
    return lines


@pytest.mark.parametrize("count", [2, 3])
def test_any_number_of_workers_gives_the_bytes_of_one(data, alone, tmp_path, count):
    out = tmp_path / "r"
    plan = halves.prepare(data, out, micro_batches=4, **EPOCHS)
    assert plan["steps"] == alone[1]["steps"] > 20
    lines = finish(halves.start_workers(out, count))
    assert halves.results(out) == halves.results(alone[0])
    epochs = [[line for line in of_worker if "ended_epoch" in line] for of_worker in lines]
    assert [one["ended_epoch"] for one in epochs[0]] == [0, 1, 2]
    assert all(of_worker == epochs[0] for of_worker in epochs), "workers know other figures"
    assert epochs[0][-1]["best_score"] == alone[1]["best_score"] > 0.9


@pytest.mark.parametrize("count", [2, 3])
def test_gestures_give_the_bytes_of_one_worker_too(tmp_path, count):
    """Their network leaves values out at random, and their table has no shards."""
    points, names = halves.make_points(tmp_path)
    options = {"micro_batches": 4, "epochs": 4, "no_augment": False, "classes": str(names)}
    flags = ["--threads", 1, "--micro-batches", 4, "--epochs", 4, "--classes", names]
    flags += ["--average", 0.8, "--patience", 0, "--samples", "frame", "--quiet"]
    alone = run("train", "gesture", "--points", points, "--out", tmp_path / "a", *flags)
    assert alone.code == 0, alone.err
    halves.prepare("", tmp_path / "r", "gesture", points, **options)
    finish(halves.start_workers(tmp_path / "r", count))
    assert halves.results(tmp_path / "r") == halves.results(tmp_path / "a")


def test_one_of_one_worker_is_the_trainer_itself(data, tmp_path):
    halves.train(data, tmp_path / "here", **EPOCHS)
    halves.prepare(data, tmp_path / "r", **EPOCHS)
    finish(halves.start_workers(tmp_path / "r", 1))
    assert halves.results(tmp_path / "r") == halves.results(tmp_path / "here")


def test_a_folder_that_has_a_run_is_resumed_where_that_is_asked(data, tmp_path):
    """A trial of `lido tune` may have begun or not when the search was stopped."""
    begun = halves.prepare(data, tmp_path / "r", or_resume=True, **EPOCHS)
    run_json = (tmp_path / "r" / "run.json").read_bytes()
    assert halves.prepare(data, tmp_path / "r", or_resume=True, **EPOCHS) == begun
    assert (tmp_path / "r" / "run.json").read_bytes() == run_json
    with pytest.raises(AssertionError, match="the folder is not empty, want a new one"):
        halves.prepare(data, tmp_path / "r", **EPOCHS)


def test_micro_batches_learn_as_well(data, alone, tmp_path):
    """They normalise over 4 windows in place of 16: another run, within 0.05 of the score."""
    done = halves.train(data, tmp_path / "r", **EPOCHS)
    assert done.json["best_score"] == pytest.approx(alone[1]["best_score"], abs=0.05)
    assert halves.results(tmp_path / "r") != halves.results(alone[0])


@pytest.mark.parametrize("lost", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("rank", [0, 1])
def test_a_lost_worker_is_noticed_and_another_number_resumes(data, alone, tmp_path, lost, rank):
    out, timeout_s = tmp_path / "r", 4
    halves.prepare(data, out, micro_batches=4, checkpoint_seconds=0.05, **EPOCHS)
    processes = halves.start_workers(out, 2, timeout_s)
    until = time.monotonic() + 120
    while not 3 < halves.steps_done(out) < alone[1]["steps"] - 5:
        assert time.monotonic() < until and processes[0].poll() is None
        time.sleep(0.002)
    processes[rank].send_signal(lost)
    begin = time.monotonic()
    _, err = processes[1 - rank].communicate(timeout=60)
    took = time.monotonic() - begin
    processes[rank].kill()
    processes[rank].communicate()
    assert processes[1 - rank].returncode == 1
    assert f"worker {1 - rank} of 2: another worker ended or did nothing for 4 s" in err
    assert err.count("\n") == 1, err
    assert took < (timeout_s + 15 if lost == signal.SIGSTOP else timeout_s + 5)
    assert halves.steps_done(out) < alone[1]["steps"]
    finish(halves.start_workers(out, 3))
    # The number of seconds between checkpoints is no part of the result.
    assert halves.results(out) == halves.results(alone[0])


def test_ctrl_c_of_one_worker_stops_all_with_a_checkpoint(data, alone, tmp_path):
    out = tmp_path / "r"
    halves.prepare(data, out, micro_batches=4, **EPOCHS)
    processes = halves.start_workers(out, 2)
    until = time.monotonic() + 120
    while not list(out.glob("checkpoints/*")):
        assert time.monotonic() < until and processes[0].poll() is None
        time.sleep(0.002)
    processes[1].send_signal(signal.SIGINT)
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [130, 130]
    assert run("train", "--resume", out, "--quiet").code == 0
    assert halves.results(out) == halves.results(alone[0])


def test_a_worker_ends_with_the_process_that_started_it(data, tmp_path):
    out = tmp_path / "r"
    halves.prepare(data, out, epochs=100000)
    starter = (
        "import halves, sys, time\n"
        f"[process] = halves.start_workers({str(out)!r}, 1)\n"
        "print(process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", starter],
        cwd=pathlib.Path(__file__).parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(parent.stdout.readline())
    until = time.monotonic() + 120
    while not list(out.glob("checkpoints/*")):
        assert time.monotonic() < until
        time.sleep(0.01)
    parent.kill()
    parent.wait()

    def is_running():
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False

    while is_running():
        assert time.monotonic() < until, "lido-train outlived its parent"
        time.sleep(0.01)


def test_micro_batches_that_do_not_fit_are_refused_in_one_line(data, tmp_path):
    done = halves.train(data, tmp_path / "r", micro_batches=3, code=2)
    assert "batch_size is 16, want a multiple of micro_batches, which is 3" in done.err
    assert done.err.count("\n") == 1 and not (tmp_path / "r").exists()
