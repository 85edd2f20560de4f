"""A tenant on the emulator for the tests of this room: how to open a source on it, and an organization put into it."""

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from scim_bridge.config.secret import Secret
from scim_bridge.config.source import ClientSecret, EntraCloud, EntraScope, EntraSettings
from scim_bridge.model.identity import Kind, Notice, Record, Snapshot
from scim_bridge.model.source import Memory, Wanted
from scim_bridge.sandbox.entra.server import EntraSandbox
from scim_bridge.source.entra.source import EntraSource
from scim_bridge.source.patience import Patience
from tests.fakes import FakeClock
from tests.organization import Organization, Person, Team
from tests.remembering import remembered
from tests.waiting import PATIENCE

TODAY = "2027-03-13"
_USED = {"userPrincipalName", "givenName", "surname", "displayName", "jobTitle", "department", "accountEnabled"}
USERS = Wanted("id", frozenset({"id", "manager", *_USED}))
GROUPS = Wanted("id", frozenset({"id", "displayName"}))


def settings(entra: EntraSandbox, **changed: Any) -> EntraSettings:
    """How to reach the emulator. changed: settings that are to be others."""
    base = EntraSettings(
        tenant=entra.tenant,
        client=entra.client,
        credential=ClientSecret(Secret(entra.secret, Path())),
        scope=EntraScope(),
        cloud=EntraCloud(entra.login, entra.graph, entra.ca_file),
        reads_changes=True,
        page_size=500,
        timeout=timedelta(seconds=PATIENCE),
    )
    return replace(base, **changed)


def patience() -> Patience:
    """Patience by a clock that does not wait."""
    clock = FakeClock()
    return Patience(clock=clock, wait=clock.wait)


@contextmanager
def variables(**values: str) -> Iterator[None]:
    """Inside this, these environment variables have these values."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


def machine_at(url: str) -> AbstractContextManager[None]:
    """Inside this, that is where a virtual machine's metadata endpoint is."""
    return variables(AZURE_POD_IDENTITY_AUTHORITY_HOST=url)


def source(entra: EntraSandbox, users: Iterable[str] = (), groups: Iterable[str] = (), **changed: Any) -> EntraSource:
    """A source for a mapping that uses these attributes; without any, what most mappings use."""
    chosen = Wanted("id", frozenset({"id", *users})) if users else USERS
    of_groups = Wanted("id", frozenset({"id", *groups})) if groups else GROUPS
    return EntraSource(settings(entra, **changed), chosen, of_groups, patience())


def read(source: EntraSource, memory: Memory | None = None) -> tuple[Snapshot, Memory]:
    """What the source shows, and its memory afterwards, as the state would keep it."""
    reading = source.read(TODAY, memory)
    return reading.snapshot, remembered(memory, reading)


Shown = tuple[dict[str, Record], dict[str, Record], dict[str, tuple[set[str], set[str]]], set[Notice]]


def shown(snapshot: Snapshot) -> Shown:
    """A snapshot regardless of order."""
    return (
        {record.id: record for record in snapshot.users},
        {record.id: record for record in snapshot.groups},
        {group: (set(users), set(groups)) for group, (users, groups) in snapshot.members.items()},
        set(snapshot.warnings),
    )


def attribute(snapshot: Snapshot, kind: Kind, record_id: str, name: str) -> object:
    """One attribute of one record; KeyError if it is absent."""
    records = snapshot.users if kind == "user" else snapshot.groups
    return next(record for record in records if record.id == record_id).attributes[name]


def members(snapshot: Snapshot, group: str) -> set[str]:
    """Everyone directly in a group."""
    users, groups = snapshot.members.get(group, ((), ()))
    return {*users, *groups}


class Tenant:
    """The emulator's directory kept equal to an organization, key by key, as an administrator would."""

    def __init__(self, entra: EntraSandbox) -> None:
        self.entra = entra
        self._there = Organization()

    def adopt(self, organization: Organization) -> None:
        """Take it that the directory is this organization already."""
        self._there = organization.copy()

    def become(self, organization: Organization) -> None:
        """Make what has changed since the last time, and nothing else."""
        directory, before, after = self.entra.directory, self._there, organization.copy()
        for key in before.people.keys() - after.people.keys():
            directory.delete_user(key)
        for key in before.teams.keys() - after.teams.keys():
            directory.delete_group(key)
        for key, person in after.people.items():
            if before.people.get(key) != person:
                directory.put_user(key, **properties(person))
        for key, person in after.people.items():
            known = before.people.get(key)
            if person.manager != (known.manager if known else ""):
                directory.set_manager(key, person.manager or None)
        for key, team in after.teams.items():
            if (known_team := before.teams.get(key)) is None or known_team.name != team.name:
                directory.put_group(key, displayName=team.name)
        for key, team in after.teams.items():
            self._members(team, before.teams.get(key) or Team(key, ""), after)
        self._there = after

    def _members(self, team: Team, before: Team, after: Organization) -> None:
        was, now = before.users | before.teams, team.users | team.teams
        for member in now - was:
            self.entra.directory.add_member(team.key, member)
        for member in was - now:
            # Entra ends the memberships of who is deleted by itself, without a word.
            if member in after.people or member in after.teams:
                self.entra.directory.remove_member(team.key, member)


def properties(person: Person) -> dict[str, Any]:
    """A person as Graph has one; what is not known was never set."""
    return {
        "userPrincipalName": person.mail,
        "mail": person.mail,
        "givenName": person.given,
        "surname": person.family,
        "displayName": person.display,
        "accountEnabled": person.is_active,
        "jobTitle": person.title or None,
        "department": person.department or None,
    }
