# SPDX-License-Identifier: Apache-2.0
"""Trains a small PyTorch network for one epoch on a dataset's samples, read by Ray Data.

Usage: train_torch.py DATASET TASK

TASK is a kind of label that the dataset has: behaviour, gesture, age.
"""

import json
import sys

import ray
import torch
from lido.ray import data


def main(folder, task):
    samples = data.read_shards(folder, split="train")

    def named(row):
        return next(
            (label["label"] for label in json.loads(row["labels"]) if label["task"] == task), None
        )

    samples = samples.map(lambda row: {"frames": row["frames"], "name": named(row) or ""}).filter(
        lambda row: row["name"] != ""
    )
    names = sorted(samples.unique("name"))
    samples = samples.map(lambda row: {"frames": row["frames"], "target": names.index(row["name"])})

    network = torch.nn.Sequential(
        torch.nn.Conv3d(3, 8, 3, stride=2),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool3d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(8, len(names)),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    count, total = 0, 0.0
    for batch in samples.iter_torch_batches(batch_size=8):
        # Samples x channels x frames x height x width.
        clips = batch["frames"].permute(0, 4, 1, 2, 3).float() / 255
        loss = torch.nn.functional.cross_entropy(network(clips), batch["target"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        count += len(clips)
        total += loss.item() * len(clips)
    print(
        f"{count} samples of {len(names)} classes ({', '.join(names)}), "
        f"mean loss {total / count:.3f}"
    )


if __name__ == "__main__":
    ray.init(include_dashboard=False, log_to_driver=False)
    main(*sys.argv[1:])
