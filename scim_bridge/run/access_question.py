"""Who can enter what, asked of the newest reading that is kept: row by row by the indexes, never all at once.

Rows come in an order that lasts as long as the reading: assignment by assignment, the users of each by their id. So a
page begins where the one before ended, whether there are a hundred rows or a million.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scim_bridge.access.graph import application_rows, rows_by
from scim_bridge.access.seat import price_of, takes_seat
from scim_bridge.model.access import AccessReading, AccessRow, Application, ApplicationRow, Edge, Person
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.text import folded
from scim_bridge.state.access_lookup import AccessLookup
from scim_bridge.view.access import SeatView

_AT_ONCE = 200
"""Users of a group that are loaded together."""
Cursor = tuple[int, str]
"""Where a page begins: behind this user of this assignment."""
START: Cursor = (0, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for: accounts, permission sets and groups by name or id, "" for all. users: target ids, None for
    all."""

    account: str = ""
    permission_set: str = ""
    group: str = ""
    users: frozenset[str] | None = None


class Answers:
    """The rows of a question. reading: what belongs to all, and those who are asked about. edges: the assignments."""

    def __init__(self, lookup: AccessLookup, question: Question) -> None:
        self._lookup = lookup
        self._users = question.users
        found = lookup.around(question.users or ())
        if found is None:
            raise LookupError("nothing was read yet")
        self.reading: AccessReading = found
        edges = self.reading.edges if question.users is not None else lookup.edges()
        self._groups = lookup.groups({e.principal.id for e in edges if e.principal.kind == "group"})
        self.edges = sorted((e for e in edges if self._fits(e, question)), key=self._order)

    def _fits(self, edge: Edge, question: Question) -> bool:
        account, held = self.reading.accounts[edge.account], self.reading.sets[edge.permission_set]
        group = self._groups.get(edge.principal.id, "") if edge.principal.kind == "group" else ""
        return (
            account.is_usable
            and _is_called(question.account, account.id, account.name)
            and _is_called(question.permission_set, held.arn, held.name)
            and (not question.group or (bool(group) and _is_called(question.group, edge.principal.id, group)))
        )

    def _order(self, edge: Edge) -> tuple[str, ...]:
        names = self.reading.accounts[edge.account].name, self.reading.sets[edge.permission_set].name
        return (*names, self._groups.get(edge.principal.id, ""), edge.account, edge.permission_set, *edge.principal)

    def rows(self, after: Cursor = START) -> Iterator[tuple[Cursor, AccessRow]]:
        """Each way in, with where it stands; those behind a cursor."""
        for number, edge in enumerate(self.edges):
            if number >= after[0]:
                row_of = rows_by(self.reading, edge)
                via = self._groups.get(edge.principal.id) if edge.principal.kind == "group" else None
                begin = after[1] if number == after[0] else ""
                yield from (((number, user.id), row_of(user, via)) for user in self._reached(edge, begin))

    def _reached(self, edge: Edge, after: str) -> Iterator[Person]:
        """The active users whom an assignment reaches, by id."""
        for ids in self._ids(edge, after):
            users = self._lookup.users(ids)
            yield from (users[one] for one in ids if one in users and users[one].is_active)

    def _ids(self, edge: Edge, after: str) -> Iterator[Sequence[str]]:
        principal = edge.principal
        if principal.kind == "user":
            is_wanted = self._users is None or principal.id in self._users
            yield [principal.id] if is_wanted and principal.id > after else []
        elif principal.id not in self._groups:
            return
        elif self._users is not None:
            inside = self.reading.people.members.get(principal.id, ())
            yield sorted(one for one in inside if one in self._users and one > after)
        else:
            while ids := self._lookup.people_in(principal.id, after, _AT_ONCE):
                yield ids
                after = ids[-1]

    def applications(self) -> list[ApplicationRow]:
        """The applications of those who are asked about; of everyone, those that need no assignment."""
        rows = application_rows(self.reading)
        return [row for row in rows if row.user_id is None or self._users is None or row.user_id in self._users]

    def names(self) -> tuple[list[str], list[str]]:
        """The names of all accounts and of all permission sets, to choose from."""
        accounts = {account.name for account in self.reading.accounts.values() if account.is_usable}
        return sorted(accounts), sorted({held.name for held in self.reading.sets.values()})


def cursor_of(text: str) -> Cursor:
    """Where a page begins; a text that `cursor_text` has not made begins at the first row."""
    number, _dot, user = text.partition(".")
    return (int(number), user) if number.isascii() and number.isdigit() and len(number) < 10 else START


def cursor_text(cursor: Cursor) -> str:
    """A cursor as a text."""
    return f"{cursor[0]}.{cursor[1]}"


def seats(lookup: AccessLookup, reading: AccessReading, prices: Mapping[str, float]) -> list[SeatView]:
    """Applications that are paid for each user, with how many active users have them."""
    paid = [one for one in reading.applications.values() if takes_seat(one.name, prices)]
    principals = lookup.principals_of({one.arn for one in paid}) if paid else {}
    return [_seat(lookup, one, principals.get(one.arn, ()), prices) for one in sorted(paid, key=lambda a: a.name)]


def _seat(
    lookup: AccessLookup, application: Application, who: Iterable[TargetKey], prices: Mapping[str, float]
) -> SeatView:
    count, price = lookup.active_among(who), price_of(application.name, prices)
    return SeatView(application.name, count, price * count if price is not None else None)


def _is_called(wanted: str, *names: str) -> bool:
    return not wanted or folded(wanted) in map(folded, names)
