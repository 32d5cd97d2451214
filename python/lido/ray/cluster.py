# SPDX-License-Identifier: Apache-2.0
"""The Ray that a job runs on: connects to it, checks its nodes, leaves it clean."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import ray
import ray.data

from lido import LidoError

# Object store of a Ray on this machine: only small tables go through it.
STORE_BYTES = 128 << 20
# Time before a job reports that it waits for a node with the resources of its tasks.
PATIENCE_S = 20
# Actors that Ray Data starts once per cluster: name, namespace.
RAY_DATA_ACTORS = [
    ("datasets_stats_actor", "_dataset_stats_actor"),
    ("AutoscalingCoordinator", "AutoscalingCoordinator"),
]


def connect(workers: int) -> None:
    """Connects to the Ray that RAY_ADDRESS names, or starts one on this machine.

    `workers` is its number of CPUs, 0 for all. Raises ConnectionError with a message of one line.
    """
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    address = os.environ.get("RAY_ADDRESS")
    if address and ":" in address:
        check_port(address)  # Ray itself would try for minutes
    try:
        if address:
            ray.init(**quiet)
        else:
            ray.init(
                num_cpus=workers or None,
                object_store_memory=STORE_BYTES,
                include_dashboard=False,
                **quiet,
            )
    except (RuntimeError, ValueError, ConnectionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ConnectionError(f"RAY_ADDRESS {address or 'not set'}: {reason}") from None
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    for name in ("ray", "ray.data"):  # Ray Data sets up its loggers at its first use
        logging.getLogger(name).setLevel(logging.ERROR)


def check_port(address: str) -> None:
    """Raises ConnectionError when nothing listens there."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, ValueError) as error:
        raise ConnectionError(f"RAY_ADDRESS {address}: {error}") from None


def as_text(resources: dict[str, float]) -> str:
    """Resources as "CPU 1, memory 4e9"."""
    return ", ".join(f"{name} {amount:.12g}" for name, amount in resources.items() if amount > 0)


def check_nodes(resources: dict[str, Any], report: Callable[[dict], None]) -> None:
    """Checks that some node has the resources of a task.

    Raises LidoError where no such node can come. In a cluster it may: then the job waits, and
    report({"note": ...}) is called after PATIENCE_S.
    """
    wanted = {
        "CPU": resources.get("num_cpus", 1),
        "GPU": resources.get("num_gpus", 0),
        "memory": resources.get("memory", 0),
        **resources.get("resources", {}),
    }

    def found() -> bool:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return any(
            all(has.get(key, 0) >= amount for key, amount in wanted.items()) for has in nodes
        )

    def report_later() -> None:
        time.sleep(PATIENCE_S)
        if not found():
            note = f"no node of this Ray offers what a task wants ({as_text(wanted)})"
            report({"note": f"{note}; waiting for one"})

    if found():
        return
    if not os.environ.get("RAY_ADDRESS"):
        internal = ("node:", "object_store")
        offered = {
            name: amount
            for name, amount in sorted(ray.cluster_resources().items())
            if not name.startswith(internal)
        }
        raise LidoError(f"a task wants {as_text(wanted)}; this machine offers {as_text(offered)}")
    threading.Thread(target=report_later, daemon=True).start()


def stop_ray_data_actors() -> None:
    """Stops the actors that Ray Data leaves behind, which keep the cluster alive.

    Does nothing while other jobs run, which may use the actors: the last job stops them.
    """
    own = ray.get_runtime_context().get_job_id()
    for job in ray._private.state.jobs():
        internal = job["Entrypoint"].startswith("ray::Dashboard")
        if not job["IsDead"] and job["JobID"] != own and not internal:
            return
    for name, namespace in RAY_DATA_ACTORS:
        try:
            ray.kill(ray.get_actor(name, namespace))
        except ValueError:
            pass  # not running
