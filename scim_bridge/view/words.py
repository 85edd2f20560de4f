"""How things are called in front of people: kinds, states, times, numbers."""

from collections.abc import Mapping
from datetime import UTC, datetime

KIND: Mapping[str, str] = {
    "deactivate_user": "deactivate user",
    "remove_members": "remove members",
    "reactivate_user": "reactivate user",
    "adopt_user": "adopt user",
    "create_user": "create user",
    "update_user": "update user",
    "adopt_group": "adopt group",
    "create_group": "create group",
    "update_group": "update group",
    "add_members": "add members",
}
SYMBOL: Mapping[str, str] = {
    "deactivate_user": "-",
    "remove_members": "-",
    "reactivate_user": "+",
    "adopt_user": "=",
    "create_user": "+",
    "update_user": "~",
    "adopt_group": "=",
    "create_group": "+",
    "update_group": "~",
    "add_members": "+",
}
STATUS: Mapping[str, str] = {
    "running": "running",
    "done": "done",
    "stopped_by_guard": "stopped by the guard",
    "failed": "failed",
    "interrupted": "interrupted",
    "planned": "not sent yet",
    "sent": "sent, answer unknown",
    "held": "held",
    "not_sent": "not sent",
}
SUMMARY: Mapping[str, str] = {
    "create_user": "users created",
    "update_user": "users updated",
    "deactivate_user": "users deactivated",
    "reactivate_user": "users reactivated",
    "delete_user": "users deleted",
    "adopt_user": "users adopted",
    "create_group": "groups created",
    "update_group": "groups updated",
    "delete_group": "groups deleted",
    "adopt_group": "groups adopted",
    "add_member": "members added",
    "remove_member": "members removed",
    "held": "held",
}


def summary(counts: Mapping[str, int]) -> str:
    """What a plan or a run does, in one line: "3 users created, 1 held"; "nothing to do" if it does nothing."""
    told = [f"{counts[key]:,} {words}" for key, words in SUMMARY.items() if counts.get(key)]
    return ", ".join(told) or "nothing to do"


def utc(moment: datetime | None) -> str | None:
    """For programs: RFC 3339, UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment is not None else None


def local(moment: datetime | None) -> str:
    """For people: local time with its offset."""
    return moment.astimezone().isoformat(sep=" ", timespec="seconds") if moment is not None else ""


def duration(begin: datetime, end: datetime | None) -> str:
    """How long something took: "0.8 s", "4 min 5 s"; "" while it goes on."""
    if end is None:
        return ""
    seconds = (end - begin).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def value(attribute: object) -> str:
    """An attribute's value beside others: text as it is, truths in words, nothing as a dash."""
    if attribute is None or attribute == "":
        return "–"
    if isinstance(attribute, bool):
        return "yes" if attribute else "no"
    return str(attribute)
