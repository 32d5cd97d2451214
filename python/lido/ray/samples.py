# SPDX-License-Identifier: Apache-2.0
"""Samples of a dataset as a Ray Dataset."""

import functools
import json
from collections.abc import Iterator

import numpy
import ray
from ray.data.block import BlockAccessor, BlockMetadata
from ray.data.datasource import Datasource, ReadTask

from lido import Sample
from lido import open as open_dataset

# Samples of a block: their frames are in memory together.
BLOCK_SAMPLES = 16


@functools.lru_cache(maxsize=2)
def samples_of(uri: str, generation: int, split: str | None) -> list[Sample]:
    """The samples of a dataset or of one split in this process, in the order of shards."""
    return open_dataset(uri, generation).samples(split)


def columns_of(samples: list[Sample]) -> dict[str, numpy.ndarray]:
    """The columns of read_shards for some samples."""
    return {
        "sample": numpy.array([one.key for one in samples]),
        "split": numpy.array([one.split for one in samples]),
        "clip": numpy.array([one.clip for one in samples]),
        "start_s": numpy.array([one.start_s for one in samples]),
        "labels": numpy.array([json.dumps(one.labels) for one in samples]),
        "frames": numpy.stack([one.frames for one in samples]),
    }


def read_range(uri: str, generation: int, split: str | None, begin: int, end: int) -> Iterator:
    """Yields the samples of a range, a block at a time."""
    samples = samples_of(uri, generation, split)
    for first in range(begin, end, BLOCK_SAMPLES):
        batch = samples[first : min(first + BLOCK_SAMPLES, end)]
        yield BlockAccessor.batch_to_block(columns_of(batch))


class SampleSource(Datasource):
    """Ranges of samples, one per read task. The driver holds neither samples nor their keys."""

    def __init__(self, uri: str, generation: int, split: str | None, count: int):
        super().__init__()
        self.place, self.count = (uri, generation, split), count

    def estimate_inmemory_data_size(self):
        return None

    def get_read_tasks(self, parallelism, per_task_row_limit=None, data_context=None):
        tasks = max(1, min(parallelism, -(-self.count // BLOCK_SAMPLES)))
        ends = [self.count * number // tasks for number in range(tasks + 1)]
        return [
            ReadTask(
                functools.partial(read_range, *self.place, begin, end),
                BlockMetadata(num_rows=end - begin, size_bytes=None, exec_stats=None),
                per_task_row_limit=per_task_row_limit,
            )
            for begin, end in zip(ends, ends[1:], strict=False)
            if begin < end
        ]


def read_shards(
    dataset, split: str | None = None, generation: int = 0, **options
) -> ray.data.Dataset:
    """The samples of a dataset: sample, split, clip, start_s, labels (JSON text), frames.

    Frames are NHWC uint8. `options` are those of `ray.data.read_datasource`: num_cpus (1),
    concurrency, override_num_blocks, ray_remote_args and others. Each worker process reads the
    dataset's table once, and the images of its own range of samples.

    Raises LidoError for a folder without a dataset or an unknown generation, LidoUnavailable when
    the storage does not answer, and ValueError for an unknown split.
    """
    opened = open_dataset(str(dataset), generation)
    splits = opened.splits
    if split is not None and split not in splits:
        raise ValueError(f"split is {split!r}, want one of {', '.join(splits)}")
    count = len(opened) if split is None else splits[split]
    if count == 0:
        return ray.data.from_items([])
    source = SampleSource(str(dataset), opened.generation, split, count)
    return ray.data.read_datasource(source, **{"num_cpus": 1, **options})
