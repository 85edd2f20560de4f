"""Ids that came back without their leading zeros: what a spreadsheet makes of "0012". The old ones seem gone.

Pure. It changes nothing about what is done; it tells a person what they are looking at.
"""

from collections.abc import Iterable

from scim_bridge.model.identity import Notice
from scim_bridge.plan.match.correlate import Match

KIND = "lost_zeros"


def lost_zeros(matches: Iterable[Match]) -> tuple[tuple[str, str], ...]:
    """The ids of those who have left that are there as new ids without their leading zeros, (old, new), in order."""
    matches = tuple(matches)
    new = {m.source_id for m in matches if m.desired is not None and m.by != "link"}
    # Only ids that begin with a zero: leavers and joiners of a busy week must not look like a spreadsheet's doing.
    old = (m.source_id for m in matches if m.desired is None and m.source_id.startswith("0"))
    pairs = ((source_id, source_id.lstrip("0")) for source_id in old)
    return tuple(sorted(pair for pair in pairs if pair[1] in new))


def in_words(pairs: tuple[tuple[str, str], ...], what: str) -> str:
    """A clause for a sentence, "" where there are none. what: users or groups."""
    if not pairs:
        return ""
    old, new = pairs[0]
    return (
        f"{len(pairs):,} of the new ids of {what} are old ones without their leading zeros ({old!r} is now {new!r}): "
        "a spreadsheet drops them, so export the id column as text"
    )


def notice(pairs: tuple[tuple[str, str], ...], what: str) -> tuple[Notice, ...]:
    """The same as a warning of the plan."""
    return (Notice(KIND, what, in_words(pairs, what)),) if pairs else ()
