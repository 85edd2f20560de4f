"""The sources of bench.growth with bench.people in them: CSV files, a real slapd, the emulated tenant and account."""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from bench.directory import HEADER
from bench.people import INNER, LARGE, Change, Join, Leave, Move, People, Title, department, mail, manager, names
from bench.plan import measure
from scim_bridge.sandbox.entra.server import EntraSandbox
from scim_bridge.sandbox.google.server import GoogleSandbox
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.source.google.sign_in import SignIn
from scim_bridge.source.https import Trust
from tests.ldap_server import ADMIN, PASSWORD, ROOT, SUFFIX, Entry, Slapd, replace
from tests.source.google.account import settings

_MAPPINGS = Path(__file__).parents[1] / "mappings"
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
FILES = ("users.csv", "groups.csv", "members.csv")


class Growing(Protocol):
    """A source that holds these people. mapping: the ready one for it; source: its part of bridge.yaml, one line.

    options: of bench.counted.
    """

    mapping: Path
    source: str
    options: tuple[str, ...]

    def user(self, number: int) -> str:
        """The source id of a user."""

    def group(self, number: int) -> str:
        """The source id of a group."""

    def carry(self, change: Change, people: People) -> None:
        """Let it happen in the source. people: as they are after it."""

    @property
    def requests(self) -> int:
        """How often it has been asked; 0 where that is not counted."""

    def anyway(self) -> float:
        """Seconds of CPU that it costs anyway to know whether something has changed; 0 where the source says so."""


class _Saying:
    """A source that says itself what has changed."""

    requests = 0
    options: tuple[str, ...] = ()

    def anyway(self) -> float:
        """Nothing."""
        return 0.0


class Files(_Saying):
    """CSV files in a folder; each change writes them again, as an export does."""

    mapping = _MAPPINGS / "csv.yaml"
    source = "{kind: csv, users: users.csv, groups: groups.csv, members: members.csv}"

    def __init__(self, folder: Path, people: People) -> None:
        self._folder = folder
        self._write(people)

    def user(self, number: int) -> str:
        """As in the files."""
        return f"u{number:06d}"

    def group(self, number: int) -> str:
        """As in the files."""
        return f"g{number:05d}"

    def carry(self, change: Change, people: People) -> None:  # noqa: ARG002 - the files are written whole
        """Write the files again."""
        self._write(people)

    def anyway(self) -> float:
        """The bare reading and hashing of the files."""
        return measure(sys.executable, "-m", "bench.hashed", *(str(self._folder / name) for name in FILES))[0]

    def _write(self, people: People) -> None:
        groups = ((self.group(number), f"グループ {number}") for number in people.groups)
        contents = (people_rows(self, people), groups, self._memberships(people))
        headers = (HEADER, ("id", "name"), ("group_id", "member_id", "member_type"))
        for name, header, rows in zip(FILES, headers, contents, strict=True):
            path = self._folder / name
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(header)
                writer.writerows(rows)
            os.utime(path, (time.time() - 60,) * 2)  # at rest, so that no run waits for more of it

    def _memberships(self, people: People) -> Iterator[tuple[str, str, str]]:
        for group, members in people.groups.items():
            for number in sorted(members):
                yield self.group(group), self.user(number), "user"
        yield self.group(people.holder), self.group(INNER), "group"


def people_rows(files: Files, people: People) -> Iterator[tuple[str, ...]]:
    """The rows of users.csv."""
    for number, title in people.titles.items():
        boss = manager(number)
        above = files.user(boss) if boss is not None else ""
        login = mail(number)
        yield files.user(number), login, *names(number), login, "true", title, department(number), above


class _WithUuids:
    """Ids as directories make them."""

    def user(self, number: int) -> str:
        """A UUID."""
        return f"00000000-0000-4000-8000-{number:012}"

    def group(self, number: int) -> str:
        """A UUID."""
        return f"00000000-0000-4000-9000-{number:012}"


