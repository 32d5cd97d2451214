# SPDX-License-Identifier: Apache-2.0
"""Clips to shards with Ray Data.

    from lido.ray import data
    summary = data.ingest(["gs://pool-a/raw"], "gs://pool-a/train", sampling={"fps": "4"})

or step by step, with steps of one's own in between:

    plan = data.plan(["/data/raw"], "/data/train")
    spans = data.read_clips(plan)          # a Ray Dataset: clip, span, bytes, work
    done = data.write_parts(spans, plan)   # a Ray Dataset: clip, span, samples, frames, broke, deferred
    data.finish(plan, done)                # shards, tables

or, without a dataset on disk:

    frames = data.to_frames(spans, plan)   # a Ray Dataset: clip, span, k, time_s, frame
    for batch in frames.iter_torch_batches(batch_size=64): ...

The parts that spans leave beside the dataset are the ledger: whatever dies, the same call goes on from there.
"""

import functools
import json
import os
import queue
import threading
import uuid

import numpy
import pyarrow
import ray
from ray.data.block import BlockMetadata
from ray.data.datasource import ReadTask

from lido import _work

# Deaths of the process that worked on a span, on nodes that live, before it is tried alone, and before it is rejected.
DEATHS_UNTIL_ALONE = 2
DEATHS_UNTIL_REJECTED = 3
SPANS = pyarrow.schema(
    [
        ("clip", pyarrow.string()),
        ("span", pyarrow.int64()),
        ("bytes", pyarrow.int64()),
        ("work", pyarrow.string()),
    ]
)


class Plan:
    """The work that a request comes to. Nothing is written until spans are read; then the dataset's lock is held."""

    def __init__(self, request):
        self.run = _work.Run(json.dumps(request))

    @functools.cached_property
    def batches(self):
        """Spans without a part, in batches for a task each: name, spans, bytes to read. Which they are stands in files beside the dataset."""
        return self.run.batches(int(ray.cluster_resources().get("CPU", 1)))

    @property
    def spans(self):
        """How many spans have no part."""
        return sum(spans for _, spans, _ in self.batches)

    @functools.cached_property
    def shared(self):
        return self.run.shared_work()


def plan(inputs, out, *, labels="", classes="", sampling=None, job=None):
    """Finds and plans clips. `sampling` and `job` hold options by their names with underscores."""
    return Plan(
        {
            "inputs": [str(one) for one in inputs],
            "out": str(out),
            "labels": str(labels),
            "classes": classes,
            "sampling": sampling or {},
            "job": job or {},
        }
    )


def spans_of(batch, shared):
    """The spans of a batch, read from its file: one block."""
    return [pyarrow.table(list(worker(shared).units(batch)), schema=SPANS)]


class Batches(ray.data.Datasource):
    """Spans; a task reads one batch. What this process and Ray's stores hold of a batch is its name."""

    def __init__(self, plan):
        super().__init__()
        self.batches, self.shared = plan.batches, plan.shared

    def estimate_inmemory_data_size(self):
        return None

    def get_read_tasks(self, parallelism, per_task_row_limit=None, data_context=None):
        return [
            ReadTask(
                functools.partial(spans_of, name, self.shared),
                BlockMetadata(num_rows=spans, size_bytes=None, exec_stats=None),
                SPANS,
                per_task_row_limit,
            )
            for name, spans, _ in self.batches
        ]


def read_clips(plan, **resources):
    """The spans that have no part yet, as a Ray Dataset: clip, span (its number in the clip), bytes (to read), work (what a worker needs).

    A block is one batch, so that neither this process nor Ray's stores ever hold what there is to know of all spans. Give the `resources` of
    the step that follows, such as write_parts, and one task does both.
    """
    if not plan.batches:
        return ray.data.from_arrow(SPANS.empty_table())
    return ray.data.read_datasource(
        Batches(plan), override_num_blocks=len(plan.batches), **{"num_cpus": 1, **resources}
    )


