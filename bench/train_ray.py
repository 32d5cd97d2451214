# SPDX-License-Identifier: Apache-2.0
"""./dev bench train --only ray: two workers on Ray against two separate processes.

Both compute windows of 4 drawn images of 96 x 96 pixels in micro-batches of 16, one thread each.
Two separate runs of lido-train, started at once, share nothing: the ceiling of two workers. Their
speeds are added. Time counts from a step's batch to its end (wait_s + step_s of the summary), so
that starting, validating and writing are left out on both sides.

Also prints the time until steps are made again after a worker was killed or hung.
"""

import concurrent.futures
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from ingest import ROOT, cpu_model, revision, spread

EPOCHS = 10
HERE = {"LIDO_PYTHON": sys.executable, "PYTHONPATH": str(ROOT / "build/release/python")}
HERE |= {"RAY_worker_niceness": "0"}  # the priority of the processes to compare with
OPTIONS = {"epochs": EPOCHS, "checkpoint_seconds": 0}


def speed_of(samples, summary):
    return samples / (summary["wait_s"] + summary["step_s"])


def separate(halves, data, samples, folder):
    """Windows a second of two runs at once."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(halves.train, data, folder / f"alone{i}", batch_size=16, **OPTIONS)
            for i in range(2)
        ]
        return sum(speed_of(samples, run.result().json) for run in runs)


def together(halves, data, samples, folder):
    """Windows a second of two workers on Ray."""
    flags = ["--on", "ray", "--workers", 2]
    done = halves.train(data, folder / "ray", *flags, env=HERE, batch_size=32, **OPTIONS)
    return speed_of(samples, done.json)


def restarts(halves, tests, data, folder):
    """Seconds until steps after the last checkpoint are made again, by what happened."""
    took = {}
    options = halves.OPTIONS | tests.LONG | {"epochs": 60, "micro_batches": 2}
    for name, number in (("killed", signal.SIGKILL), ("hung", signal.SIGSTOP)):
        out = folder / name
        flags = ["--data", data, "--out", out, *halves.flags_of(options), "--quiet"]
        command = [halves.LIDO, "train", "people", *flags, "--on", "ray", "--workers", 2]
        process = tests.start(command, env=os.environ | HERE)
        try:
            while halves.steps_done(out) < 20:
                time.sleep(0.01)
            os.kill(tests.lido_trains(process)[1], number)
            at, begin = halves.steps_done(out), time.monotonic()
            while halves.steps_done(out) <= at + 2 and process.poll() is None:
                time.sleep(0.01)
            took[name] = time.monotonic() - begin
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(120)
    return took


def on_ray(rounds):
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    import halves
    import test_train_ray as tests

    print(f"revision {revision()}, {cpu_model()}, {os.cpu_count()} cores, {rounds} rounds\n")
    with tempfile.TemporaryDirectory() as text:
        folder = pathlib.Path(text)
        data = halves.make(folder / "data", size=96)
        plan = subprocess.run(
            [halves.LIDO, "train", "people", "--data", data, "--samples", "frame", "--dry-run"]
            + ["--json"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        samples = json.loads(plan.stdout)["train_samples"] * EPOCHS
        speeds = []
        for number in range(rounds):
            one = folder / str(number)
            one.mkdir()
            speeds.append(
                (separate(halves, data, samples, one), together(halves, data, samples, one))
            )
            apart, ray = speeds[-1]
            print(f"two processes {apart:.1f}, two Ray workers {ray:.1f} windows/s", flush=True)
        print(f"Ray / processes: {spread([ray / apart for apart, ray in speeds])}")
        print(f"median: {statistics.median(ray for _, ray in speeds):.1f} windows/s on Ray")
        for name, seconds in restarts(halves, tests, data, folder).items():
            print(f"steps again after a worker was {name}: {seconds:.1f} s", flush=True)
