"""A look at some: these users and groups are asked for by id, everyone else is taken as remembered.

A look never says that one who is in the account has left a scope of groups, and never guesses who a manager is: where
more than the asked have a say, `Unclear` is raised and everything is read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scim_bridge.errors import CredentialsRefused, SourceUnreadable
from scim_bridge.model.identity import Record, SourceKey
from scim_bridge.model.source import DirectMembers, Memory, SourceChanges
from scim_bridge.source.google import listing
from scim_bridge.source.google.api import Api
from scim_bridge.source.google.listing import Row
from scim_bridge.source.google.memory import FACTS, Facts, GroupEntry, group_entry, ids_of, key_of, user_of
from scim_bridge.source.google.scope import Reach, is_named, is_user_in
from scim_bridge.source.google.snapshot import Shown
from scim_bridge.source.google.user import Selection
from scim_bridge.source.google.vanished import is_within


class Unclear(Exception):
    """A look does not say what everything says."""


def look_at(api: Api, chosen: Selection, memory: Memory, wanted: Iterable[SourceKey]) -> SourceChanges:
    """What is shown of these now. Raises Unclear."""
    text = memory.some([FACTS]).get(FACTS)
    if text is None or api.settings.scope.query:
        raise Unclear
    look = _Look(api=api, chosen=chosen, memory=memory, facts=Facts.read(text))
    for kind, source_id in wanted:
        if kind == "user":
            look.user(source_id)
        else:
            look.group(source_id)
    return SourceChanges(records=look.records, members=look.members, memberships=look.memberships)


@dataclass(slots=True, kw_only=True)
class _Look:
    api: Api
    chosen: Selection
    memory: Memory
    facts: Facts
    records: dict[SourceKey, tuple[Record, ...]] = field(default_factory=dict)
    members: dict[str, DirectMembers] = field(default_factory=dict)
    memberships: dict[str, set[str]] = field(default_factory=dict)
    _managers: dict[str, str | None] = field(default_factory=dict)

    def user(self, user_id: str) -> None:
        """One user, with the groups around."""
        key = SourceKey("user", user_id)
        row = listing.user(self.api, user_id, self.chosen)
        if row is None or not is_user_in(self.api.settings.scope, row, is_found=True):
            self.records[key] = ()
            return
        self._require_within(str(row.get("primaryEmail", "")))
        around = self._groups_around(user_id)
        if self.api.settings.scope.groups and self.api.settings.scope.users == "members" and not around:
            if self.memory.some([key_of("user", user_id)]):
                raise Unclear
            self.records[key] = ()
            return
        self.records[key] = (self._shown({user_id: user_id}, {}).user(row),)
        self.memberships[user_id] = around

    def group(self, group_id: str) -> None:
        """One group, with its members."""
        row = listing.group(self.api, group_id)
        rows = listing.members_of(self.api, group_id, listing.Rows) if row is not None else None
        if row is None or rows is None:
            self.records[SourceKey("group", group_id)] = ()
            self.members[group_id] = ((), ())
            return
        self._require_within(str(row.get("email", "")))
        if (
            self.api.settings.scope.groups
            and group_id not in self.facts.reached
            and not is_named(self.api.settings.scope, row)
        ):
            raise Unclear
        self._put(group_id, row, rows)

    def _put(self, group_id: str, row: Row, rows: list[Row]) -> None:
        people, groups = self._known(rows)
        if any(member.get("type") == "CUSTOMER" for member in rows):
            raise Unclear
        entry = group_entry(row, rows, people, groups, ())
        shown = self._shown(people, {group_id: entry, **dict.fromkeys(entry.groups, GroupEntry({}))})
        self.records[SourceKey("group", group_id)] = (shown.group(group_id),)
        self.members[group_id] = shown.members(group_id)

    def _known(self, rows: Iterable[Row]) -> tuple[dict[str, str], set[str]]:
        """The users in the scope among these members, and the groups that are read. The next run sees who is new."""
        ids = [str(row.get("id", "")) for row in rows]
        found = self.memory.some(key_of(kind, one) for one in ids for kind in ("user", "group"))
        scope = self.api.settings.scope
        people = {one: one for one in ids_of((k for k in found if self._is_in(k, found[k])), "user")}
        return people, ids_of(found, "group") if not scope.groups else ids_of(found, "group") & {*self.facts.reached}

    def _is_in(self, key: str, text: str) -> bool:
        return key.startswith("user ") and is_user_in(self.api.settings.scope, *user_of(text))

    def _groups_around(self, user_id: str) -> set[str]:
        """The groups of the scope that a user is a direct member of, or all users are."""
        rows = {row["id"]: row for row in listing.groups_of(self.api, user_id)}
        known = ids_of(self.memory.some(key_of("group", one) for one in rows), "group")
        scope = self.api.settings.scope
        if scope.groups:
            if any(one not in self.facts.reached and is_named(scope, rows[one]) for one in rows):
                raise Unclear
            return (rows.keys() & {*self.facts.reached}) | self._with_everyone()
        for new in rows.keys() - known:
            members = listing.members_of(self.api, new, listing.Rows)
            if members is not None:
                self._put(new, rows[new], members)
        return rows.keys() | self._with_everyone()

    def _with_everyone(self) -> set[str]:
        """The groups that all users are in, as they were remembered and still are."""
        found = set()
        for group_id in self.facts.everyone:
            rows = listing.members_of(self.api, group_id, listing.Rows)
            if rows is not None and any(row.get("type") == "CUSTOMER" for row in rows):
                found.add(group_id)
        return found

    def _shown(self, people: Mapping[str, str], groups: Mapping[str, GroupEntry]) -> Shown:
        return Shown(
            chosen=self.chosen,
            manager_of=self._manager_of,
            user_ids=people,
            group_ids=dict(zip(groups, groups, strict=True)),
            groups=groups,
            reach=Reach(frozenset(people), frozenset(groups)),
        )

    def _manager_of(self, address: str) -> str | None:
        if address not in self._managers:
            try:
                row = self.api.find("users", address, fields="id,primaryEmail")
            except (CredentialsRefused, SourceUnreadable):
                # Whatever this is about, it is not for an address that anyone may have typed to end the run.
                raise Unclear from None
            is_here = row is not None and is_within(self.api, str(row.get("primaryEmail", "")))
            self._managers[address] = row["id"] if row is not None and is_here else None
        return self._managers[address]

    def _require_within(self, address: str) -> None:
        """Raise Unclear for who is not in the listing of the domain that is read."""
        if not is_within(self.api, address):
            raise Unclear