@functools.lru_cache(maxsize=2)
def worker(shared):
    """One for each process and job: the detector is loaded once."""
    return _work.Worker(shared)


def living_nodes():
    return {node["NodeID"] for node in ray.nodes() if node["Alive"]}


def work_spans(spans, shared, alone=False):
    """Does the spans of one table in this process. Without the interpreter's lock; a crash takes the process, not the job."""
    mine = worker(shared)
    node = ray.get_runtime_context().get_node_id()
    done = []
    works = spans["work"].to_pylist()
    tries = mine.tries(works)
    alive = living_nodes() if any(tries) else set()
    for clip, span, work, begun in zip(
        spans["clip"].to_pylist(), spans["span"].to_pylist(), works, tries
    ):
        # What began here and never ended died; with its node, it says nothing of the span.
        deaths = sum(died.split(".")[0] in alive for died in begun)
        row = {"clip": clip, "span": span, "samples": 0, "frames": 0, "broke": "", "deferred": ""}
        if deaths >= DEATHS_UNTIL_REJECTED:
            row["broke"] = f"it took the process that read it down {deaths} times"
            mine.reject(work, row["broke"])
        elif deaths >= DEATHS_UNTIL_ALONE and not alone:
            row["deferred"] = work
        else:
            row["samples"], row["frames"], row["broke"] = mine.work(
                work, f"{node}.{os.getpid()}.{uuid.uuid4().hex}"
            )
        done.append(row)
    return pyarrow.Table.from_pylist(
        done,
        schema=pyarrow.schema(
            [
                ("clip", pyarrow.string()),
                ("span", pyarrow.int64()),
                ("samples", pyarrow.int64()),
                ("frames", pyarrow.int64()),
                ("broke", pyarrow.string()),
                ("deferred", pyarrow.string()),
            ]
        ),
    )


def write_parts(spans, plan, **resources):
    """Makes the parts of spans, each block in a task. Only small rows come back; samples go straight to the dataset.

    `resources` go to Ray as they are: num_cpus, num_gpus, memory, resources.
    """
    return spans.map_batches(
        work_spans,
        batch_size=None,
        batch_format="pyarrow",
        zero_copy_batch=True,
        fn_kwargs={"shared": plan.shared},
        **{"num_cpus": 1, **resources},
    )


def span_frames(spans, shared, rows):
    """Yields the pictures of one table's spans, so many at a time, as they are decoded; few are ever held."""
    mine = worker(shared)
    for clip, span, work in zip(
        spans["clip"].to_pylist(), spans["span"].to_pylist(), spans["work"].to_pylist()
    ):
        ready, left = queue.Queue(maxsize=1), threading.Event()

        def take(k, time_s, pictures):
            while not left.is_set():
                try:
                    return ready.put((k, time_s, pictures), timeout=1)
                except queue.Full:
                    pass
            raise RuntimeError("nobody wants more")

        def decode():
            try:
                mine.frames(work, rows, take)
                last = None
            except Exception as error:  # told where the pictures are taken
                last = error
            if not left.is_set():
                ready.put(last)

        thread = threading.Thread(target=decode, daemon=True)
        thread.start()
        try:
            while isinstance(batch := ready.get(), tuple):
                k, time_s, pictures = batch
                yield {
                    "clip": numpy.full(len(k), clip),
                    "span": numpy.full(len(k), span),
                    "k": k,
                    "time_s": time_s,
                    "frame": pictures,
                }
            if batch is not None:
                raise batch
        finally:
            left.set()
            thread.join()


def to_frames(spans, plan, rows=32, **resources):
    """Decodes spans into a Ray Dataset of pictures: clip, span, k (sampling time), time_s, frame (uint8, height x width x 3).

    For who trains from memory: nothing is written. A task hands on `rows` pictures at a time and waits while Ray's stores are full. Of a
    broken clip come the pictures before it breaks.
    """
    return spans.map_batches(
        span_frames,
        batch_size=None,
        batch_format="pyarrow",
        zero_copy_batch=True,
        fn_kwargs={"shared": plan.shared, "rows": rows},
        **{"num_cpus": 1, **resources},
    )


