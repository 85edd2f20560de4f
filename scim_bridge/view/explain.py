"""Everything about one identity, step by step, as `explain` shows it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One attribute's rule and what it gave. value is None where it failed; failure says why."""

    path: str
    rule: str
    place: str
    value: object
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One user or group on its way through the picture. places: where the source shows it; empty if it does not.

    record: the source's values as rules see them; raw: what they were before the source decoded them. situation,
    action: the row of the situation table; but: why the plan does nothing of it, "" if it does something. operations,
    conflicts: what the plan does and what waits. applied, seen: by path, as remembered. groups: those of a user, or the
    users of a group, as the source has them.
    """

    kind: str
    name: str
    source_id: str
    target_id: str | None
    places: tuple[str, ...]
    record: dict[str, object]
    raw: dict[str, str]
    scope: str
    rules: tuple[Rule, ...]
    situation: str
    action: str
    operations: tuple[str, ...]
    conflicts: tuple[str, ...]
    applied: dict[str, object]
    seen: dict[str, object]
    groups: tuple[str, ...]
    but: str = ""
