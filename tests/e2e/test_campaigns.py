# SPDX-License-Identifier: Apache-2.0
"""A hundred kills and fifty cancelled jobs at random moments, against an undisturbed run.

./dev test campaigns runs them, and the pairs of writers of test_writers.py.
"""

import collections
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
import ray  # noqa: F401, makes psutil importable, which it contains
from conftest import CLIPS, LIDO, SMALL, content, ingest, parts_done, run, start

import psutil  # isort: skip

# Smaller numbers try a change out; another seed gives other moments.
SEED = int(os.environ.get("LIDO_SEED", "2026"))
KILLS = int(os.environ.get("LIDO_KILLS", "100"))
CANCELS = int(os.environ.get("LIDO_CANCELS", "50"))
NAMES = ["h264_b.mp4", "hevc_b.mkv", "vp9.webm", "h264_b.ts", "av1.mp4", "mpeg4.avi"]
OPTIONS = [*SMALL, "--shard-mb", "0.1", "--span-s", "1"]
# Runs of one command until it succeeds, at most.
MAX_RUNS = 5
# In one run: a span whose process is killed three times is given up.
KILLS_OF_WORKERS = 2
# Positions among the processes of a command: itself, and each the child of the one before.
# On Ray, a supervising Python and the driver follow.
POSITIONS = {
    ("here", "driver"): [0],
    ("here", "child"): [1],
    ("ray", "driver"): [0, 1],
    ("ray", "child"): [2],
}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    for name in NAMES:
        shutil.copy(CLIPS / name, folder)
    return folder


@pytest.fixture(scope="module")
def reference(raw, tmp_path_factory):
    """Content of a dataset that an undisturbed run wrote."""
    out = tmp_path_factory.mktemp("reference") / "d"
    assert ingest(raw, out, *OPTIONS)["clips"] == len(NAMES)
    return content(out)


@pytest.fixture
def ray_here(monkeypatch):
    """A Ray of this process, which outlives the commands that use it."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("LIDO_PYTHON", sys.executable)
    monkeypatch.setenv("RAY_worker_niceness", "0")  # 15 starves beside other work
    args = {"num_cpus": 2, "object_store_memory": 100_000_000}
    cluster = Cluster(initialize_head=True, head_node_args=args)
    try:
        cluster.wait_for_nodes(timeout=90)
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        yield cluster
    finally:
        cluster.shutdown()


def phase(out):
    """Names the work that an ingest is doing, by the files that it has written."""
    if any(out.glob("generations/*/generation.json")):
        return "published"
    if any(out.glob(".work/runs/*/rows/*")):
        return "assembling"
    return "spans" if parts_done(out) else "planning"


def is_alive(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def strike(victim, others, out, number=signal.SIGKILL):
    """Stops processes, finds their phase, kills the victim, and lets the others continue.

    @return The phase; empty when the victim had ended.
    """
    stopped = [one for one in [*others, victim] if is_alive(one)]
    for one in stopped:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.suspend()
    found = phase(out) if is_alive(victim) else ""
    if found:
        victim.send_signal(number)
    for one in stopped:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.resume()
    return found


class Campaign:
    """Runs commands, kills a process of each, and counts the kills by target and phase."""

    def __init__(self, raw, folder, seed):
        self.raw, self.log = raw, folder / "log"
        self.chance = random.Random(seed)
        self.kills = collections.Counter()
        self.runs = collections.Counter()
        # Seconds of whole runs. A random moment within their median is a random moment of a run.
        self.seconds = {"here": [1.0], "ray": [6.0]}

    def start(self, out, on):
        workers = self.chance.choice([1, 2, 4])
        self.runs[on] += 1
        with open(self.log, "w") as log:
            return start(
                [LIDO, "ingest", self.raw, "--out", out, *OPTIONS, "--on", on]
                + ["--workers", workers, "--json", "--quiet"],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def kill(self, out, on, target):
        """Kills processes of a new run at random moments.

        @return The number of kills in mid-work, and whether the run was done nevertheless.
        """
        process = self.start(out, on)
        if target == "worker":
            found = [self.kill_worker(process, out) for _ in range(KILLS_OF_WORKERS)]
        else:
            longest = sorted(self.seconds[on])[len(self.seconds[on]) // 2]
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self.chance.random() * longest)
            family = self.chain(process)
            at = self.chance.choice(POSITIONS[on, target])
            others = [one for place, one in enumerate(family) if place != at]
            found = [strike(family[at], others, out) if at < len(family) else ""]
        process.communicate(timeout=300)
        self.kills.update((on, target, one or "not there") for one in found)
        return sum(one not in ("", "published") for one in found), process.returncode == 0

    @staticmethod
    def chain(process):
        """The processes of a command, each the child of the one before."""
        found = []
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(process.pid))
            while children := found[-1].children():
                found.append(children[0])
        return found

    def kill_worker(self, process, out):
        """Kills one of Ray's processes at a random moment of its work on spans."""
        moments = self.chance.randrange(20)
        while process.poll() is None:
            for worker in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if "work_spans" not in "".join(worker.cmdline()):
                        continue
                    if any(out.glob(".work/attempts/*")) and (moments := moments - 1) < 0:
                        return strike(worker, [], out)
            time.sleep(0.002)
        return ""

    def finish(self, out, on):
        """Runs the same command until it succeeds. @return Its last summary."""
        for _ in range(MAX_RUNS):
            begun = time.monotonic()
            process = self.start(out, on)
            told = process.communicate(timeout=300)[0]
            if process.returncode == 0:
                self.seconds[on].append(time.monotonic() - begun)
                return json.loads(told)
            # The driver of a command that was killed may still be at its end.
            complaint = self.log.read_text()
            assert process.returncode == 1 and "another process is writing" in complaint, complaint
        raise AssertionError(f"not done in {MAX_RUNS} runs: {complaint}")


