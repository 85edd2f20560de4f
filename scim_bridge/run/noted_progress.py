"""The progress of a run, noted in the state so that a page of any process can show it.

It is written by a thread of its own, at most once a second: a run never waits for it, and it never fails for it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from scim_bridge.errors import BridgeError
from scim_bridge.model.progress import RunProgress
from scim_bridge.model.protocol import Progress
from scim_bridge.state.writer import State

_EVERY = 1.0
_Said = tuple[str, int, int | None]


@contextmanager
def noted(
    state: State, run_id: int, connection: str, requests: Callable[[], int], also: Progress
) -> Iterator[Progress]:
    """A Progress that is noted for this run while the block lasts. also: gets the same. requests: sent so far."""
    latest: list[_Said] = []
    over = threading.Event()

    def progress(step: str, done: int, total: int | None) -> None:
        latest[:] = [(step, done, total)]
        also(step, done, total)

    def note() -> None:
        step_began, before = datetime.now(UTC), None
        while not over.wait(_EVERY):
            said = latest[0] if latest else None
            if said is None or said == before:
                continue
            now = datetime.now(UTC)
            if before is None or before[0] != said[0]:
                step_began = now
            before = said
            step, done, total = said
            told = RunProgress(
                run=run_id,
                connection=connection,
                step=step,
                done=done,
                total=total,
                step_began=step_began,
                noted=now,
                requests=requests(),
            )
            try:
                state.note_progress(told)
            except BridgeError:
                continue  # the run itself says what is wrong with the state

    thread = threading.Thread(target=note, name="progress", daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        over.set()
        thread.join()
