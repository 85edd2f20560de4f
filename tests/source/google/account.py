"""An account on the emulator for the tests of this room: how to open a source on it, and an organization in it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from scim_bridge.config.secret import Secret
from scim_bridge.config.source import GoogleEndpoint, GoogleScope, GoogleSettings, ServiceAccountKey
from scim_bridge.model.identity import Snapshot
from scim_bridge.model.source import Memory, Wanted
from scim_bridge.sandbox.google.server import GoogleSandbox
from scim_bridge.source.google.source import GoogleSource
from scim_bridge.source.patience import Patience
from tests.fakes import FakeClock
from tests.organization import Organization, Person, Team
from tests.remembering import remembered
from tests.waiting import PATIENCE

TODAY = "2027-03-13"
USERS = Wanted("id", frozenset({"id", "primaryEmail", "name", "accountEnabled", "manager", "organization"}))
GROUPS = Wanted("id", frozenset({"id", "name"}))


def settings(google: GoogleSandbox, **changed: Any) -> GoogleSettings:
    """How to reach the emulator. changed: settings that are to be others."""
    base = GoogleSettings(
        admin=google.admin,
        credential=ServiceAccountKey(Secret(f"file:{google.key_file}", Path(), "key")),
        customer="my_customer",
        domain="",
        scope=GoogleScope(),
        endpoint=GoogleEndpoint(google.origin, google.ca_file),
        requests_per_second=1e6,
        timeout=timedelta(seconds=PATIENCE),
    )
    return replace(base, **changed)


def source(google: GoogleSandbox, users: Iterable[str] = (), **changed: Any) -> GoogleSource:
    """A source by a clock that does not wait. users: attributes that a mapping uses besides the usual ones."""
    clock = FakeClock()
    wanted = Wanted("id", USERS.names | frozenset(users))
    return GoogleSource(settings(google, **changed), wanted, GROUPS, Patience(clock=clock, wait=clock.wait))


def read(source: GoogleSource, memory: Memory | None = None) -> tuple[Snapshot, Memory]:
    """What the source shows, and its memory afterwards, as the state would keep it."""
    reading = source.read(TODAY, memory)
    return reading.snapshot, remembered(memory, reading)


def ids(snapshot: Snapshot) -> set[str]:
    """Ids of the users shown."""
    return {record.id for record in snapshot.users}


def members(snapshot: Snapshot, group: str) -> set[str]:
    """Everyone directly in a group."""
    users, groups = snapshot.members.get(group, ((), ()))
    return {*users, *groups}


class Account:
    """The emulator's directory kept equal to an organization, key by key, as an administrator would.

    The admin whose rights are borrowed is in a unit of its own, outside the scope of these tests.
    """

    def __init__(self, google: GoogleSandbox) -> None:
        self.google = google
        self._there = Organization()

    def become(self, organization: Organization) -> None:
        """Make what has changed since the last time, and nothing else."""
        there, before, after = self.google.directory, self._there, organization.copy()
        for key in before.people.keys() - after.people.keys():
            there.delete_user(key)
        for key in before.teams.keys() - after.teams.keys():
            there.delete_group(key)
        changed = {key: one for key, one in after.people.items() if before.people.get(key) != one}
        for key in changed.keys() & before.people.keys():
            there.put_user(key, primaryEmail=f"on-the-move-{key}@corp.example")  # two may swap their addresses
        for key, person in changed.items():
            there.put_user(key, **properties(person))
        for key, person in after.people.items():
            manager = after.people.get(person.manager)
            relations = [{"type": "manager", "value": manager.mail}] if manager else None
            if there.users[key].get("relations") != relations:
                there.put_user(key, relations=relations)
        for key, team in after.teams.items():
            if key not in before.teams or before.teams[key].name != team.name:
                there.put_group(key, name=team.name)
        for key, team in after.teams.items():
            self._members(team, before.teams.get(key) or Team(key, ""), after)
        self._there = after

    def _members(self, team: Team, before: Team, after: Organization) -> None:
        was, now = before.users | before.teams, team.users | team.teams
        for member in now - was:
            self.google.directory.add_member(team.key, member)
        for member in was - now:
            if member in after.people or member in after.teams:
                self.google.directory.remove_member(team.key, member)


def properties(person: Person) -> dict[str, Any]:
    """A person as Google has one."""
    organization = {"title": person.title, "department": person.department, "primary": True}
    return {
        "primaryEmail": person.mail,
        "name": {"givenName": person.given, "familyName": person.family},
        "suspended": not person.is_active,
        "orgUnitPath": "/Staff",
        "organizations": [{name: value for name, value in organization.items() if value}],
    }
