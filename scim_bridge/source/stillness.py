"""Files that someone may be writing are read when they have come to rest, so that half an export is never believed.

A file that is replaced by a rename is at rest at once, as is one that was written some time ago.
"""

from collections.abc import Iterable
from pathlib import Path
from time import sleep, time

from scim_bridge.errors import SourceUnreadable

STILL_FOR = 1.0
"""Seconds without a change after which a file counts as written to its end."""
_PATIENCE = 30.0


def wait_until_still(paths: Iterable[Path], still_for: float = STILL_FOR) -> None:
    """Return when none of these files has changed for so many seconds. Raises SourceUnreadable after 30 s.

    A file that is not there is left to anyone who reads it. A time stamp in the future tells nothing, so such a file is
    watched for as long as a new one.
    """
    paths, end = tuple(paths), time() + _PATIENCE
    seen = _stamps(paths)
    while seen and (age := time() - max(changed for _, changed, _ in seen)) < still_for:
        sleep(still_for - max(age, 0.0))
        before, seen = seen, _stamps(paths)
        if seen == before:
            return
        if time() > end:
            names = ", ".join(path.name for path in paths)
            raise SourceUnreadable(
                f"{names}: still being written after {_PATIENCE:g} s, so nothing was read",
                "Write the export beside its place and rename it when it is complete.",
            )


def _stamps(paths: Iterable[Path]) -> list[tuple[Path, float, int]]:
    """Each file with the time of its last change (seconds since the epoch) and its size."""
    found: list[tuple[Path, float, int]] = []
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        found.append((path, status.st_mtime, status.st_size))
    return found
