# SPDX-License-Identifier: Apache-2.0
"""What `lido ingest --on ray` runs: reads a request from standard input, prints progress, the summary and how it ends; all as JSON lines.

Connects to the Ray that RAY_ADDRESS names, as in a job of a cluster; else starts one on this machine, and stops it.
"""

import json
import logging
import os
import socket
import sys
import threading
import time

# Nobody is told that Lido ran.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

RAY_VERSION = "2.60.0"
# Only small tables go through the object store.
STORE_BYTES = 128 << 20
# How long a job waits in silence for a node that offers what its tasks want.
PATIENCE_S = 20


def main():
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Whatever else Ray prints goes to standard error.

    def tell(line):
        print(json.dumps(line), file=lines, flush=True)

    code = drive(tell)
    tell({"exit": code})
    if "ray" in sys.modules:
        if code != 0:
            # Tasks may be out, among which Ray 2.60 now and then aborts when it is shut down: what counts is said already.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.modules["ray"].shutdown()
    return code


def drive(tell):
    """Returns the exit code."""
    try:
        import ray
    except ImportError:
        print(
            f"lido: --on ray needs Ray {RAY_VERSION} in this Python: pip install 'ray[data]=={RAY_VERSION}'",
            file=sys.stderr,
        )
        return 2
    if ray.__version__ != RAY_VERSION:
        print(f"lido: Ray is {ray.__version__}, want {RAY_VERSION}", file=sys.stderr)
        return 2
    from lido import LidoError, LidoUnavailable
    from lido.ray import data

    request = json.load(sys.stdin)
    try:
        plan = data.Plan(request)
        connect(ray, request["job"]["workers"])
        resources = request.get("ray", {})
        look_for_node(ray, resources, tell)
        spans = data.read_clips(plan, **resources)
        seen = {"spans": 0, "of": plan.spans, "frames": 0, "rejected": 0}
        told = 0.0

        def count(row):
            nonlocal told
            seen["spans"] += 1
            seen["frames"] += row["frames"]
            seen["rejected"] += row["broke"] != ""
            if time.monotonic() - told > 0.5:
                told = time.monotonic()
                tell(seen)

        tell({"summary": data.finish(plan, data.write_parts(spans, plan, **resources), told=count)})
        try:
            data.leave_nothing()
        except (
            ray.exceptions.RayError,
            RuntimeError,
        ) as error:  # the dataset is whole all the same
            print(f"lido: actors of Ray Data's are left: {error}", file=sys.stderr)
        return 0
    except LidoUnavailable as error:
        return refuse(error, 1)
    except LidoError as error:
        return refuse(error, 2)
    except ray.exceptions.RayError as error:
        return refuse(f"Ray: {str(error).strip().splitlines()[-1]}", 1)
    except ConnectionError as error:
        return refuse(error, 1)
    except KeyboardInterrupt:
        return refuse("stopped; the same command goes on from here", 130)


def refuse(error, code):
    print(f"lido: {error}", file=sys.stderr)
    return code


def connect(ray, workers):
    """Raises ConnectionError, in one line."""
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    address = os.environ.get("RAY_ADDRESS")
    if address and ":" in address:
        # Ray itself would try for minutes.
        host, _, port = address.removeprefix("ray://").rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except (OSError, ValueError) as error:
            raise ConnectionError(f"RAY_ADDRESS {address}: {error}") from None
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
        raise ConnectionError(
            f"RAY_ADDRESS {address or 'not set'}: {str(error).strip().splitlines()[0]}"
        ) from None
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # Ray Data sets its loggers up when it is first used.
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)


def look_for_node(ray, resources, tell):
    """Raises LidoError where no node can ever offer what a task wants; where one may still come, says that the job waits for it."""
    from lido import LidoError

    wanted = {
        "CPU": resources.get("num_cpus", 1),
        "GPU": resources.get("num_gpus", 0),
        "memory": resources.get("memory", 0),
        **resources.get("resources", {}),
    }
    words = ", ".join(f"{name} {amount:.12g}" for name, amount in wanted.items() if amount > 0)

    def found():
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return any(
            all(has.get(name, 0) >= amount for name, amount in wanted.items()) for has in nodes
        )

    def wait():
        time.sleep(PATIENCE_S)
        if not found():
            tell(
                {"note": f"no node of this Ray offers what a task wants ({words}); waiting for one"}
            )

    if found():
        return
    if not os.environ.get("RAY_ADDRESS"):
        has = {
            name: amount
            for name, amount in ray.cluster_resources().items()
            if not name.startswith(("node:", "object_store"))
        }
        raise LidoError(
            f"a task wants {words}; this machine offers {', '.join(f'{name} {amount:.12g}' for name, amount in sorted(has.items()))}"
        )
    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
