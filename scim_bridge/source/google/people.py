"""All users as their pages come: held against what is remembered, and of each only what others need to know is kept.

With 100,000 users nothing else fits beside the program: ids, addresses, who names whom as manager, and where a scope
names units the unit.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from sys import intern

from scim_bridge.model.identity import Notice
from scim_bridge.model.wording import counted, some
from scim_bridge.source.google.listing import Row
from scim_bridge.source.google.memory import user_of, user_text
from scim_bridge.source.google.stretch import Held
from scim_bridge.source.google.user import ID, MANAGER, Selection, addresses_of, manager_address


@dataclass(slots=True, kw_only=True)
class People:
    """chosen: what is read of a user. held: holds each against what was remembered.

    found: the ids that the scope's query finds, None = all. has_units: whether units are kept.
    """

    chosen: Selection
    held: Held
    found: frozenset[str] | None
    has_units: bool
    ids: dict[str, str] = field(default_factory=dict)
    """Id → the same id, so that a million memberships share it."""
    addresses: dict[str, str] = field(default_factory=dict)
    """Address, in small letters → id. A primary address goes before an alias of it."""
    reports: dict[str, list[str]] = field(default_factory=dict)
    """Address that users name as their manager's, as they write it → ids of those users."""
    units: dict[str, str] = field(default_factory=dict)
    customers: set[str] = field(default_factory=set)

    def put(self, rows: list[Row]) -> None:
        """A page of users. A rename during the listing may show a user twice: the last row counts."""
        for row in rows:
            is_again = row[ID] in self.ids
            if is_again:
                self._forget(row[ID])
            self._note(row)
            self.held.put(row[ID], user_text(row, self._is_found(row)), is_again=is_again)

    def end(self) -> None:
        """There is no other page."""
        self.held.end()

    def manager_of(self, address: str) -> str | None:
        """The id of the user of this address."""
        return self.addresses.get(address.casefold())

    def naming(self, addresses: Iterable[str]) -> Iterator[str]:
        """The users who name one of these, in whatever case, as their manager."""
        meant = set(addresses)
        for address, users in self.reports.items():
            if address.casefold() in meant:
                yield from users

    def unknown_managers(self, reach: Set[str]) -> Notice | None:
        """Google takes any text for a manager, so there may be thousands: they are counted, and a few are shown.

        reach: who is in the scope.
        """
        unknown = {name: users for name, users in self.reports.items() if self.manager_of(name) is None}
        counts = {name: sum(user in reach for user in users) for name, users in unknown.items()}
        texts = sorted(name for name, count in counts.items() if count)
        if not texts:
            return None
        many = counted(sum(counts.values()), "manager")
        detail = f"{many} who are not users of the account were left out ({some(texts)})"
        return Notice("unknown_manager", MANAGER, detail)

    def _is_found(self, row: Row) -> bool:
        return self.found is None or row[ID] in self.found

    def _note(self, row: Row) -> None:
        user_id = row[ID]
        self.ids[user_id] = user_id
        primary, *aliases = addresses_of(row)
        for alias in aliases:
            self.addresses.setdefault(alias, user_id)
        self.addresses[primary] = user_id
        if MANAGER in self.chosen.names and (manager := manager_address(row)):
            self.reports.setdefault(manager, []).append(user_id)
        if self.has_units:
            self.units[user_id] = intern(str(row.get("orgUnitPath", "")))
        self.customers.add(str(row.get("customerId", "")))

    def _forget(self, user_id: str) -> None:
        """What the row said that this user had before."""
        for address in [address for address, owner in self.addresses.items() if owner == user_id]:
            del self.addresses[address]
        for users in self.reports.values():
            if user_id in users:
                users.remove(user_id)


def addresses_that_moved(before: Mapping[str, str], after: Mapping[str, str | None]) -> set[str]:
    """The addresses that belong to another user now, or to none any more. before, after: entries of those changed."""
    moved: set[str] = set()
    for key, text in after.items():
        then = addresses_of(user_of(before[key])[0]) if key in before else []
        now = addresses_of(user_of(text)[0]) if text is not None else []
        moved |= set(then) ^ set(now)
        # Who has an address as the primary one goes before whose alias it is.
        moved |= {*then[:1], *now[:1]} if then[:1] != now[:1] else set()
    return moved
