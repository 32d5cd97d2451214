# SPDX-License-Identifier: Apache-2.0
"""Walks through one epoch of a dataset as a trainer would: augmented, in an order of its own.

Usage: read_dataset.py DATASET [SPLIT]
"""

import random
import sys

import lido


def main(folder, split="train"):
    samples = lido.open(folder).samples(split=split)
    epoch, seed = 0, 7
    random.Random(f"{seed}-{epoch}").shuffle(samples)
    for sample in samples:
        frames = sample.augmented(epoch, seed=seed)  # uint8, frames x height x width x 3
        names = [label["label"] for label in sample.labels] or ["no label"]
        print(f"{sample.key}  {frames.shape}  mean {frames.mean():5.1f}  {', '.join(names)}")
    print(f"{len(samples)} samples in {split}")


if __name__ == "__main__":
    main(*sys.argv[1:])