@pytest.mark.slow
def test_a_hundred_kills(raw, reference, ray_here, tmp_path):
    campaign = Campaign(raw, tmp_path, SEED)
    kills = rounds = 0
    while kills < KILLS:
        target = ["driver", "child", "worker"][rounds % 3]
        on = "ray" if target == "worker" or rounds % 4 == 3 else "here"
        out = tmp_path / f"d{rounds}"
        done = False
        for _ in range(campaign.chance.randrange(1, 3)):
            if not done:
                killed, done = campaign.kill(out, on, target)
                kills += killed
        if not done:
            assert campaign.finish(out, on)["rejected"] == 0
        print(f"{time.strftime('%X')} round {rounds}: {on} {target}, {kills} kills", flush=True)
        assert content(out) == reference, f"round {rounds}: {on} {target}"
        shutil.rmtree(out)
        rounds += 1
        assert rounds < 2 * KILLS, campaign.kills
    print(f"\n{kills} kills in mid-work in {rounds} rounds; runs: {dict(campaign.runs)}")
    for (on, target, found), count in sorted(campaign.kills.items()):
        print(f"  {on} {target}, {found}: {count}")
    by_target = collections.Counter()
    for (_, target, found), count in campaign.kills.items():
        by_target[target] += count * (found in ("spans", "assembling"))
    assert min(by_target[target] for target in ("driver", "child", "worker")) >= KILLS / 10


def cancel_one(raw, out, on, seconds):
    """Submits a job and cancels it after some time.

    @return What it was doing; empty when it had ended.
    """
    command = [LIDO, "ingest", raw, "--out", out, *OPTIONS, "--quiet", *on]
    process = start(command, stderr=subprocess.PIPE, text=True)
    first = process.stderr.readline()
    assert "was submitted to" in first, first
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    found = phase(out)
    cancelled = run("cancel", first.split()[0], *on)
    said = process.stderr.read()
    code = process.wait(timeout=120)
    if cancelled.code != 0:
        assert cancelled.code == 2 and "has ended already" in cancelled.err, cancelled.err
        assert code == 0, said
        return ""
    assert code == 130 and "cancelled" in said or code == 0 and phase(out) == "published", said
    return found


@pytest.mark.slow
def test_fifty_cancelled_jobs(raw, reference, cluster, tmp_path):
    chance = random.Random(SEED)
    found, seconds = collections.Counter(), [6.0]
    rounds = cancels = 0
    while cancels < CANCELS:
        out = tmp_path / f"d{rounds}"
        for _ in range(chance.randrange(1, 5)):
            longest = sorted(seconds)[len(seconds) // 2]
            was = cancel_one(raw, out, cluster.on, chance.random() * longest)
            found[was or "ended before"] += 1
            cancels += was not in ("", "published")
        begun = time.monotonic()
        done = ingest(raw, out, *OPTIONS, *cluster.on)
        seconds.append(time.monotonic() - begun)
        assert done["rejected"] == 0
        print(f"{time.strftime('%X')} round {rounds}: {dict(found)}", flush=True)
        assert content(out) == reference, f"round {rounds}, cancelled while {was}"
        shutil.rmtree(out)
        rounds += 1
        assert rounds < 3 * CANCELS, found
    print(f"\n{cancels} jobs cancelled in mid-work in {rounds} rounds: {dict(found)}")
    assert found["spans"] + found["assembling"] >= CANCELS / 10