class Tree(_WithUuids, _Saying):
    """A real slapd."""

    mapping = _MAPPINGS / "openldap.yaml"

    def __init__(self, server: Slapd, folder: Path, people: People) -> None:
        self._server = server
        server.load([*ROOT, *self._entries(people)])
        server.start()
        (folder / "password").write_text(PASSWORD)
        self.source = (
            f'{{kind: ldap, urls: ["{server.url}"], '
            f'bind: {{method: simple, dn: "{ADMIN}", password: "file:password"}}, '
            f'users: {{base: ["ou=people,{SUFFIX}"], filter: (objectClass=inetOrgPerson)}}, '
            f'groups: {{base: ["ou=groups,{SUFFIX}"], filter: (objectClass=groupOfNames)}}}}'
        )

    def _entries(self, people: People) -> Iterator[Entry]:
        for number, title in people.titles.items():
            given, family, display = names(number)
            boss = manager(number)
            entry = {
                "objectClass": ["inetOrgPerson"], "entryUUID": [self.user(number)], "uid": [f"user{number:06d}"],
                "cn": [display], "sn": [family], "givenName": [given], "displayName": [display],
                "mail": [mail(number)], "title": [title], "departmentNumber": [department(number)],
                "employeeType": ["active"],
            }  # fmt: skip
            yield _person(number), entry | ({"manager": [_person(boss)]} if boss is not None else {})
        for number in people.groups:
            entry = {
                "objectClass": ["groupOfNames"], "entryUUID": [self.group(number)],
                "cn": [f"グループ {number}", f"group{number:05d}"], "member": _members(people, number),
            }  # fmt: skip
            yield _team(number), entry

    def carry(self, change: Change, people: People) -> None:
        """Change the entries, as an administrator or the referential integrity of a server does."""
        import ldap

        link = self._server.admin()
        match change:
            case Title(numbers, title):
                for number in numbers:
                    replace(link, _person(number), title=[title])
            case Leave(number):
                found = link.search_s(f"ou=groups,{SUFFIX}", ldap.SCOPE_SUBTREE, f"(member={_person(number)})", ["cn"])
                for group, _ in found:
                    link.modify_s(group, [(ldap.MOD_DELETE, "member", [_person(number).encode()])])
                link.delete_s(_person(number))
            case Join(number):
                link.modify_s(_team(LARGE), [(ldap.MOD_ADD, "member", [_person(number).encode()])])
            case Move(before, after):
                for group in (before, after):
                    replace(link, _team(group), member=_members(people, group))
        link.unbind_s()


def _person(number: int) -> str:
    return f"uid=user{number:06d},ou=people,{SUFFIX}"


def _team(number: int) -> str:
    return f"cn=group{number:05d},ou=groups,{SUFFIX}"


def _members(people: People, group: int) -> list[str]:
    inner = [_team(INNER)] if group == people.holder else []
    return [*map(_person, sorted(people.groups[group])), *inner]


def _carry(ids: Growing, directory: Any, change: Change, titled: Callable[[int, str], dict[str, Any]]) -> None:
    """Change an emulated directory: both have the same words for it, but for a title. titled: what a user gets then."""
    match change:
        case Title(numbers, title):
            for number in numbers:
                directory.put_user(ids.user(number), **titled(number, title))
        case Leave(number):
            directory.delete_user(ids.user(number))
        case Join(number):
            directory.add_member(ids.group(LARGE), ids.user(number))
        case Move(before, after):
            directory.remove_member(ids.group(before), ids.group(INNER))
            directory.add_member(ids.group(after), ids.group(INNER))


class Tenant(_WithUuids, _Saying):
    """The emulated tenant."""

    mapping = _MAPPINGS / "entra-id.yaml"

    def __init__(self, entra: EntraSandbox, folder: Path, people: People) -> None:
        self._entra = entra
        entra.directory.seed(self._content(people))
        (folder / "secret").write_text(entra.secret)
        self.source = (
            f'{{kind: entra, tenant: {entra.tenant}, client: {entra.client}, credential: {{secret: "file:secret"}}, '
            f'cloud: {{login: "{entra.login}", graph: "{entra.graph}", ca_file: "{entra.ca_file}"}}}}'
        )

    @property
    def requests(self) -> int:  # type: ignore[override]
        """To Graph."""
        return self._entra.counts.graph

    def _content(self, people: People) -> dict[str, Any]:
        users = []
        for number, title in people.titles.items():
            given, family, display = names(number)
            boss = manager(number)
            users.append(
                {
                    "id": self.user(number), "userPrincipalName": mail(number), "mail": mail(number),
                    "givenName": given, "surname": family, "displayName": display, "jobTitle": title,
                    "department": department(number), "manager": self.user(boss) if boss is not None else None,
                }
            )  # fmt: skip
        groups = []
        for number, members in people.groups.items():
            inner = [self.group(INNER)] if number == people.holder else []
            ids = [*map(self.user, sorted(members)), *inner]
            groups.append({"id": self.group(number), "displayName": f"グループ {number}", "members": ids})
        return {"users": users, "groups": [*groups[INNER:], *groups[:INNER]]}  # a member must be there before its group

    def carry(self, change: Change, people: People) -> None:  # noqa: ARG002 - the change says it all
        """Change the tenant."""
        _carry(self, self._entra.directory, change, lambda _, title: {"jobTitle": title})


