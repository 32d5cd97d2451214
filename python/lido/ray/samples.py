# SPDX-License-Identifier: Apache-2.0
"""Samples of a dataset as a Ray Dataset."""

import functools
import json

import numpy
import ray

from lido import open as open_dataset


@functools.lru_cache(maxsize=2)
def samples_by_key(uri: str, generation: int) -> dict:
    """The samples of a dataset in this process, by key."""
    return {sample.key: sample for sample in open_dataset(uri, generation).samples()}


def load_samples(batch: dict, uri: str, generation: int) -> dict:
    """The columns of read_shards for a batch of sample keys."""
    samples = samples_by_key(uri, generation)
    rows = [samples[key] for key in batch["sample"]]
    return {
        "sample": batch["sample"],
        "split": numpy.array([r.split for r in rows]),
        "clip": numpy.array([r.clip for r in rows]),
        "start_s": numpy.array([r.start_s for r in rows]),
        "labels": numpy.array([json.dumps(r.labels) for r in rows]),
        "frames": numpy.stack([r.frames for r in rows]),
    }


def read_shards(dataset, split: str | None = None, generation: int = 0) -> ray.data.Dataset:
    """The samples of a dataset: sample, split, clip, start_s, labels (JSON text), frames.

    Frames are NHWC uint8.
    """
    opened = open_dataset(str(dataset), generation)
    keys = ray.data.from_items([{"sample": sample.key} for sample in opened.samples(split)])
    where = {"uri": str(dataset), "generation": opened.generation}
    return keys.map_batches(load_samples, batch_size=16, num_cpus=1, fn_kwargs=where)
