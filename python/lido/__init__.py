# SPDX-License-Identifier: Apache-2.0
"""Lido's datasets in Python: open one, iterate its samples as NumPy arrays.

import lido
dataset = lido.open("/data/train")
for sample in dataset.samples(split="train"):
    sample.frames   # uint8, frames x height x width x 3
"""

import pyarrow  # noqa: F401  One libarrow in the process: this one, which the core is linked against.

from lido._core import Dataset, LidoError, LidoUnavailable, Sample, open

__all__ = ["Dataset", "LidoError", "LidoUnavailable", "Sample", "open"]
