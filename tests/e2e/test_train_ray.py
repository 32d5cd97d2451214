# SPDX-License-Identifier: Apache-2.0
"""lido train --on ray: the bytes of the one-machine trainer, whatever dies."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import halves
import pytest
from conftest import LIDO, family, run, start

HERE = {"LIDO_PYTHON": sys.executable}
EPOCHS = {"epochs": 3}
# Long enough to be met in the middle.
LONG = {"epochs": 8, "checkpoint_seconds": 0.05, "micro_batches": 2}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return halves.make(tmp_path_factory.mktemp("halves"))


@pytest.fixture(scope="module")
def long_run(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("long") / "r"
    return out, halves.train(data, out, **LONG).json


def test_one_worker_gives_the_bytes_of_the_trainer(data, tmp_path):
    here = halves.train(data, tmp_path / "here", **EPOCHS).json
    there = halves.train(data, tmp_path / "there", "--on", "ray", env=HERE, **EPOCHS).json
    assert halves.results(tmp_path / "there") == halves.results(tmp_path / "here")
    for name in ("steps", "epochs", "best_epoch", "best_score", "stopped_early"):
        assert there[name] == here[name]
    assert there["model"] == str(tmp_path / "there/model")


def test_gestures_of_a_table_train_with_two_workers(tmp_path, monkeypatch):
    """The workers have other working folders than this command."""
    monkeypatch.chdir(tmp_path)
    halves.make_points(tmp_path)
    flags = ["--points", "points.csv", "--classes", "names.csv", "--epochs", 3, "--quiet"]
    flags += ["--threads", 1, "--micro-batches", 2]
    here = run("train", "gesture", *flags, "--out", "here")
    assert here.code == 0, here.err
    there = run("train", "gesture", *flags, "--out", "r", "--on", "ray", "--workers", 2, env=HERE)
    assert there.code == 0, there.err
    assert halves.results(tmp_path / "r") == halves.results(tmp_path / "here")


def lido_trains(process):
    """Process ids of the lido-train of each worker below a process, by rank."""
    found = {}
    for pid in family(process.pid):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            if pathlib.Path(words[0]).name == "lido-train":
                found[json.loads(words[1]).get("worker", {}).get("rank")] = pid
    return found


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def watched():
    """Ends a program that started Ray when its test fails. The program leads a session."""
    processes = []
    yield lambda process: processes.append(process) or process
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(90)


def wait_for_middle(process, out, steps):
    """Waits until a run is in the middle. Returns the process ids of its lido-train."""
    until = time.monotonic() + 400  # Ray's processes run with a low priority
    while not steps // 8 < halves.steps_done(out) < steps // 2:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.005)
    trains = lido_trains(process)
    assert set(trains) == {0, 1}
    return trains


@pytest.mark.parametrize("rank, whom", [(0, "lido-train"), (1, "its parent")])
def test_a_killed_worker_is_started_again(data, long_run, tmp_path, watched, rank, whom):
    out = tmp_path / "r"
    flags = ["--data", data, "--out", out, *halves.flags_of(halves.OPTIONS | LONG)]
    command = [LIDO, "train", "people", *flags, "--json", "--on", "ray", "--workers", 2]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = watched(start(command, env=os.environ | HERE, **pipes))
    victim = wait_for_middle(process, out, long_run[1]["steps"])[rank]
    os.kill(victim if whom == "lido-train" else parent_of(victim), signal.SIGKILL)
    killed_at, killed_s = halves.steps_done(out), time.monotonic()
    while halves.steps_done(out) <= killed_at + 2 and process.poll() is None:
        time.sleep(0.01)
    print(f"steps again {time.monotonic() - killed_s:.1f} s after a kill of {whom}")
    out_text, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    assert re.search("lido: note: (worker |a worker was lost).*; resuming", err), err
    assert halves.results(out) == halves.results(long_run[0])
    summary = json.loads(out_text)
    assert summary["best_score"] == long_run[1]["best_score"]


def drive(request):
    """Starts the driver with a request, as lido does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lido.ray"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    process.stdin.write(json.dumps(request))
    process.stdin.close()
    process.stdin = None
    return process


