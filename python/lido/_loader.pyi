import os
from typing import Annotated, Any

import numpy
from numpy.typing import NDArray


class Batch:
    """Samples for one step of training. Has len(). Thread-safe."""

    @property
    def frames(self) -> Annotated[NDArray[numpy.uint8], dict(shape=(None, None, None, None, None))]:
        """
        Frames: uint8, samples x frames x height x width x 3. Shares the batch's memory.
        """

    @property
    def keys(self) -> list[str]:
        """Keys of the samples."""

    @property
    def clips(self) -> list[str]:
        """Path or URI of each sample's clip."""

    @property
    def groups(self) -> list[str]:
        """Event that each sample shows."""

    @property
    def start_s(self) -> list[float]:
        """
        Time of each sample's first frame, seconds after its clip's first frame.
        """

    @property
    def boxes(self) -> Annotated[NDArray[numpy.float64], dict(shape=(None, None, None))] | None:
        """
        Box of the person in each frame, augmented with it: float64, samples x frames x 4 (x, y, width, height), pixels. None unless all are samples of people.
        """

    @property
    def keypoints(self) -> Annotated[NDArray[numpy.float64], dict(shape=(None, None, None, None))] | None:
        """
        Keypoints of the person in each frame, augmented with it: float64, samples x frames x keypoints x 3 (x, y, score), pixels; nan in a frame without a pose. Left and right are swapped in mirrored frames. None unless all samples have keypoints.
        """

    @property
    def labels(self) -> list[list[dict[str, Any]]]:
        """Labels of each sample as dicts: task, label, overlap, track, boxes."""

    def targets(self, task: str) -> Annotated[NDArray[numpy.int64], dict(shape=(None,))]:
        """
        Returns the class of each sample: int64, index into sorted(loader.labels[task]), -1 for a sample without a label. Raises ValueError for an unknown task.
        """

    @property
    def epoch(self) -> int:
        """Epoch of the batch, from 0."""

    def __len__(self) -> int: ...

    def __repr__(self) -> str: ...

class Loader:
    """
    Batches of a split, epoch after epoch: a loop over the loader is one epoch. Its threads read, decode and augment ahead.
    """

    def __init__(self, uri: str | os.PathLike, *, generation: int = 0, rank: int = 0, workers: int = 1, position: str = '', split: str = 'train', samples: str = 'all', batch_size: int = 32, shuffle: bool = True, augment: bool = True, seed: int = 0, shuffle_mb: int = 64, threads: int = 0, batches_ahead: int = 4) -> None:
        """
        Opens a dataset in a folder, gs:// or s3:// prefix. `rank` of `workers` gets its part of each epoch. `position` is that of another loader, of any number of workers.
        """

    def __iter__(self) -> Loader: ...

    def __next__(self) -> Batch: ...

    def __len__(self) -> int:
        """Batches in an epoch of the worker that has the most."""

    @property
    def samples(self) -> int:
        """Samples in an epoch of all workers."""

    @property
    def generation(self) -> int:
        """Number of the generation."""

    @property
    def labels(self) -> dict[str, set[str]]:
        """Labels that the dataset knows, by task."""

    @property
    def keypoints(self) -> list[str]:
        """Names of the keypoints in their order; empty without a pose network."""

    @property
    def position(self) -> str:
        """
        Place of the whole run in its data, as JSON text, provided that each worker has taken as many batches as this one. Loader(position=...) resumes there.
        """
