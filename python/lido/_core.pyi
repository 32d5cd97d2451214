import datetime
import os
from typing import Annotated, Any

import numpy
from numpy.typing import NDArray

from lido import (
    LidoError as LidoError,
    LidoUnavailable as LidoUnavailable
)


class Sample:
    """A window of frames of one clip. Thread-safe."""

    @property
    def key(self) -> str:
        """Key of the sample in its shard."""

    @property
    def split(self) -> str:
        """Split: train, val or test."""

    @property
    def clip(self) -> str:
        """Absolute path or URI of the source clip."""

    @property
    def group(self) -> str:
        """Event that the clip shows."""

    @property
    def site(self) -> str:
        """Name of the pool; empty if unknown."""

    @property
    def camera(self) -> str:
        """Name of the camera; empty if unknown."""

    @property
    def start_s(self) -> float:
        """Time of the first frame, seconds after the clip's first frame."""

    @property
    def end_s(self) -> float:
        """Time of the last frame, seconds after the clip's first frame."""

    @property
    def start_utc(self) -> datetime.datetime | None:
        """Time of the first frame on the wall clock; None if unknown."""

    @property
    def pts(self) -> list[int]:
        """Presentation timestamp of each frame, ticks of the clip's time base."""

    @property
    def source(self) -> str:
        """
        Origin of the boxes: detector, label, or motion for what moved in water; frame for whole frames; empty in datasets of earlier versions.
        """

    @property
    def track(self) -> int | None:
        """
        Track id of the person shown, or number of what moved in water; None for a sample of whole frames.
        """

    @property
    def person(self) -> str:
        """
        Name of the person in the labels; empty for a sample of another source.
        """

    @property
    def seen(self) -> list[bool]:
        """
        Whether the person was seen in each frame, and not filled in; empty for a sample of whole frames.
        """

    @property
    def repeated(self) -> int:
        """
        Number of copies of the last frame at the end of a stretch that is too short.
        """

    @property
    def boxes(self) -> Annotated[NDArray[numpy.float64], dict(shape=(None, None))] | None:
        """
        Box of the person in each frame: float64, frames x 4 (x, y, width, height), sample pixels. None for a sample of whole frames.
        """

    @property
    def keypoints(self) -> Annotated[NDArray[numpy.float64], dict(shape=(None, None, None))] | None:
        """
        Keypoints of the person in each frame: float64, frames x keypoints x 3 (x, y, score), sample pixels; nan in a frame without a pose. None for a sample of whole frames and with --poses off.
        """

    @property
    def context(self) -> Annotated[NDArray[numpy.uint8], dict(shape=(None, None, None))] | None:
        """
        Whole frame around the person: uint8, height x width x 3. None for a sample of whole frames.
        """

    @property
    def labels(self) -> list[dict[str, Any]]:
        """
        Labels as dicts: task, label, overlap (share of the frames, copies left out), track, boxes.
        """

    @property
    def frames(self) -> Annotated[NDArray[numpy.uint8], dict(shape=(None, None, None, None))]:
        """Frames as stored: uint8, frames x height x width x 3."""

    def augmented(self, epoch: int, seed: int = 0) -> Annotated[NDArray[numpy.uint8], dict(shape=(None, None, None, None))]:
        """
        Returns augmented frames. They depend on seed, epoch, group and key only.
        """

    def __repr__(self) -> str: ...

class Dataset:
    """
    A dataset at one generation. Has len(), dataset[i] and a loop over all samples. Thread-safe.
    """

    @property
    def uri(self) -> str:
        """Folder, gs:// or s3:// prefix."""

    @property
    def generation(self) -> int:
        """Number of the generation, from 1; 0 for a dataset without samples yet."""

    @property
    def splits(self) -> dict[str, int]:
        """Number of samples in train, val and test."""

    @property
    def labels(self) -> dict[str, set[str]]:
        """Labels that the dataset knows, by task."""

    @property
    def keypoints(self) -> list[str]:
        """Names of the keypoints in their order; empty without a pose network."""

    def samples(self, split: str | None = None) -> list[Sample]:
        """
        Returns all samples, or those of one split, in the order of clips and times. Raises ValueError for an unknown split.
        """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...

    def __repr__(self) -> str: ...

def open(uri: str | os.PathLike, generation: int = 0) -> Dataset:
    """
    Opens a dataset in a folder, gs:// or s3:// prefix, at its latest generation or at the given one.
    """