def test_a_hung_worker_is_started_again(data, long_run, tmp_path, watched):
    """SIGSTOP: the others notice it after timeout_s, which is 50 for lido train."""
    out = tmp_path / "r"
    training = {"out": str(out), "revision": "test", "network": "people", "data": str(data)}
    training["points"] = ""
    training |= {"resume": False, "dry_run": False, "options": halves.OPTIONS | LONG}
    request = {"train": training | {"json": True, "quiet": True}, "program": str(halves.TRAIN)}
    request |= {"workers": [2, 2], "cpus_per_worker": 1, "max_failures": 3, "timeout_s": 5}
    process = watched(drive(request))
    os.kill(wait_for_middle(process, out, long_run[1]["steps"])[1], signal.SIGSTOP)
    stopped_at, stopped_s = halves.steps_done(out), time.monotonic()
    while halves.steps_done(out) <= stopped_at + 2 and process.poll() is None:
        time.sleep(0.01)
    print(f"steps again {time.monotonic() - stopped_s:.1f} s after a hang, 5 s of it a timeout")
    text, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    lines = [json.loads(line) for line in text.splitlines()]
    assert any("did nothing for 5 s" in line.get("note", "") for line in lines)
    assert lines[-1] == {"exit": 0} and "summary" in lines[-2]
    assert halves.results(out) == halves.results(long_run[0])


def test_ctrl_c_ends_ray_and_resume_goes_on(data, long_run, tmp_path, watched):
    out = tmp_path / "r"
    flags = ["--data", data, "--out", out, *halves.flags_of(halves.OPTIONS | LONG)]
    command = [LIDO, "train", "people", *flags, "--quiet", "--on", "ray", "--workers", 2]
    process = watched(start(command, env=os.environ | HERE, stderr=subprocess.PIPE, text=True))
    trains = wait_for_middle(process, out, long_run[1]["steps"])
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 130 and f"lido train --resume {out}" in err, err
    until = time.monotonic() + 30
    while any(pathlib.Path(f"/proc/{pid}").exists() for pid in trains.values()):
        assert time.monotonic() < until, "lido-train outlived Ray"
        time.sleep(0.05)
    done = run("train", "--resume", out, "--on", "ray", "--json", "--quiet", env=HERE)
    assert done.code == 0, done.err
    assert halves.results(out) == halves.results(long_run[0])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--workers", "0", "--on", "ray"], '--workers: got "0", want a number from 1 to 1024'),
        (["--workers", "4:2", "--on", "ray"], '--workers: got "4:2", want a number from 1'),
        (["--workers", "2"], "--workers: no use with --on here"),
        (["--workers", "4", "--micro-batches", "2", "--on", "ray"], "--workers: got 4, want at"),
        (["--workers", "3", "--on", "ray"], "batch_size is 16, want a multiple of micro_batches"),
        (["--on", "moon"], "moon"),
        (["--on", "ray", "--data", "/none"], "/none"),
        (["--on", "ray", "--classes", "side=left,up"], '"up"'),
    ],
)
def test_bad_requests_get_one_line_and_start_nothing(data, tmp_path, flags, message):
    out = tmp_path / "r"
    data = [] if "--data" in flags else ["--data", data]
    done = run("train", "people", *data, "--out", out, "--samples", "frame", *flags, env=HERE)
    assert done.code == 2 and message in done.err, (done.code, done.err)
    assert done.err.count("\n") == 1 and not out.exists(), done.err


def test_runs_that_do_not_fit_are_refused_in_one_line(data, tmp_path):
    out = tmp_path / "r"
    halves.train(data, out, epochs=1)
    config = (out / "config.yaml").read_text()
    other = halves.make(tmp_path / "small", size=48)
    for changed, flags, message in (
        (config, ["--workers", 2], "want at most the run's micro_batches, which is 1"),
        (config, ["--epochs", 9], "got --epochs too"),
        (config.replace(str(data), str(other)), [], "checkpoints: of another network"),
        (config.replace(str(data), "/none"), [], "/none"),
    ):
        (out / "config.yaml").write_text(changed)
        done = run("train", "--resume", out, "--on", "ray", "--quiet", *flags, env=HERE)
        assert done.code == 2 and message in done.err, (done.code, done.err)
        assert done.err.count("\n") == 1, done.err
    done = run("train", "--resume", tmp_path / "none", "--on", "ray", env=HERE)
    assert done.code == 2 and "no run to resume" in done.err and done.err.count("\n") == 1


def test_workers_without_lido_train_are_one_line(data, tmp_path):
    """The driver has it; the workers do not, as on a cluster whose image lacks it."""
    (tmp_path / "alone").mkdir()
    alone = shutil.copy(LIDO, tmp_path / "alone/lido")
    flags = ["--data", data, "--samples", "frame", "--on", "ray", "--quiet"]
    done = subprocess.run(
        [alone, "train", "people", *flags, "--out", tmp_path / "r"],
        env=os.environ | HERE | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2 and "no lido-train, looked for" in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1