class Account:
    """The emulated account of Google Workspace."""

    mapping = _MAPPINGS / "google-workspace.yaml"
    options: tuple[str, ...] = ("--unpaced",)

    def __init__(self, google: GoogleSandbox, folder: Path, people: People) -> None:
        self._google = google
        google.directory.seed(self._content(people))
        (folder / "key.json").write_bytes(google.key_file.read_bytes())
        self.source = (
            f"{{kind: google, admin: {google.admin}, credential: {{key: file:key.json}}, "
            f'endpoint: {{origin: "{google.origin}", ca_file: "{google.ca_file}"}}}}'
        )

    @property
    def requests(self) -> int:
        """To the Directory API."""
        return sum(count for kind, count in self._google.counts.items() if kind.startswith("GET "))

    def anyway(self) -> float:
        """The bare listing of everything, since no answer of Google says that a group's members are as they were."""
        google = self._google
        token = SignIn(settings(google), Trust(google.ca_file, "")).token()
        command = (sys.executable, "-m", "bench.listed", google.origin, str(google.ca_file), token)
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def user(self, number: int) -> str:
        """Twenty-one digits."""
        return f"2{number:020}"

    def group(self, number: int) -> str:
        """As Google's look."""
        return f"01grp{number:010}"

    def _content(self, people: People) -> dict[str, Any]:
        users = []
        for number, title in people.titles.items():
            given, family, display = names(number)
            boss = manager(number)
            users.append(
                {
                    "id": self.user(number), "primaryEmail": mail(number),
                    "name": {"givenName": given, "familyName": family, "displayName": display},
                    "organizations": self._position(number, title),
                    "relations": [{"type": "manager", "value": mail(boss)}] if boss is not None else None,
                }
            )  # fmt: skip
        groups = []
        for number, members in people.groups.items():
            inner = [self.group(INNER)] if number == people.holder else []
            ids = [*map(self.user, sorted(members)), *inner]
            groups.append({"id": self.group(number), "name": f"グループ {number}", "members": ids})
        return {"users": users, "groups": groups}

    def _position(self, number: int, title: str) -> list[dict[str, Any]]:
        return [{"title": title, "department": department(number), "primary": True}]

    def carry(self, change: Change, people: People) -> None:  # noqa: ARG002 - the change says it all
        """Change the account."""
        _carry(
            self, self._google.directory, change, lambda number, title: {"organizations": self._position(number, title)}
        )


@contextmanager
def growing(kind: str, folder: Path, people: People) -> Iterator[Growing]:
    """A source of this kind (csv, ldap, entra, google) with these people in it."""
    match kind:
        case "csv":
            yield Files(folder, people)
        case "ldap":
            server = Slapd(folder / "slapd")
            try:
                yield Tree(server, folder, people)
            finally:
                server.stop()
        case "entra":
            with EntraSandbox() as entra:
                yield Tenant(entra, folder, people)
        case _:
            with GoogleSandbox() as google:
                yield Account(google, folder, people)


def fill(sandbox: Sandbox, source: Growing, people: People) -> None:
    """Let the target hold all of them already, as a sync of this source would have left them."""
    store = sandbox.app.store
    with store.at_once():
        users = {n: store.create("User", _resource(source, n, title)) for n, title in people.titles.items()}
        for number, user in users.items():
            boss = manager(number)
            if boss is not None:
                user.attributes[_ENTERPRISE]["manager"] = {"value": users[boss].id}
        for number in people.groups:
            shown = {"displayName": f"グループ {number}", "externalId": source.group(number)}
            group = store.create("Group", shown)
            for member in people.flattened(number):
                store.add_member(group.id, users[member].id)


def _resource(source: Growing, number: int, title: str) -> dict[str, Any]:
    given, family, display = names(number)
    return {
        "userName": mail(number),
        "externalId": source.user(number),
        "name": {"givenName": given, "familyName": family},
        "displayName": display,
        "emails": [{"value": mail(number), "type": "work", "primary": True}],
        "active": True,
        "title": title,
        _ENTERPRISE: {"department": department(number)},
    }
