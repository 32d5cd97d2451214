from collections.abc import Callable, Set


MAX_FAILURES: int = 8

def supervise(work: Callable) -> int:
    """
    Runs work(careful) in a child process, again after a crash. Returns its exit code.
    """

class Ingest:
    """A planned ingest. Its methods create and lock the dataset."""

    def __init__(self, request: str) -> None: ...

    def batches(self, workers: int) -> list[tuple[str, int, int]]:
        """
        Batches of the spans without a part: name, number of spans, bytes to read.
        """

    def shared_work(self) -> str:
        """The job's data for workers, besides the spans, as text."""

    def finish(self) -> str:
        """Writes shards, tables and report. Returns the summary as JSON text."""

class Attempts:
    """The ledger of attempts at spans."""

    def places(self) -> set[str]:
        """The nodes where attempts failed."""

    def keep_places(self, places: Set[str]) -> None:
        """Counts failures at other nodes as deaths of nodes."""

class Worker:
    """Reads spans of one job. Thread-safe."""

    def __init__(self, shared: str) -> None: ...

    def attempts(self, node: str) -> Attempts:
        """The ledger, for a process on that node."""

    def spans(self, batch: str) -> tuple[list[str], list[int], list[int], list[str]]:
        """The spans of a batch as columns: clip, span, bytes, task."""

    def work(self, task: str, attempts: Attempts, alone: bool) -> tuple[int, int, str, bool]:
        """
        Makes a span's part. Returns samples, frames, why the clip broke, and whether the span was deferred.
        """

    def frames(self, task: str, batch_size: int, on_batch: Callable) -> str:
        """
        Calls on_batch(k, time_s, images) with up to batch_size frames at a time. Returns why the clip broke.
        """
