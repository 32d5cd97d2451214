# SPDX-License-Identifier: Apache-2.0
"""Lido's datasets in Python: open a dataset and read its samples as NumPy arrays.

import lido

dataset = lido.open("/data/train")
for sample in dataset.samples(split="train"):
    sample.frames  # uint8, frames x height x width x 3
    sample.labels  # [{"task": "behaviour", "label": "swimming", ...}]

loader = lido.Loader("/data/train", batch_size=64)
for epoch in range(10):
    for batch in loader:
        batch.frames  # uint8, samples x frames x height x width x 3, shuffled and augmented
        batch.targets("behaviour")  # int64, an index into sorted(loader.labels["behaviour"])
"""

# The process must have one libarrow: pyarrow's, which the core is linked against.
import pyarrow  # noqa: F401

from lido._core import Dataset, LidoError, LidoUnavailable, Sample, open
from lido._loader import Batch, Loader

__all__ = ["Batch", "Dataset", "LidoError", "LidoUnavailable", "Loader", "Sample", "open"]
