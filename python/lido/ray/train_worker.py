# SPDX-License-Identifier: Apache-2.0
"""A worker of a training run: starts lido-train in a Ray worker process, and reads its lines."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from typing import Any

import ray
import ray.train
from ray.train.backend import Backend, BackendConfig

from lido import LidoError

# Exit codes of lido-train: an error that another attempt repeats; a stop that was asked for.
WRONG_USE, INTERRUPTED = 2, 130
# Time for which a worker waits for a hung one.
TIMEOUT_S = 50
# Time for lido-train to write a checkpoint when it is asked to stop.
STOP_S = 5
# State of this worker process: the place where it meets the others (host, port, attempt,
# listen_fd), and its lido-train.
meeting: dict[str, Any] = {}
running: list[subprocess.Popen] = []


def find_program(beside_lido: str) -> str:
    """lido-train on this machine. Raises LidoError where there is none."""
    for path in (os.environ.get("LIDO_TRAIN"), beside_lido, shutil.which("lido-train")):
        if path and os.access(path, os.X_OK):
            return path
    raise LidoError(
        f"no lido-train, looked for {beside_lido}, LIDO_TRAIN and the PATH: training needs it on "
        "every worker (docs/training.md)"
    )


def listen() -> tuple[str, int]:
    """Opens the socket at which worker 0 meets the others; its lido-train inherits the socket."""
    opened = socket.create_server(("", 0))
    port = opened.getsockname()[1]
    meeting["listen_fd"] = opened.detach()
    return ray.util.get_node_ip_address(), port


def meet(host: str, port: int, attempt: str) -> None:
    meeting.update(host=host, port=port, attempt=attempt)


def stop() -> None:
    """Asks lido-train for a checkpoint, and ends it."""
    for process in running:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
        process.kill()


class Meeting(Backend):
    """Hands out worker 0's address, a free port and a new name for each attempt."""

    def on_start(self, worker_group, backend_config):
        host, port = worker_group.execute_single(0, listen)
        worker_group.execute(meet, host, port, uuid.uuid4().hex)

    def on_shutdown(self, worker_group, backend_config):
        worker_group.execute(stop)


class MeetingConfig(BackendConfig):
    @property
    def backend_cls(self):
        return Meeting


@ray.remote(num_cpus=0)
class Mailbox:
    """Messages of workers to the driver."""

    def __init__(self):
        self.progress: dict[str, Any] = {}  # the last line of worker 0
        self.summary: dict[str, Any] = {}
        self.errors: list[str] = []
        self.refusal = ""  # an error that another attempt would repeat
        self.attempt, self.errors_before = "", 0

    def begin(self, attempt: str) -> None:
        """Begins an attempt. A last one that failed without an error lost a worker."""
        if self.attempt not in ("", attempt) and len(self.errors) == self.errors_before:
            self.errors.append("a worker was lost")
        self.attempt, self.errors_before = attempt, len(self.errors)

    def put(self, line: dict[str, Any]) -> None:
        if "model" in line:
            self.summary = line
        else:
            self.progress = line

    def fail(self, error: str, is_final: bool) -> None:
        self.errors.append(error)
        if is_final and not self.refusal:
            self.refusal = error

    def read(self) -> dict[str, Any]:
        return dict(vars(self))


def work(config: dict[str, Any]) -> None:
    """Trains as one of the workers. Raises RuntimeError when an attempt has failed."""
    request, mailbox = config["request"], config["mailbox"]
    if ray.get(mailbox.read.remote())["refusal"]:
        return  # this attempt would fail too
    context = ray.train.get_context()
    rank = context.get_world_rank()
    if rank == 0:
        ray.get(mailbox.begin.remote(meeting["attempt"]))
    worker = {
        "rank": rank,
        "workers": context.get_world_size(),
        "parent": os.getpid(),
        "timeout_ms": int(request.get("timeout_s", TIMEOUT_S) * 1000),
        "listen_fd": -1,
        **meeting,
    }
    asked = {**request["train"], "json": True, "quiet": False, "worker": worker}
    try:
        code, error = run(find_program(request["program"]), asked, mailbox)
    except LidoError as missing:
        code, error = WRONG_USE, str(missing)
    if code == 0:
        return
    error = f"worker {rank} on {socket.gethostname()}: {error}"
    if code != INTERRUPTED:
        ray.get(mailbox.fail.remote(error, code == WRONG_USE))
    raise RuntimeError(error)


def run(program: str, asked: dict[str, Any], mailbox) -> tuple[int, str]:
    """Runs lido-train to its end. Returns its exit code and its error."""
    inherited = [fd for fd in [asked["worker"]["listen_fd"]] if fd >= 0]
    process = subprocess.Popen(
        [program, json.dumps(asked)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=inherited,
    )
    running.append(process)
    for fd in inherited:
        os.close(fd)  # the port is free once lido-train has ended
    error = ""
    for line in process.stdout:
        if not line.startswith("{"):
            print(line, end="", file=sys.stderr)  # into the worker's log
            if line.startswith("lido: ") and not line.startswith(("lido: note:", "lido: warning:")):
                error = line.strip().removeprefix("lido: ")
            continue
        entry = json.loads(line)
        if "ended_epoch" in entry:
            entry["epochs"] = entry["ended_epoch"] + 1
            ray.train.report(entry)  # a barrier: each worker reports each epoch
        elif asked["worker"]["rank"] == 0:
            ray.get(mailbox.put.remote(entry))
    code = process.wait()
    if code < 0:
        return code, f"lido-train was ended by {signal.Signals(-code).name}"
    return code, error or f"lido-train ended with exit code {code}"
