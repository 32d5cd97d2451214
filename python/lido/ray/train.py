# SPDX-License-Identifier: Apache-2.0
"""Training on Ray: one run of lido-train by several workers, with Ray Train.

Ray places the workers, and starts them again when one is lost. lido-train computes in each of them,
and resumes from its own checkpoints in the run's folder: Ray stores none.
"""

import contextlib
import json
import math
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import Any

import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.v2.api.callback import UserCallback
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from lido import LidoError, LidoUnavailable
from lido.ray import cluster
from lido.ray.train_worker import WRONG_USE, Mailbox, MeetingConfig, find_program, work

Report = Callable[[dict[str, Any]], None]

# Time between two looks at the progress.
PERIOD_S = 0.5
# Errors of workers that lost another one.
LOST_ANOTHER = re.compile("another worker ended|: worker 0 failed")
# Ray Train's, unless the environment has others. A worker process that answers nothing for a minute
# is lost, as a hung lido-train is; a cold node of a cluster takes minutes to come.
ENVIRONMENT = {
    "RAY_TRAIN_WORKER_HEALTH_CHECK_TIMEOUT_S": "60",
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "900",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
}


def train(request: dict[str, Any], report: Report) -> None:
    """Trains to the end on the Ray that RAY_ADDRESS names, or on one that it starts.

    Raises LidoError, and LidoUnavailable where the same command may help.
    """
    os.environ.update({name: os.environ.get(name, value) for name, value in ENVIRONMENT.items()})
    prepare(request)
    cpus = request["cpus_per_worker"]
    cluster.connect(math.ceil(request["workers"][1] * cpus))
    cluster.check_nodes({"num_cpus": cpus}, report)
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    mailbox = Mailbox.options(scheduling_strategy=here).remote()
    errors: list[BaseException] = []

    def fit_or_keep_error():
        try:
            fit(request, mailbox)
        except BaseException as error:
            errors.append(error)

    # Ray Train would take Ctrl-C for itself in the main thread.
    thread = threading.Thread(target=fit_or_keep_error, daemon=True)
    thread.start()
    try:
        follow(thread, mailbox, report)
        report({"summary": summary_of(ray.get(mailbox.read.remote()), errors, request)})
    finally:
        stop_actors()


def stop_actors() -> None:
    """Ends the actors that Ray Train leaves, which would keep a cluster's workers alive."""
    with contextlib.suppress(ray.exceptions.RayError, RuntimeError):
        cluster.stop_ray_data_actors()


def lido_train(beside_lido: str, asked: dict[str, Any]) -> None:
    """Runs lido-train on this machine. Raises LidoError and LidoUnavailable."""
    program = find_program(beside_lido)
    done = subprocess.run([program, json.dumps(asked)], capture_output=True, text=True)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"{program}: exit code {done.returncode}"]
        error = LidoError if done.returncode == WRONG_USE else LidoUnavailable
        raise error(lines[-1].removeprefix("lido: "))


def prepare(request: dict[str, Any], or_resume: bool = False) -> None:
    """Begins the run's folder, or checks that the run can be resumed, before workers are started.

    With or_resume, resumes the run where the folder has one.
    """
    asked = {**request["train"], "prepare": True, "or_resume": or_resume}
    lido_train(request["program"], asked)
    request["train"]["resume"] = True


def fit(request: dict[str, Any], mailbox, callbacks: Sequence[UserCallback] = ()) -> None:
    """Runs the workers. Raises Ray's TrainingFailedError when no attempt is left."""
    least, most = request["workers"]
    with tempfile.TemporaryDirectory() as folder:  # for Ray's own notes
        DataParallelTrainer(
            work,
            train_loop_config={"request": request, "mailbox": mailbox},
            backend_config=MeetingConfig(),
            scaling_config=ScalingConfig(
                num_workers=most if least == most else (least, most),
                resources_per_worker={"CPU": request["cpus_per_worker"]},
            ),
            run_config=RunConfig(
                name="lido",
                storage_path=folder,
                failure_config=FailureConfig(max_failures=request["max_failures"]),
                callbacks=list(callbacks),
            ),
        ).fit()


def follow(thread: threading.Thread, mailbox, report: Report) -> None:
    """Reports progress and failed attempts until the thread ends."""
    progress: dict[str, Any] = {}
    errors = 0
    while thread.is_alive():
        thread.join(PERIOD_S)
        state = ray.get(mailbox.read.remote())
        if state["progress"] != progress:
            progress = state["progress"]
            report(progress)
        if len(state["errors"]) > errors and not state["refusal"]:
            report({"note": f"{cause_of(state['errors'][errors:])}; resuming if attempts are left"})
        errors = len(state["errors"])


def cause_of(errors: list[str]) -> str:
    """The last error that names a cause: workers that lost another one do not know why."""
    causes = [error for error in errors if not LOST_ANOTHER.search(error)]
    return (causes or errors)[-1]


def summary_of(state: dict, errors: list[BaseException], request: dict) -> dict[str, Any]:
    """The summary of lido-train. Raises the error that the user can act on."""
    if state["refusal"]:
        raise LidoError(state["refusal"])
    if error := error_of(state, errors, request):
        out = request["train"]["out"]
        raise LidoUnavailable(f"{error}; lido train --resume {out} --on ray resumes")
    return state["summary"]


def error_of(state: dict, errors: list[BaseException], request: dict) -> str:
    """Why a run failed; empty for one that did not."""
    if state["refusal"] or not errors:
        return state["refusal"]
    cause = (
        cause_of(state["errors"]) if state["errors"] else str(errors[0]).strip().splitlines()[-1]
    )
    return f"{cause}. All attempts failed (--max-failures {request['max_failures']})"
