"""One way for the tests to set a source up and to read it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from scim_bridge.config.secret import Secret
from scim_bridge.config.source import Bind, Flavor, LdapSettings, LdapTls, Search
from scim_bridge.model.identity import Snapshot
from scim_bridge.model.protocol import Source
from scim_bridge.model.source import Memory, SourceReading, Wanted
from tests.applying import Applying, Shown
from tests.ldap_server import ADMIN, PASSWORD, SUFFIX, Entry, Slapd, add, person
from tests.remembering import remembered
from tests.waiting import PATIENCE

TODAY = "2027-03-13"
NO_TLS = LdapTls(start=False, ca_file=None, cert_file=None, key_file=None, allow_plain=False)
USERS = Wanted("id", frozenset({"id", "uid", "cn", "sn", "givenName", "mail", "manager", "title"}))
GROUPS = Wanted("id", frozenset({"id", "cn"}))
UNIT = f"ou=groups,{SUFFIX}"
"""Where groups are kept."""
EVERYTHING = Wanted("id", frozenset({"uid", "sn", "cn", "manager", "employeeNumber", "title", "departmentNumber"}))
TEAMS = Wanted("id", frozenset({"cn", "businessCategory"}))
POSIX = Search((UNIT,), "", "memberUid")


def simple(dn: str = ADMIN, password: str = PASSWORD) -> Bind:
    """A bind with this password."""
    return Bind("simple", dn, Secret(password, Path(), "password"))


def settings(server: Slapd, **changes: Any) -> LdapSettings:
    """A source of people and groups, but for what is changed."""
    usual = LdapSettings(
        urls=(server.url,),
        flavor=None,
        bind=simple(),
        tls=NO_TLS,
        users=Search((f"ou=people,{SUFFIX}", f"ou=branch,{SUFFIX}"), "(objectClass=inetOrgPerson)"),
        groups=Search((f"ou=groups,{SUFFIX}",), "(objectClass=groupOfNames)", "member"),
        reads_changes=True,
        page_size=500,
        timeout=timedelta(seconds=PATIENCE),
    )
    return replace(usual, **changes)


def source(server: Slapd, user: Wanted = USERS, group: Wanted = GROUPS, **changes: Any) -> Any:
    """An LDAP source on a server, for a mapping that wants this of each kind."""
    from scim_bridge.source.ldap.source import LdapSource

    return LdapSource(settings(server, **changes), user, group)


def read(server: Slapd, user: Wanted = USERS, group: Wanted = GROUPS, **changes: Any) -> Snapshot:
    """Everything there is."""
    reading: SourceReading = source(server, user, group, **changes).read(TODAY)
    return reading.snapshot


class Follower:
    """Someone who reads again and again, and remembers. applying: who applies what is said to have changed instead."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.memory: Memory | None = None
        self.applying = Applying(source, TODAY)
        self.read()

    def read(self) -> SourceReading:
        reading = self.source.read(TODAY, self.memory)
        self.memory = remembered(self.memory, reading)
        self.applying.shown = Shown.of(reading.snapshot)
        return reading

    def follows(self, *, whole: bool = False) -> SourceReading:
        """Read by changes, and find what everything shows; both as a whole, and by what is said to have changed."""
        assert self.memory is not None
        self.applying.memory = replace(self.memory, today=TODAY)
        self.applying.follow()
        applied = self.applying.shown
        reading = self.read()
        assert reading.learned is not None
        assert reading.learned.is_whole == whole, reading.learned.reason
        everything = self.source.read(TODAY).snapshot
        assert same(reading.snapshot, everything)
        assert applied.plain() == Shown.of(everything).plain()
        return reading


def ids(snapshot: Snapshot, name: str = "uid") -> dict[str, str]:
    """The first value of an attribute of users → id."""
    found = {}
    for record in snapshot.users:
        value = record.attributes[name]
        found[str(value[0] if isinstance(value, list) else value)] = record.id
    return found


def members(snapshot: Snapshot) -> dict[str, tuple[set[str], set[str]]]:
    """Group name → (uids of its users, names of its groups)."""
    users = {record_id: uid for uid, record_id in ids(snapshot).items()}
    groups = {record.id: str(record.attributes["cn"][0]) for record in snapshot.groups}  # type: ignore[index]
    return {
        groups[group]: ({users[user] for user in direct}, {groups[inner] for inner in nested})
        for group, (direct, nested) in snapshot.members.items()
    }


def same(one: Snapshot, other: Snapshot) -> bool:
    """Whether two readings show the same; order does not matter."""

    def plain(snapshot: Snapshot) -> Any:
        people = {(r.id, r.place): (dict(r.attributes), dict(r.raw), dict(r.ambiguous)) for r in snapshot.users}
        teams = {(r.id, r.place): (dict(r.attributes), dict(r.raw)) for r in snapshot.groups}
        direct = {g: (frozenset(u), frozenset(n)) for g, (u, n) in snapshot.members.items()}
        doubts = {
            (
                a.reference,
                frozenset(a.groups),
                frozenset(a.users),
                frozenset(a.nested),
                frozenset(a.fits),
                a.detail,
                a.count,
            )
            for a in snapshot.ambiguous
        }
        return people, teams, direct, frozenset((n.kind, n.subject, n.detail) for n in snapshot.warnings), doubts

    assert plain(one) == plain(other)
    return True


def posix(name: str, number: int, *uids: str) -> Entry:
    """A posixGroup that lists these uids."""
    return f"cn={name},{UNIT}", {
        "objectClass": ["posixGroup"],
        "cn": [name],
        "gidNumber": [str(number)],
        "memberUid": uids,
    }


def load(server: Slapd, *entries: Entry) -> None:
    link = server.admin()
    for entry in entries:
        add(link, entry)


def account(login: str, number: int, unit: str = "people") -> Entry:
    """A user whose primary group has this number."""
    dn, attributes = person(login, unit)
    return dn, {
        **attributes,
        "objectClass": ["inetOrgPerson", "posixAccount"],
        "uidNumber": ["1"],
        "gidNumber": [str(number)],
        "homeDirectory": ["/"],
    }


class Interruption:
    """Does something once, before a request that speaks of this goes on to the server."""

    def __init__(self, request: str, act: Callable[[], object]) -> None:
        self._request, self._act = request.encode(), act
        self.happened = False

    def __call__(self, data: bytes) -> None:
        if self._request in data and not self.happened:
            self.happened = True
            self._act()


def of_people(
    *definitions: bytes, names: frozenset[str], flavor: Flavor = "openldap", groups: Search | None = None
) -> Any:
    """What is asked of a server with this schema."""
    from scim_bridge.source.ldap.layout import layout
    from scim_bridge.source.ldap.schema import parse
    from scim_bridge.source.ldap.server import Server

    settings = LdapSettings(
        urls=("ldap://127.0.0.1",),
        flavor=flavor,
        bind=simple(),
        tls=NO_TLS,
        users=Search(("dc=x",), ""),
        groups=groups,
        reads_changes=True,
        page_size=500,
        timeout=timedelta(seconds=1),
    )
    server = Server(flavor, parse(definitions))
    return layout(settings, server, {"user": Wanted("id", names), "group": Wanted("id")})


def first(value: object) -> str:
    """An attribute's first value."""
    return str(value[0] if isinstance(value, list) else value)


def following(server: Slapd, user: Wanted = EVERYTHING, group: Wanted = TEAMS, **changes: object) -> Follower:
    """Someone who has read everything of this server once."""
    return Follower(source(server, user, group, **changes))
