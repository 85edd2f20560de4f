"""What a plan does to who may enter what, as people read it: who loses first, the most privileged first.

Made from the document (model/impact.py), so that a plan that is made, one that was saved and a run that has ended are
shown alike.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scim_bridge.model.wording import counted, some
from scim_bridge.view import words
from scim_bridge.view.access import DIRECTLY
from scim_bridge.view.words import printable

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
    age = f" (AWS as read {words.ago(read, made)})" if made is not None else ""
    tables = (_table("lost", document, shown), _table("gained", document, shown))
    return ImpactView(
        headline=f"Access{age}: {_headline(document)}",
        tables=tuple(table for table in tables if table.rows),
        notes=tuple(map(printable, _notes(document))),
    )


def _headline(document: Mapping[str, Any]) -> str:
    users, admins = document["users"], document["admins"]
    said = []
    for what, does in (("lost", "lose"), ("gained", "gain")):
        if users[what]:
            verb = does if users[what] > 1 else f"{does}s"
            levels = {one["user"] for one in admins[what]}
            among = f", {counted(len(levels), 'administrator')} among them" if levels else ""
            said.append(f"{counted(users[what], 'user')} {verb} access{among}")
    return "; ".join(said) or "no one gains or loses any"


def _table(what: str, document: Mapping[str, Any], shown: int | None) -> ImpactRows:
    total, rows = document["pairs"][what], document[what][:shown]
    title = f"{'Lost' if what == 'lost' else 'Gained'} ({total:,})"
    return ImpactRows(title, tuple(map(_cells, rows)), total - len(rows))


def _cells(row: Mapping[str, Any]) -> Row:
    because = "; ".join(row["causes"])
    via = row["via"] or DIRECTLY
    if "account" in row:
        cells = (row["user"], via, row["account"], row["permission_set"], "; ".join(row["allows"]), because)
    else:
        cells = (row["user"], via, row["application"], "–", "–", because)
    return tuple(map(printable, cells))


def _notes(document: Mapping[str, Any]) -> Iterator[str]:
    admins = document["admins"]
    yield from _admins(admins["lost"], "administrator", "no longer administrator")
    yield from _admins(admins["gained"], "administrator", "new administrator")
    yield from _admins(admins["gained"], "can-become-administrator", "can then become administrator")
    for tag in document["session_tags"]:
        change = f"{counted(tag['count'], 'user')} {'changes' if tag['count'] == 1 else 'change'}"
        yield f"{tag['path']} is passed to AWS as the session tag {tag['tag']}; {change}"
    for seats in document["seats"]:
        yield _seats(seats)
    renamed = document["renamed"]
    if renamed["count"]:
        what = f"{counted(renamed['count'], 'user')} with access {'gets' if renamed['count'] == 1 else 'get'} another"
        names = some(renamed["users"], _NAMED)
        yield f"{what} userName ({names}): assignments stay, the name in AWS sessions (aws:userid) changes"
    yield from document["warnings"]


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
    parts = [f"up to {counted(gained, 'seat')} more"] if gained else []
    parts += [f"{'up to ' if not gained else ''}{counted(lost, 'seat')} fewer from next month"] if lost else []
    cost = f", {_money((gained - lost) * price)} a month" if price is not None and gained != lost else ""
    return f"{seats['application']}: {', '.join(parts)}{cost}"


def _money(amount: float) -> str:
    return f"{amount:+,.2f}".removesuffix(".00")
