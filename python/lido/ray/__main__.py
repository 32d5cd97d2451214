# SPDX-License-Identifier: Apache-2.0
"""The driver of `lido ingest`, `lido train` and `lido tune` with `--on ray`.

Reads a request from standard input. Prints progress, the summary and the exit code as lines of
JSON. Connects to the Ray that RAY_ADDRESS names, as in a job of a cluster. Without it, starts one
on this machine, and stops it.
"""

import functools
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no telemetry

RAY_VERSION = "2.60.0"
# Time between two lines of progress.
PERIOD_S = 0.5

Report = Callable[[dict[str, Any]], None]


def main() -> int:
    """Runs the driver under supervision: a clip that crashes it while it plans is left out."""
    text = sys.stdin.read()  # once: the work may be done again
    # Training has processes of its own for what may crash.
    if "train" in json.loads(text):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return work(text, False)
    try:
        from lido import _work
    except ImportError:  # drive() names what is missing
        return work(text, False)
    return _work.supervise(functools.partial(work, text))


def work(text: str, careful: bool) -> int:
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # everything else that Ray prints goes to standard error

    def report(line: dict[str, Any]) -> None:
        print(json.dumps(line), file=lines, flush=True)

    code = drive(text, careful, report)
    report({"exit": code})
    if "ray" in sys.modules:
        if code != 0:
            # Ray 2.60 may abort when it is shut down while tasks run. The exit code is out already.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.modules["ray"].shutdown()
    return code


def drive(text: str, careful: bool, report: Report) -> int:
    """Runs the request. Returns the exit code."""
    try:
        import ray
    except ImportError:
        install = f"{sys.executable} -m pip install 'ray[data,train]=={RAY_VERSION}'"
        return refuse(f"--on ray: no Ray {RAY_VERSION} in this Python. Install it: {install}", 2)
    if ray.__version__ != RAY_VERSION:
        return refuse(f"Ray is {ray.__version__}, want {RAY_VERSION}", 2)
    from lido import LidoError, LidoUnavailable

    request = json.loads(text)
    try:
        if "space" in request:
            from lido.ray.tune import tune

            tune(request, report)
        elif "train" in request:
            from lido.ray.train import train

            train(request, report)
        else:
            ingest(request, careful, report)
        return 0
    except (LidoUnavailable, ConnectionError) as error:
        return refuse(error, 1)
    except LidoError as error:
        return refuse(error, 2)
    except ray.exceptions.RayError as error:
        return refuse(f"Ray: {str(error).strip().splitlines()[-1]}", 1)
    except ImportError as error:  # Ray Train wants more packages than Ray Data
        install = f"{sys.executable} -m pip install 'ray[data,train]=={RAY_VERSION}'"
        return refuse(f"--on ray: {error}. Install Ray Train: {install}", 2)
    except KeyboardInterrupt:
        if "train" not in request:
            return refuse("stopped; the same command resumes from here", 130)
        command = "tune" if "space" in request else "train"
        out = request["out"] if "space" in request else request["train"]["out"]
        return refuse(f"stopped; lido {command} --resume {out} --on ray resumes from here", 130)


def ingest(request: dict[str, Any], careful: bool, report: Report) -> None:
    """Plans the ingest before it connects, so that a bad request starts no Ray."""
    import ray

    from lido.ray import cluster, data

    # After the driver was killed, it plans and tracks one clip at a time.
    job = request["job"] | ({"workers": 1} if careful else {})
    plan = data.Plan(request | {"job": job})
    cluster.connect(request["job"]["workers"])
    resources = request.get("ray", {})
    cluster.check_nodes(resources, report)
    spans = data.read_clips(plan, **resources)
    done = data.write_parts(spans, plan, **resources)
    report({"summary": data.finish(plan, done, on_span=Progress(plan.spans, report).add)})
    try:
        cluster.stop_ray_data_actors()
    except (ray.exceptions.RayError, RuntimeError) as error:  # the dataset is complete
        print(f"lido: warning: Ray Data left its actors running: {error}", file=sys.stderr)


class Progress:
    """Counts spans, and reports now and then."""

    def __init__(self, spans: int, report: Report):
        self.counts = {"spans": 0, "of": spans, "frames": 0, "rejected": 0}
        self.report = report
        self.reported_s = 0.0

    def add(self, row: dict[str, Any]) -> None:
        self.counts["spans"] += 1
        self.counts["frames"] += row["frames"]
        self.counts["rejected"] += row["error"] != ""
        if time.monotonic() - self.reported_s > PERIOD_S:
            self.reported_s = time.monotonic()
            self.report(self.counts)


def refuse(error: object, code: int) -> int:
    print(f"lido: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