def finish(plan, done, memory=None, told=lambda row: None):
    """Does the spans that were put off, one at a time, then writes shards and tables. Returns the summary.

    `memory` (bytes) is what Ray keeps free for such a span; default: all that the largest node hands out.
    """
    deferred = []
    for batch in done.iter_batches(batch_size=None, batch_format="pyarrow"):
        for row in batch.to_pylist():
            deferred.append(row["deferred"]) if row["deferred"] else told(row)
    # Alone: with all CPUs and all memory of the largest node, so that no neighbour is in its way.
    largest = max(
        (node["Resources"] for node in ray.nodes() if node["Alive"]),
        key=lambda has: (has.get("CPU", 0), has.get("memory", 0)),
        default={},
    )
    task = ray.remote(
        num_cpus=largest.get("CPU", 1),
        memory=memory or largest.get("memory", 0),
        max_retries=DEATHS_UNTIL_REJECTED,
    )(work_spans)
    for work in deferred:
        table = pyarrow.table([[""], [0], [0], [work]], schema=SPANS)
        for row in ray.get(task.remote(table, plan.shared, alone=True)).to_pylist():
            told(row)
    return json.loads(plan.run.finish())


def ingest(
    inputs,
    out,
    *,
    labels="",
    classes="",
    memory=None,
    told=lambda row: None,
    sampling=None,
    job=None,
    **resources,
):
    """Turns raw clips into shards, on the Ray that is connected to. The result is byte for byte that of `lido ingest`."""
    work = plan(inputs, out, labels=labels, classes=classes, sampling=sampling, job=job)
    return finish(work, write_parts(read_clips(work, **resources), work, **resources), memory, told)


# Actors that Ray Data makes once for a whole cluster: name, namespace.
LEFT_BY_RAY_DATA = [
    ("datasets_stats_actor", "_dataset_stats_actor"),
    ("AutoscalingCoordinator", "AutoscalingCoordinator"),
]


def leave_nothing():
    """Ends the actors that Ray Data leaves when a job ends: they would keep its driver's node, and so the cluster, for ever.

    While other jobs run they may use them: then the last one does it.
    """
    own = ray.get_runtime_context().get_job_id()
    for job in ray._private.state.jobs():
        internal = job["Entrypoint"].startswith("ray::Dashboard")
        if not job["IsDead"] and job["JobID"] != own and not internal:
            return
    for name, namespace in LEFT_BY_RAY_DATA:
        try:
            ray.kill(ray.get_actor(name, namespace))
        except ValueError:
            pass  # there is none


def read_shards(dataset, split=None, generation=0):
    """A dataset's samples as a Ray Dataset: sample, split, clip, start_s, labels, and frames (uint8, frames x height x width x 3)."""
    from lido import open as open_dataset

    opened = open_dataset(str(dataset), generation)
    keys = [sample.key for sample in opened.samples(split)]
    uri, number = str(dataset), opened.generation

    def load(batch):
        samples = {sample.key: sample for sample in open_cached(uri, number).samples(split)}
        rows = [samples[key] for key in batch["sample"]]
        return {
            "sample": batch["sample"],
            "split": numpy.array([r.split for r in rows]),
            "clip": numpy.array([r.clip for r in rows]),
            "start_s": numpy.array([r.start_s for r in rows]),
            "labels": numpy.array([json.dumps(r.labels) for r in rows]),
            "frames": numpy.stack([r.frames for r in rows]),
        }

    return ray.data.from_items([{"sample": key} for key in keys]).map_batches(
        load, batch_size=16, num_cpus=1
    )


@functools.lru_cache(maxsize=2)
def open_cached(uri, generation):
    from lido import open as open_dataset

    return open_dataset(uri, generation)
