# SPDX-License-Identifier: Apache-2.0
"""Runs jobs on real pods and fits the simulator's timings to them."""

import statistics
import time

from conftest import lido
from control_plane import wait_for
from real_cluster import begin, has_ended, said_by

# Spans and seconds of each. The Ray tasks sleep, so that the number of cores has no effect.
RUNS = [(1, 8), (2, 20), (6, 5), (20, 2), (4, 12), (3, 6), (12, 4), (2, 40), (10, 3), (1, 30)]
SLEEP = """
import ray, time
ray.init()
@ray.remote(num_cpus=1)
def span(i):
    begun = time.time()
    time.sleep({seconds})
    return begun, time.time()
print("begins at", time.time())
times = ray.get([span.remote(i) for i in range({spans})])
print("first at", min(a for a, _ in times), "last at", max(b for _, b in times))
"""


def is_ready(pod):
    conditions = pod["status"].get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def watch(real, job, begun):
    """Polls pods until the job has ended and all its workers are gone.

    Returns times of first sight with the group, of readiness and of disappearance by pod, the
    job's end, and the words of its output.
    """
    seen, ready, gone, end, words = {}, {}, {}, None, []
    while end is None or len(gone) < len(seen):
        now = time.time() - begun
        workers = real.pods("pool-a", **{"node-type": "worker"})
        here = {pod["metadata"]["name"]: pod for pod in workers}
        for name, pod in here.items():
            seen.setdefault(name, (now, pod["metadata"]["labels"]["ray.io/group"]))
            if is_ready(pod):
                ready.setdefault(name, now)
        for name in seen:
            if name not in here:
                gone.setdefault(name, now)
        if end is None and has_ended(real, job):
            end = time.time() - begun
            words = said_by(real, job).split()  # before its pod goes
        assert now < 300, (seen, ready, gone)
        time.sleep(0.1)
    return seen, ready, gone, end, words


def measure(real, spans, seconds):
    """Runs one job from no workers to none again. Returns times since its submission."""
    wait_for("no workers", lambda: not real.pods("pool-a", **{"node-type": "worker"}), seconds=120)
    begun = time.time()
    job = begin(real, SLEEP.format(spans=spans, seconds=seconds))
    seen, ready, gone, end, words = watch(real, job, begun)

    def at(*name):
        """Seconds at which the job's output names an event."""
        starts = range(len(words))
        found = next(i for i in starts if tuple(words[i : i + len(name)]) == name)
        return float(words[found + len(name)]) - begun

    driver = next(name for name, (_, group) in seen.items() if group == "driver")
    workers = sorted((name for name in ready if name != driver), key=ready.get)
    return {
        "spans": spans,
        "span_s": seconds,
        "driver_seen": seen[driver][0],
        "driver_ready": ready[driver],
        "begins": at("begins", "at"),
        "worker_seen": min(seen[name][0] for name in workers),
        "first_worker": ready[workers[0]],
        "all_workers": ready[workers[-1]],
        "workers": len(workers),
        "first_span": at("first", "at"),
        "last_span": at("last", "at"),
        "end": end,
        "zero": max(gone[name] for name in workers),
    }


def fitted(runs):
    """Timings of the simulator: medians over runs."""

    def middle(value):
        return round(statistics.median(map(value, runs)), 2)

    return {
        "decide_s": middle(
            lambda run: (run["driver_seen"] + run["worker_seen"] - run["begins"]) / 2
        ),
        "pod_start_s": middle(
            lambda run: (
                (
                    run["driver_ready"]
                    - run["driver_seen"]
                    + run["first_worker"]
                    - run["worker_seen"]
                )
                / 2
            )
        ),
        "driver_s": middle(lambda run: run["begins"] - run["driver_ready"]),
        "end_s": middle(lambda run: max(0, run["end"] - run["last_span"])),
        "idle_slack_s": middle(lambda run: max(0, run["zero"] - run["last_span"] - 15)),
    }


def predicted(tmp_path, cluster, timings, run):
    workload = tmp_path / "workload.yaml"
    workload.write_text(
        f"work:\n  - {{name: run, cluster: data, group: cpu, jobs: 1, spans: {run['spans']}, "
        f"spanSeconds: {run['span_s']}}}\n"
    )
    flags = [part for name, value in timings.items() for part in (f"--{name}", value)]
    done = lido(
        "simulate",
        cluster,
        "--workload",
        workload,
        "--json",
        "--max-age-days",
        36500,
        "--head_start_s",
        0,
        "--warm_nodes",
        10,
        "--workers_ahead",
        0,
        *flags,
    )
    assert done.code == 0, done.err
    return done.json["clusters"][0]
