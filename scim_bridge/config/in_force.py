"""The configuration that counts while a process goes on: its file is read again when it changes, or when asked to.

A file that is wrong changes nothing: the configuration stays as it was, and what is wrong with the file is said. What a
process holds from its start to its end (the state, the pages' address and sign-in, how many runs it has at once) stays
as it was as well.
"""

import hashlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from scim_bridge.config.settings import ConnectionSettings, Settings, load
from scim_bridge.errors import Misconfigured

_LOOK_EVERY = 5.0
"""Seconds between two looks at the file, which is read and hashed: some kilobytes."""


class InForce:
    """settings: those that count now. refused: why the file as it is does not count, "" if it does.

    tell: called with a line for each change, and for each file that is refused.
    """

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        self.settings, self.refused = settings, ""
        self._tell = tell
        self._takers: list[Callable[[Settings], None]] = []
        self._read = self._seen = _content(settings.path)

    def connections(self) -> Collection[ConnectionSettings]:
        """Those that are configured now."""
        return self.settings.connections.values()

    def follow(self, take: Callable[[Settings], None]) -> None:
        """Have this called with each new configuration, in the thread that looks."""
        self._takers.append(take)

    def look(self, *, is_asked: bool = False) -> None:
        """Read the file again if it has changed and stayed so since the look before. is_asked: in any case.

        The second look is for an editor, or a copy, that is still writing: half a file may well be valid.
        """
        before, self._seen = self._seen, _content(self.settings.path)
        if not is_asked and (self._seen == self._read or self._seen != before):
            return
        self._read = self._seen
        try:
            new = load(self.settings.path)
        except Misconfigured as error:
            self.refused = str(error)
            self._tell(f"{error} Until the file is right, the configuration stays as it was")
            return
        self.refused = ""
        self._take(new)

    def _take(self, new: Settings) -> None:
        old, path = self.settings, self.settings.path.name
        # The locks of runs, the sessions and the socket that listens were made with these.
        bound = [name for name in ("state", "service", "worker") if getattr(new, name) != getattr(old, name)]
        new = replace(new, state=old.state, service=old.service, worker=old.worker)
        later = f"; {' and '.join(bound)} will count after a restart" if bound else ""
        if new == old:
            self._tell(f"{path} was read again: nothing to change{later}")
            return
        self._tell(f"{path} was read again: {', '.join(_changes(old, new))}{later}")
        self.settings = new
        for take in self._takers:
            take(new)

    @contextmanager
    def kept(self, asked: threading.Event) -> Iterator[None]:
        """Look again and again while the block lasts, in a thread. asked: set to have the file read at once."""
        has_ended = threading.Event()

        def go_on() -> None:
            while not has_ended.is_set():
                is_asked = asked.wait(_LOOK_EVERY)
                asked.clear()
                if not has_ended.is_set():
                    self.look(is_asked=is_asked)

        thread = threading.Thread(target=go_on, name="configuration", daemon=True)
        thread.start()
        try:
            yield
        finally:
            has_ended.set()
            asked.set()
            thread.join()


def _content(path: Path) -> str:
    """A hash of the file, "" if it cannot be read: then loading it says why."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _changes(old: Settings, new: Settings) -> Iterator[str]:
    yield from _connections(old.connections, new.connections)
    if old.keep != new.keep:
        yield "history has changed"
    if old.alerts != new.alerts:
        yield "alerts have changed"


def _connections(old: Mapping[str, ConnectionSettings], new: Mapping[str, ConnectionSettings]) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if name not in old:
            yield f"connection {name} is new"
        elif name not in new:
            yield f"connection {name} is gone"
        elif old[name] != new[name]:
            yield f"connection {name} has changed"
