# SPDX-License-Identifier: Apache-2.0
"""Clips to shards with Ray Data.

    from lido.ray import data
    summary = data.ingest(["gs://pool-a/raw"], "gs://pool-a/train", sampling={"fps": "4"})

or step by step, with your own steps in between:

    plan = data.plan(["/data/raw"], "/data/train")
    spans = data.read_clips(plan)          # a Ray Dataset: clip, span, bytes, task
    done = data.write_parts(spans, plan)   # a Ray Dataset: a row per span
    data.finish(plan, done)                # shards, tables

or frames for training, without a dataset on disk:

    frames = data.to_frames(spans, plan)   # a Ray Dataset: clip, span, k, time_s, frame
    for batch in frames.iter_torch_batches(batch_size=64): ...

Spans leave their parts beside the dataset. After any failure, the same call resumes from them.
"""

import functools
import json
from collections.abc import Callable, Iterable
from typing import Any

import pyarrow
import ray

from lido import _work
from lido.ray.samples import read_shards
from lido.ray.spans import SPANS, SpanSource, span_frames, work_spans

__all__ = [
    "Plan",
    "finish",
    "ingest",
    "plan",
    "read_clips",
    "read_shards",
    "to_frames",
    "write_parts",
]
OnSpan = Callable[[dict[str, Any]], None]
TABLES = {"batch_size": None, "batch_format": "pyarrow", "zero_copy_batch": True}


class Plan:
    """A planned ingest. Writes nothing until spans are read. From then on the dataset is locked."""

    def __init__(self, request: dict[str, Any]):
        self.ingest = _work.Ingest(json.dumps(request))

    @functools.cached_property
    def batches(self) -> list[tuple[str, int, int]]:
        """Batches of the spans without a part: name of its file, number of spans, bytes to read."""
        return self.ingest.batches(int(ray.cluster_resources().get("CPU", 1)))

    @property
    def spans(self) -> int:
        """Number of spans without a part."""
        return sum(spans for _, spans, _ in self.batches)

    @functools.cached_property
    def shared(self) -> str:
        """The job's data for workers, besides the spans, as text."""
        return self.ingest.shared_work()


def plan(
    inputs: Iterable,
    out,
    *,
    labels="",
    label_boxes="",
    classes="",
    sampling: dict | None = None,
    job: dict | None = None,
) -> Plan:
    """Finds and plans clips. `sampling` and `job` hold options by their names with underscores.

    Raises LidoError for a bad option or input, and LidoUnavailable when the storage does not
    answer.
    """
    return Plan(
        {
            "inputs": [str(one) for one in inputs],
            "out": str(out),
            "labels": str(labels),
            "label_boxes": str(label_boxes),
            "classes": classes,
            "sampling": sampling or {},
            "job": job or {},
        }
    )


def read_clips(plan: Plan, **resources) -> ray.data.Dataset:
    """The spans without a part: clip, span (position in the clip), bytes (to read), task.

    A block is one batch; task is what a worker needs. Give the `resources` of the next step, such
    as write_parts, and one Ray task does both steps.
    """
    if not plan.batches:
        return ray.data.from_arrow(SPANS.empty_table())
    return ray.data.read_datasource(
        SpanSource(plan.batches, plan.shared),
        override_num_blocks=len(plan.batches),
        **{"num_cpus": 1, **resources},
    )


def write_parts(spans: ray.data.Dataset, plan: Plan, **resources) -> ray.data.Dataset:
    """Makes the parts of spans, a block per task. Samples go straight to the dataset.

    Returns small rows: clip, span, samples, frames, error (why the clip broke), deferred (the task
    of a span that crashed its worker too often to be read beside others).
    `resources` are Ray's: num_cpus, num_gpus, memory, resources.
    """
    return spans.map_batches(
        work_spans, **TABLES, fn_kwargs={"shared": plan.shared}, **{"num_cpus": 1, **resources}
    )


def to_frames(spans: ray.data.Dataset, plan: Plan, rows: int = 32, **resources) -> ray.data.Dataset:
    """Decodes spans into frames: clip, span, k (sampling time), time_s, frame (HWC uint8).

    Writes nothing. A task passes on `rows` frames at a time, and waits while Ray's object store is
    full. A broken clip gives the frames outside the stretches that an ingest leaves out of it, and
    may give a few at the beginning of one.
    """
    return spans.map_batches(
        span_frames,
        **TABLES,
        fn_kwargs={"shared": plan.shared, "rows": rows},
        **{"num_cpus": 1, **resources},
    )


def finish(
    plan: Plan,
    done: ray.data.Dataset,
    memory: int | None = None,
    on_span: OnSpan = lambda row: None,
) -> dict:
    """Reads the deferred spans one at a time, then writes shards and tables. Returns the summary.

    `memory` (bytes) is reserved for a deferred span; by default all memory of the largest node.
    `on_span` is called with the row of each finished span.

    Raises LidoError or LidoUnavailable when the dataset cannot be written, and RayError when Ray
    fails.
    """
    deferred = []
    for batch in done.iter_batches(batch_size=None, batch_format="pyarrow"):
        for row in batch.to_pylist():
            if row["deferred"]:
                deferred.append(row)
            else:
                on_span(row)
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    largest = max(alive, key=lambda has: (has.get("CPU", 0), has.get("memory", 0)), default={})
    task = ray.remote(
        num_cpus=largest.get("CPU", 1),
        memory=memory or largest.get("memory", 0),
        max_retries=_work.MAX_FAILURES,
    )(work_spans)
    for row in deferred:
        table = pyarrow.table([[row["clip"]], [row["span"]], [0], [row["deferred"]]], schema=SPANS)
        for result in ray.get(task.remote(table, plan.shared, alone=True)).to_pylist():
            on_span(result)
    return json.loads(plan.ingest.finish())


def ingest(
    inputs: Iterable,
    out,
    *,
    labels="",
    label_boxes="",
    classes="",
    deferred_memory: int | None = None,
    on_span: OnSpan = lambda row: None,
    sampling: dict | None = None,
    job: dict | None = None,
    **resources,
) -> dict:
    """Turns raw clips into shards on the connected Ray, with the bytes of `lido ingest`.

    `resources` are those of each task: num_cpus, num_gpus, memory, resources. `deferred_memory`
    (bytes) is reserved for a span that crashed its worker, as in finish().

    Raises LidoError for a bad request, LidoUnavailable when the storage does not answer, and
    RayError when Ray fails.
    """
    made = plan(
        inputs,
        out,
        labels=labels,
        label_boxes=label_boxes,
        classes=classes,
        sampling=sampling,
        job=job,
    )
    done = write_parts(read_clips(made, **resources), made, **resources)
    return finish(made, done, deferred_memory, on_span)
