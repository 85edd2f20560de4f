"""What a plan does to who may enter what, as people read it: who loses first, the most privileged first.

Made from the document (model/impact.py), so that a plan that is made, one that was saved and a run that has ended are
shown alike.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scim_bridge.view import words
from scim_bridge.view.access import DIRECTLY
from scim_bridge.view.translation import _, _n, recorded
from scim_bridge.view.words import printable, some

COLUMNS = ("user", "through", "account", "permission set", "allows", "because")
Row = tuple[str, ...]
_NAMED = 5


@dataclass(frozen=True, slots=True)
class ImpactRows:
    """Pairs of a user and what the user may enter. rows: cells under COLUMNS; more: how many are not shown."""

    title: str
    rows: tuple[Row, ...]
    more: int


@dataclass(frozen=True, slots=True)
class ImpactView:
    """The whole of it. tables: what is lost, then what is gained; those without a row are left out."""

    headline: str
    tables: tuple[ImpactRows, ...]
    notes: tuple[str, ...]


def impact_view(document: Mapping[str, Any], made: datetime | None, shown: int | None) -> ImpactView | None:
    """The view of a document; None for an empty one. made: when the plan was. shown: of each table so many rows."""
    if not document.get("read_at"):
        return None
    read = datetime.fromisoformat(document["read_at"])
    age = _(" (AWS as read %(ago)s)", ago=words.ago(read, made)) if made is not None else ""
    tables = (_table("lost", document, shown), _table("gained", document, shown))
    return ImpactView(
        headline=_("Access%(age)s: %(headline)s", age=age, headline=_headline(document)),
        tables=tuple(table for table in tables if table.rows),
        notes=tuple(map(printable, _notes(document))),
    )


def _headline(document: Mapping[str, Any]) -> str:
    users, admins = document["users"], document["admins"]
    said = []
    if lost := users["lost"]:
        said.append(_n("%(count)s user loses access", "%(count)s users lose access", lost) + _among(admins["lost"]))
    if gained := users["gained"]:
        said.append(_n("%(count)s user gains access", "%(count)s users gain access", gained) + _among(admins["gained"]))
    return _("; ").join(said) or _("no one gains or loses any")


def _among(admins: Iterable[Mapping[str, Any]]) -> str:
    count = len({one["user"] for one in admins})
    return _n(", %(count)s administrator among them", ", %(count)s administrators among them", count) if count else ""


def _table(what: str, document: Mapping[str, Any], shown: int | None) -> ImpactRows:
    total, rows = document["pairs"][what], document[what][:shown]
    title = _("Lost (%(count)s)", count=total) if what == "lost" else _("Gained (%(count)s)", count=total)
    return ImpactRows(title, tuple(map(_cells, rows)), total - len(rows))


def _cells(row: Mapping[str, Any]) -> Row:
    because = _("; ").join(map(recorded, row["causes"]))
    via = row["via"] or _(DIRECTLY)
    if "account" in row:
        cells = (
            row["user"],
            via,
            row["account"],
            row["permission_set"],
            _("; ").join(map(recorded, row["allows"])),
            because,
        )
    else:
        cells = (row["user"], via, row["application"], "–", "–", because)
    return tuple(map(printable, cells))


def _notes(document: Mapping[str, Any]) -> Iterator[str]:
    admins = document["admins"]
    yield from _admins(admins["lost"], "administrator", _("no longer administrator"))
    yield from _admins(admins["gained"], "administrator", _("new administrator"))
    yield from _admins(admins["gained"], "can-become-administrator", _("can then become administrator"))
    for tag in document["session_tags"]:
        yield _n(
            "%(path)s is passed to AWS as the session tag %(tag)s; %(count)s user changes",
            "%(path)s is passed to AWS as the session tag %(tag)s; %(count)s users change",
            tag["count"],
            path=tag["path"],
            tag=tag["tag"],
        )
    for seats in document["seats"]:
        yield _seats(seats)
    renamed = document["renamed"]
    if renamed["count"]:
        yield _n(
            "%(count)s user with access gets another userName (%(names)s): assignments stay, the name in AWS sessions "
            "(aws:userid) changes",
            "%(count)s users with access get another userName (%(names)s): assignments stay, the name in AWS sessions "
            "(aws:userid) changes",
            renamed["count"],
            names=some(renamed["users"], _NAMED),
        )
    yield from map(recorded, document["warnings"])


def _admins(admins: Iterable[Mapping[str, Any]], level: str, says: str) -> Iterator[str]:
    """Those of this level by name, each with the accounts."""
    accounts: dict[str, list[str]] = defaultdict(list)
    for one in admins:
        if one["level"] == level:
            accounts[one["user"]].append(one["account"])
    if accounts:
        named = [f"{user} ({some(where, 3)})" for user, where in accounts.items()]
        yield f"{says}: {some(named, _NAMED)}"


def _seats(seats: Mapping[str, Any]) -> str:
    """A month that has begun is charged whole, and only users who are active: so it is "up to"."""
    gained, lost, price = seats["gained"], seats["lost"], seats["price"]
    parts = [_n("up to %(count)s seat more", "up to %(count)s seats more", gained)] if gained else []
    if lost and gained:
        parts.append(_n("%(count)s seat fewer from next month", "%(count)s seats fewer from next month", lost))
    elif lost:
        parts.append(
            _n("up to %(count)s seat fewer from next month", "up to %(count)s seats fewer from next month", lost)
        )
    if price is not None and gained != lost:
        parts.append(_("%(amount)s a month", amount=_money((gained - lost) * price)))
    return f"{seats['application']}: {words.listing(parts)}"


def _money(amount: float) -> str:
    return f"{amount:+,.2f}".removesuffix(".00")
