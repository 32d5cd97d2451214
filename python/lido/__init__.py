# SPDX-License-Identifier: Apache-2.0
"""Lido's datasets in Python: open a dataset and read its samples as NumPy arrays.

import lido

dataset = lido.open("/data/train")
for sample in dataset.samples(split="train"):
    sample.frames  # uint8, frames x height x width x 3
    sample.labels  # [{"task": "behaviour", "label": "swimming", ...}]
"""

# The process must have one libarrow: pyarrow's, which the core is linked against.
import pyarrow  # noqa: F401

from lido._core import Dataset, LidoError, LidoUnavailable, Sample, open

__all__ = ["Dataset", "LidoError", "LidoUnavailable", "Sample", "open"]
