"""The one differ: which attributes of a resource must change. Exact; a case-only change is an ordinary change."""

from collections.abc import Mapping

from scim_bridge.model.identity import Value
from scim_bridge.model.operation import Change

_WHOLE = "addresses."
"""The target replaces an address whole (docs/design.md §6.10), so all its parts travel when one of them changes."""


def diff(existing: Mapping[str, Value], desired: Mapping[str, Value]) -> dict[str, Change]:
    """Path → (old, new) for what differs. Only paths in desired are looked at; an empty desired value means None.

    If a part of the address differs, its other parts come along unchanged (old == new), ours or not.
    """
    changes: dict[str, Change] = {}
    for path, value in desired.items():
        old = existing.get(path)
        new = None if value == "" else value
        if old != new:
            changes[path] = (old, new)
    if any(path.startswith(_WHOLE) for path in changes):
        # Also parts that no rule names: replaced as a whole without them, they would be deleted although no one asked.
        for path, old in existing.items():
            if path.startswith(_WHOLE):
                changes.setdefault(path, (old, old))
    return changes
