# SPDX-License-Identifier: Apache-2.0
"""Ray tasks that read spans. They run in Ray's worker processes."""

import functools
import queue
import threading
from collections.abc import Iterator

import numpy
import pyarrow
import ray
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask

from lido import _work

SPANS = pyarrow.schema(
    [
        ("clip", pyarrow.string()),
        ("span", pyarrow.int64()),
        ("bytes", pyarrow.int64()),
        ("task", pyarrow.string()),
    ]
)
DONE = pyarrow.schema(
    [
        ("clip", pyarrow.string()),
        ("span", pyarrow.int64()),
        ("samples", pyarrow.int64()),
        ("frames", pyarrow.int64()),
        ("error", pyarrow.string()),
        ("deferred", pyarrow.string()),
    ]
)


@functools.lru_cache(maxsize=2)
def worker(shared: str) -> "_work.Worker":
    """The worker of this process for a job. Loads the detector once."""
    return _work.Worker(shared)


def read_batch(name: str, shared: str) -> list[pyarrow.Table]:
    """The spans of a batch, as one block."""
    return [pyarrow.table(list(worker(shared).spans(name)), schema=SPANS)]


class SpanSource(Datasource):
    """Spans, one batch per task. The driver and Ray's object store hold only names of batches."""

    def __init__(self, batches: list[tuple[str, int, int]], shared: str):
        super().__init__()
        self.batches, self.shared = batches, shared

    def estimate_inmemory_data_size(self):
        return None

    def get_read_tasks(self, parallelism, per_task_row_limit=None, data_context=None):
        return [
            ReadTask(
                functools.partial(read_batch, name, self.shared),
                BlockMetadata(num_rows=spans, size_bytes=None, exec_stats=None),
                SPANS,
                per_task_row_limit,
            )
            for name, spans, _ in self.batches
        ]


def rows_of(spans: pyarrow.Table) -> Iterator[tuple[str, int, str]]:
    """The clip, span and task of each row."""
    return zip(*(spans[name].to_pylist() for name in ("clip", "span", "task")), strict=True)


def work_spans(spans: pyarrow.Table, shared: str, alone: bool = False) -> pyarrow.Table:
    """Reads the spans of one block in this process, without the interpreter's lock."""
    mine = worker(shared)
    attempts = mine.attempts(ray.get_runtime_context().get_node_id())
    if attempts.places():  # a node that dies takes spans down that did nothing wrong
        attempts.keep_places({node["NodeID"] for node in ray.nodes() if node["Alive"]})
    rows = []
    for clip, span, task in rows_of(spans):
        samples, frames, error, deferred = mine.work(task, attempts, alone)
        rows.append((clip, span, samples, frames, error, task if deferred else ""))
    return pyarrow.table(
        [list(column) for column in zip(*rows, strict=True)] or [[]] * len(DONE), schema=DONE
    )


def frames_of_task(task: str, shared: str, rows: int) -> Iterator[tuple]:
    """Yields (k, time_s, images) of a span, up to `rows` frames each. Decodes one batch ahead."""
    ready, stopped = queue.Queue(maxsize=1), threading.Event()

    def on_batch(*batch):
        while not stopped.is_set():
            try:
                return ready.put(batch, timeout=1)
            except queue.Full:
                pass
        raise RuntimeError("stopped by the consumer")

    def decode():
        try:
            worker(shared).frames(task, rows, on_batch)
            end = None
        except Exception as error:
            end = error  # raised by the consumer
        if not stopped.is_set():
            ready.put(end)

    thread = threading.Thread(target=decode, daemon=True)
    thread.start()
    try:
        while isinstance(batch := ready.get(), tuple):
            yield batch
        if batch is not None:
            raise batch
    finally:
        stopped.set()
        thread.join()


def span_frames(spans: pyarrow.Table, shared: str, rows: int) -> Iterator[dict]:
    """Yields the frames of one block's spans, up to `rows` at a time."""
    for clip, span, task in rows_of(spans):
        for k, time_s, images in frames_of_task(task, shared, rows):
            yield {
                "clip": numpy.full(len(k), clip),
                "span": numpy.full(len(k), span),
                "k": k,
                "time_s": time_s,
                "frame": images,
            }
