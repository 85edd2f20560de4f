"""Whose turn it is: a worker never has two runs of one connection at once, whether ordered or scheduled."""

import threading


class Turns:
    """The connections that this worker has a run of. Used by several threads."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._changing = threading.Lock()

    def take(self, connection: str) -> bool:
        """Begin with a connection. False if a run of it is under way."""
        with self._changing:
            if connection in self._taken:
                return False
            self._taken.add(connection)
            return True

    def is_taken(self, connection: str) -> bool:
        """Whether a run of it is under way at this moment."""
        with self._changing:
            return connection in self._taken

    def give(self, connection: str) -> None:
        """Its run has ended."""
        with self._changing:
            self._taken.discard(connection)
