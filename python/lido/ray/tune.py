# SPDX-License-Identifier: Apache-2.0
"""Trials on Ray: training runs with options out of a search space, by Ray Tune over Ray Train.

Each trial is a training run of its own, in the folder trials/NUMBER. Ray Tune draws the options,
and ends trials that are behind; the folder ray has its notes, from which it resumes.
"""

import functools
import math
import os
import threading
from collections.abc import Callable
from typing import Any

import ray
import ray.tune
from ray.tune.integration.ray_train import TuneReportCallback
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
from ray.tune.search import BasicVariantGenerator

from lido import LidoError, LidoUnavailable
from lido.ray import cluster
from lido.ray.train import ENVIRONMENT, PERIOD_S, error_of, fit, lido_train, prepare, stop_actors
from lido.ray.train_worker import Mailbox

Report = Callable[[dict[str, Any]], None]

SCORE = "best_score"
# Memory that Ray reserves for a trial's own process. It takes no CPU: the trial's workers do.
TRIAL_BYTES = 200 << 20
# Ray Tune's, unless the environment has others: its notes are written often, since a search that
# is stopped before them begins again; no files of other loggers.
TUNE_ENVIRONMENT = {
    "TUNE_GLOBAL_CHECKPOINT_S": "5",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
}


def tune(request: dict[str, Any], report: Report) -> None:
    """Runs the trials on the Ray that RAY_ADDRESS names, or on one that it starts.

    Raises LidoError, and LidoUnavailable where the same command may help.
    """
    environment = ENVIRONMENT | TUNE_ENVIRONMENT
    os.environ.update({name: os.environ.get(name, value) for name, value in environment.items()})
    lido_train(request["program"], {**request["train"], "dry_run": True})
    report({"checked": True})
    cpus = request["workers"][1] * request["cpus_per_worker"]
    here = max(1, int((os.cpu_count() or 1) // cpus))
    cluster.connect(math.ceil(min(here, request["trials"]) * cpus))
    cluster.check_nodes({"num_cpus": request["cpus_per_worker"]}, report)
    at_once = request["at_once"] or int(ray.cluster_resources().get("CPU", 0) // cpus)
    if at_once < 1 and not os.environ.get("RAY_ADDRESS"):
        raise LidoError(f"a trial wants CPU {cpus:.12g}; this machine offers fewer")
    board = Board.remote()
    found: list[Any] = []

    def search():
        try:
            found.append(tuner_of(request, max(1, at_once), board).fit())
        except BaseException as error:
            found.append(error)

    # Ray Tune would take Ctrl-C for itself in the main thread.
    thread = threading.Thread(target=search, daemon=True)
    thread.start()
    try:
        follow(thread, board, request["trials"], report)
    finally:
        stop_actors()
    if isinstance(found[0], BaseException):
        raise LidoUnavailable(f"Ray Tune: {str(found[0]).strip().splitlines()[-1]}")
    report({"summary": sorted((row_of(one) for one in found[0]), key=rank_of)})


def axis_of(axis: dict[str, Any]):
    """A part of the search space, as Ray Tune draws from it."""
    if "values" in axis:
        return ray.tune.choice(axis["values"])
    if axis["whole"]:
        draw = ray.tune.lograndint if axis["log"] else ray.tune.randint
        return draw(axis["min"], axis["max"] + 1)
    return (ray.tune.loguniform if axis["log"] else ray.tune.uniform)(axis["min"], axis["max"])


def tuner_of(request: dict[str, Any], at_once: int, board) -> ray.tune.Tuner:
    """A search, resumed where it has notes."""
    run = functools.partial(trial, request=request, board=board)
    trainable = ray.tune.with_resources(run, {"memory": TRIAL_BYTES})
    notes = f"{request['out']}/ray"
    if ray.tune.Tuner.can_restore(notes):
        return ray.tune.Tuner.restore(notes, trainable, resume_unfinished=True, resume_errored=True)
    epochs, factor = request["train"]["options"]["epochs"], request["factor"]
    scheduler = FIFOScheduler()
    if factor > 1:
        # No trial is ended at its last epoch, after which it still writes.
        scheduler = ASHAScheduler(
            time_attr="epochs",
            max_t=epochs + 1,
            grace_period=min(request["min_epochs"], epochs),
            reduction_factor=factor,
        )
    seed = request["train"]["options"]["seed"]
    return ray.tune.Tuner(
        trainable,
        param_space={name: axis_of(axis) for name, axis in request["space"].items()},
        tune_config=ray.tune.TuneConfig(
            metric=SCORE,
            mode="max",
            num_samples=request["trials"],
            search_alg=BasicVariantGenerator(max_concurrent=at_once, random_state=seed),
            scheduler=scheduler,
            trial_dirname_creator=number_of,
        ),
        run_config=ray.tune.RunConfig(name="ray", storage_path=request["out"], verbose=0),
    )


def number_of(trial) -> str:
    return trial.trial_id.rpartition("_")[2]


@ray.remote(num_cpus=0)
class Board:
    """Holds the last figures of each trial, for the driver."""

    def __init__(self):
        self.trials: dict[str, dict[str, Any]] = {}

    def put(self, number: str, entry: dict[str, Any]) -> None:
        self.trials.setdefault(number, {}).update(entry)

    def read(self) -> dict[str, dict[str, Any]]:
        return self.trials


class Told(TuneReportCallback):
    """Reports epochs to Ray Tune, and to the driver."""

    def __init__(self, board, number: str):
        super().__init__()
        self.board, self.number = board, number

    def after_report(self, run_context, metrics, checkpoint):
        super().after_report(run_context, metrics, checkpoint)
        self.board.put.remote(self.number, metrics[0])


def trial(config: dict[str, Any], request: dict[str, Any], board) -> dict[str, Any]:
    """Trains with the options that were drawn. Raises LidoError where the run fails."""
    number = ray.tune.get_context().get_trial_id().rpartition("_")[2]
    ray.get(board.put.remote(number, {}))
    training = {**request["train"], "out": f"{request['out']}/trials/{number}"}
    training["options"] = {**training["options"], **config}
    request = {**request, "train": training}
    prepare(request, or_resume=True)
    mailbox = Mailbox.remote()
    errors: list[BaseException] = []
    try:
        fit(request, mailbox, [Told(board, number)])
    except Exception as error:
        errors.append(error)
    state = ray.get(mailbox.read.remote())
    if error := error_of(state, errors, request):
        raise LidoError(error)
    summary = state["summary"]
    return {SCORE: summary[SCORE], "epochs": summary["epochs"], "finished": True}


def follow(thread: threading.Thread, board, trials: int, report: Report) -> None:
    """Reports progress until the thread ends."""
    reported: dict[str, Any] = {}
    while thread.is_alive():
        thread.join(PERIOD_S)
        state = ray.get(board.read.remote())
        scores = [one[SCORE] for one in state.values() if SCORE in one]
        progress = {"trials_begun": len(state), "trials_total": trials}
        progress |= {SCORE: max(scores)} if scores else {}
        if progress != reported:
            reported = progress
            report(progress)


def row_of(result) -> dict[str, Any]:
    """A trial's row of the table."""
    metrics = result.metrics or {}
    error = str(result.error).strip().splitlines()[-1] if result.error else ""
    state = "failed" if error else "finished" if metrics.get("finished") else "behind"
    number = os.path.basename(result.path.rstrip("/"))
    return {
        "trial": number,
        "score": metrics.get(SCORE),
        "epochs": metrics.get("epochs", 0),
        "state": state,
        "options": result.config,
        "error": error.removeprefix("lido.LidoError: "),
    }


def rank_of(row: dict[str, Any]) -> tuple:
    return (row["score"] is None, -(row["score"] or 0), row["trial"])
