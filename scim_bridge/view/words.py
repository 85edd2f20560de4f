"""How things are called in front of people: kinds, states, times, numbers."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from scim_bridge.model.operation_kind import OPERATION_KINDS, SUMMARY
from scim_bridge.view.translation import _, _n


@dataclass(frozen=True, slots=True)
class Status:
    """A state in words, with a sign beside it, so that colour never says it alone. tone: good, bad, wait or quiet."""

    key: str
    words: str
    sign: str
    tone: str

    @property
    def said(self) -> "Status":
        """The same in the reader's language."""
        return replace(self, words=_(self.words))


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
    held = _("; %(count)s held", count=counts["held"]) if counts.get("held") else ""
    return (listing(told) or _("nothing to do")) + held


def to_do(key: str, count: int) -> str:
    """One kind of a plan's summary: ("create_user", 3) → "create 3 users"."""
    return _n(*TO_DO[key], count)


def utc(moment: datetime | None) -> str | None:
    """For programs: RFC 3339, UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment is not None else None


def in_utc(moment: datetime | None) -> str:
    """For people whose zone is not known: "2027-03-13 03:00:00 UTC"."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment is not None else ""


def local(moment: datetime | None) -> str:
    """For people: local time with its offset."""
    return moment.astimezone().isoformat(sep=" ", timespec="seconds") if moment is not None else ""


def span(length: timedelta) -> str:
    """How long: "0.8 s", "5 min", "4 min 5 s", "2 h 10 min", "3 days"."""
    seconds = length.total_seconds()
    if seconds < 60:
        return _("%(seconds)s s", seconds=f"{seconds:.1f}" if seconds % 1 else f"{seconds:.0f}")
    for size, unit, smaller, smaller_unit in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = int(seconds % size // smaller)
            return " ".join(_in_unit(n, of) for n, of in ((int(seconds // size), unit), (rest, smaller_unit)) if n)
    raise AssertionError("every length is under a minute or over it")


def _in_unit(number: int, unit: str) -> str:
    return f"{number} {_(unit)}"


def ago(moment: datetime, now: datetime) -> str:
    """How long since, in one unit: "just now", "12 min ago", "3 d ago"."""
    seconds = int((now - moment).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return _("%(span)s ago", span=_in_unit(seconds // size, unit))
    return _("just now")


def until(moment: datetime, now: datetime) -> str:
    """How long until then, in one unit: "in 4 min"; "now" for what is due."""
    seconds = int((moment - now).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            return _("in %(span)s", span=_in_unit(seconds // size, unit))
    return _("now")


def listing(items: Sequence[str]) -> str:
    """Several things one after the other, as the reader's language sets them apart."""
    return _(", ").join(items)


def some(names: Sequence[str], shown: int = 5) -> str:
    """The first of these, and how many more there are: "ann, ben and 3 more"."""
    more = len(names) - shown
    first = listing(names[:shown])
    return _("%(names)s and %(count)s more", names=first, count=more) if more > 0 else first


_DONE_BY_KEY = {row.key: row.done for row in OPERATION_KINDS.values()} | {"held": "held"}


def _one_and_many(key: str) -> tuple[str, str]:
    verb, _space, noun = key.partition("_")
    return f"{verb} %(count)s {noun}", f"{verb} %(count)s {noun}s"


def _done_one_and_many(key: str) -> tuple[str, str]:
    many = f"%(count)s {_DONE_BY_KEY[key]}"
    return many.replace("users", "user").replace("groups", "group").replace("members", "member"), many


TO_DO: Mapping[str, tuple[str, str]] = {key: _one_and_many(key) for key in SUMMARY if key != "held"}
"""What a plan does, by the keys of a summary, in the order people read them: for 1, and for several."""
DONE: Mapping[str, tuple[str, str]] = {key: _done_one_and_many(key) for key in SUMMARY}
"""What has been done, likewise: "%(count)s users created"."""


def was_done(key: str, count: int) -> str:
    """One kind of a summary in words: "3 users created"."""
    return _n(*DONE[key], count)


def value(attribute: object) -> str:
    """An attribute's value beside others: text as it is, truths in words, several with commas, nothing as a dash."""
    if attribute is None or attribute in ("", (), [], {}):
        return "–"
    if isinstance(attribute, Mapping):
        return ", ".join(f"{printable(str(name))}: {value(inner)}" for name, inner in attribute.items())
    if isinstance(attribute, (list, tuple)):
        return ", ".join(map(value, attribute))
    if isinstance(attribute, bool):
        return _("yes") if attribute else _("no")
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
