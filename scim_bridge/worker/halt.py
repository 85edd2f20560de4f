"""The wish that one run ends between two writes: its worker ends, or this run alone is not wanted any more."""

import threading


class Halt:
    """Of one run. Set by any thread, asked by the one that waits for the run. worker: set when the worker ends."""

    def __init__(self, worker: threading.Event) -> None:
        self._worker = worker
        self._mine = threading.Event()

    def set(self) -> None:
        """This run is to end; the others go on."""
        self._mine.set()

    def is_set(self) -> bool:
        """Whether the run is to end."""
        return self._mine.is_set() or self._worker.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for so long at most; whether the run is to end. One for this run alone is seen when the time is over."""
        return self._mine.is_set() or self._worker.wait(seconds) or self._mine.is_set()
