"""How things are called in front of people: kinds, states, times, numbers."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scim_bridge.model.operation_kind import OPERATION_KINDS, SUMMARY
from scim_bridge.model.wording import counted


@dataclass(frozen=True, slots=True)
class Status:
    """A state in words, with a sign beside it, so that colour never says it alone. tone: good, bad, wait or quiet."""

    key: str
    words: str
    sign: str
    tone: str


RUN_STATUS: Mapping[str, Status] = {
    "running": Status("running", "running", "…", "quiet"),
    "done": Status("done", "done", "✓", "good"),
    "shadow": Status("shadow", "in shadow", "○", "quiet"),
    "stopped_by_guard": Status("stopped_by_guard", "stopped by the guard", "✗", "bad"),
    "failed": Status("failed", "failed", "✗", "bad"),
    "interrupted": Status("interrupted", "interrupted", "!", "wait"),
}
OPERATION_STATUS: Mapping[str, Status] = {
    "planned": Status("planned", "not sent yet", "·", "quiet"),
    "sent": Status("sent", "sent, answer unknown", "!", "wait"),
    "done": Status("done", "done", "✓", "good"),
    "held": Status("held", "held", "!", "wait"),
    "failed": Status("failed", "failed", "✗", "bad"),
    "not_sent": Status("not_sent", "not sent", "·", "quiet"),
    "superseded": Status("superseded", "left to a run with --only", "·", "quiet"),
}


def summary(counts: Mapping[str, int]) -> str:
    """What a plan does, in one line: "create 3 users, add 1 member; 1 held"; "nothing to do" if it does nothing.

    In the imperative, so that no one takes a dry run for something that has happened.
    """
    told = [to_do(key, counts[key]) for key in SUMMARY if counts.get(key) and key != "held"]
    held = f"; {counts['held']:,} held" if counts.get("held") else ""
    return (", ".join(told) or "nothing to do") + held


def to_do(key: str, count: int) -> str:
    """One kind of a plan's summary: ("create_user", 3) → "create 3 users"."""
    verb, _, noun = key.partition("_")
    return f"{verb} {counted(count, noun)}"


def utc(moment: datetime | None) -> str | None:
    """For programs: RFC 3339, UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment is not None else None


def local(moment: datetime | None) -> str:
    """For people: local time with its offset."""
    return moment.astimezone().isoformat(sep=" ", timespec="seconds") if moment is not None else ""


def span(length: timedelta) -> str:
    """How long: "0.8 s", "5 min", "4 min 5 s", "2 h 10 min", "3 days"."""
    seconds = length.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds % 1 else f"{seconds:.0f} s"
    for size, unit, smaller, smaller_unit in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = int(seconds % size // smaller)
            return f"{int(seconds // size)} {unit}" + (f" {rest} {smaller_unit}" if rest else "")
    raise AssertionError("every length is under a minute or over it")


def ago(moment: datetime, now: datetime) -> str:
    """How long since, in one unit: "just now", "12 min ago", "3 d ago"."""
    seconds = int((now - moment).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now"


_DONE_BY_KEY = {row.key: row.done for row in OPERATION_KINDS.values()} | {"held": "held"}
DONE = {key: _DONE_BY_KEY[key] for key in SUMMARY}
"""What has been done, by the keys of a summary, in the order people read them: "users created"."""


def was_done(key: str, count: int) -> str:
    """One kind of a summary in words: "3 users created"."""
    words = DONE[key]
    if count == 1:
        for many, one in (("users", "user"), ("groups", "group"), ("members", "member")):
            words = words.replace(many, one)
    return f"{count:,} {words}"


def value(attribute: object) -> str:
    """An attribute's value beside others: text as it is, truths in words, several with commas, nothing as a dash."""
    if attribute is None or attribute in ("", (), [], {}):
        return "–"
    if isinstance(attribute, Mapping):
        return ", ".join(f"{printable(str(name))}: {value(inner)}" for name, inner in attribute.items())
    if isinstance(attribute, (list, tuple)):
        return ", ".join(map(value, attribute))
    if isinstance(attribute, bool):
        return "yes" if attribute else "no"
    return printable(str(attribute))


# Cc: control characters, ESC among them; Cf: invisible formatting, the overrides of writing direction among them;
# Zl, Zp: line and paragraph separators. The two joiners are part of names in several scripts.
_UNSAFE = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
_JOINERS = "\u200c\u200d"


def printable(text: str) -> str:
    """Text from a directory, safe to show: what would steer a terminal or reorder a line becomes a visible escape."""
    if text.isprintable():
        return text
    return "".join(c.encode("unicode_escape").decode() if _is_unsafe(c) else c for c in text)


def _is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in _UNSAFE and character not in _JOINERS
