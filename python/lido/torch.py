# SPDX-License-Identifier: Apache-2.0
"""Samples of a dataset for PyTorch.

from lido.torch import Samples
samples = Samples("/data/train", task="behaviour", batch_size=64)
for epoch in range(10):
    for batch in torch.utils.data.DataLoader(samples, batch_size=None):
        batch["frames"]  # uint8, samples x frames x height x width x 3
        batch["target"]  # int64, an index into samples.classes; -1 without a label
torch.save({"data": samples.state_dict(), ...}, "checkpoint.pt")
"""

from collections.abc import Iterator
from typing import Any

import torch

from lido import Loader


class Samples(torch.utils.data.IterableDataset):
    """Batches of a dataset's split; a loop over it is one epoch.

    `options` are those of lido.Loader: split, batch_size, shuffle, augment, seed, threads and
    others. In a process group of torch.distributed, each rank gets its part of each epoch.
    """

    def __init__(self, uri, *, task: str | None = None, position: str = "", **options):
        super().__init__()
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            options.setdefault("rank", torch.distributed.get_rank())
            options.setdefault("workers", torch.distributed.get_world_size())
        self.uri, self.task, self.options = str(uri), task, options
        self.open(position)

    def open(self, position: str) -> None:
        self.loader = Loader(self.uri, position=position, **self.options)
        if self.task is not None and self.task not in self.loader.labels:
            known = ", ".join(self.loader.labels)
            wanted = f", want one of: {known}" if known else ", and the dataset has no labels"
            raise ValueError(f"task: got {self.task!r}{wanted}")

    @property
    def classes(self) -> list[str]:
        """Names of the task's classes."""
        return sorted(self.loader.labels[self.task]) if self.task else []

    def __len__(self) -> int:
        """Batches in an epoch of the rank that has the most."""
        return len(self.loader)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if torch.utils.data.get_worker_info() is not None:
            raise ValueError("num_workers: want 0, since the loader has threads of its own")
        for batch in self.loader:
            tensors = {"sample": batch.keys, "frames": torch.from_numpy(batch.frames)}
            if batch.boxes is not None:
                tensors["boxes"] = torch.from_numpy(batch.boxes)
            if batch.keypoints is not None:
                tensors["keypoints"] = torch.from_numpy(batch.keypoints)
            if self.task:
                tensors["target"] = torch.from_numpy(batch.targets(self.task))
            yield tensors

    def state_dict(self) -> dict[str, str]:
        """The position of the run, for a checkpoint."""
        return {"position": self.loader.position}

    def load_state_dict(self, state: dict[str, str]) -> None:
        """Resumes at a position, also one of another number of ranks."""
        self.open(state["position"])
