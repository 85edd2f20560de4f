"""An LDAP directory as a source: everything, or the changes since the memory, made into one snapshot either way.

A probe (`check`, `init`) reads a page of each kind. Where that shows nothing, it looks for what is there instead:
entries of another usual class, or members in another attribute.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from time import monotonic

from scim_bridge.config.source import LdapSettings
from scim_bridge.errors import Stop
from scim_bridge.model.identity import CHANGES, INSTEAD, AttributeType, Kind, Notice, Snapshot, SourceKey
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.source import Learned, Memory, SourceChanges, SourceReading, Wanted, moved_on
from scim_bridge.source.ldap.connection import sign_in
from scim_bridge.source.ldap.excerpt import INDEX, Excerpt, Unclear, remembered_beside
from scim_bridge.source.ldap.full_read import (
    dynamic_group,
    everything,
    how_changes_are_learned,
    read_each_time,
    resumed,
    without_changes,
)
from scim_bridge.source.ldap.layout import Layout, Selection, layout, types
from scim_bridge.source.ldap.memory import Lost, keys_of, read
from scim_bridge.source.ldap.reader import Reader
from scim_bridge.source.ldap.reread import look_again
from scim_bridge.source.ldap.server import ENTRY, Server, meet
from scim_bridge.source.ldap.session import Query, Session
from scim_bridge.source.ldap.snapshot import snapshot

_FORM = 4
"""The form in which entries are remembered; raise it when memory.py or reader.py writes them differently."""
_PEOPLE = ("inetOrgPerson", "user", "organizationalPerson", "person", "posixAccount", "account")
_TEAMS = {"groupOfNames": "member", "groupOfUniqueNames": "uniqueMember", "posixGroup": "memberUid", "group": "member"}
"""Usual classes of groups, each with its attribute of members."""
_YOUNG = 30.0
"""Seconds for which a connection that is left open is relied upon: anything in between may end an idle one."""
_NOTHING = "1.1"
"""No attribute at all (RFC 4511 §4.5.1.8)."""


@dataclass(frozen=True, slots=True)
class _Connection:
    """A server, signed in to. since: when, by the clock that only goes on."""

    session: Session
    server: Server
    layout: Layout
    since: float


class LdapSource:
    """OpenLDAP, 389-DS or Active Directory. users, groups: what the mapping uses of each kind.

    A reading stays with one server to its end. It goes on with the connection on which attributes() asked for the
    schema, so a run signs in once. Raises as the protocol says.
    """

    def __init__(self, settings: LdapSettings, users: Wanted, groups: Wanted) -> None:
        self._settings = settings
        self._wanted: Mapping[Kind, Wanted] = {"user": users, "group": groups}
        self._server: Server | None = None
        self._left_open: _Connection | None = None

    @property
    def key(self) -> str:
        """A hash of servers, account, bases, filters, flavor and wanted attributes; of no secret."""
        settings = self._settings
        wanted = {kind: (w.id, sorted(w.names), w.is_all) for kind, w in self._wanted.items()}
        searches = [asdict(search) for search in (settings.users, settings.groups) if search is not None]
        told = [_FORM, settings.urls, settings.flavor, settings.bind.method, settings.bind.dn, searches, wanted]
        text = json.dumps([*told, settings.reads_changes])
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def attributes(self, kind: Kind, memory: Memory | None = None) -> Mapping[str, AttributeType]:
        """The server's attributes, in the mapping's spelling too: a list of texts unless they take one value alone."""
        server = self._server
        if server is None:
            # Left open for the reading that follows. If none does, it ends with this object.
            self._left_open = self._connect(memory)
            server = self._left_open.server
        return types(self._wanted[kind], server)

    def read(self, today: str, memory: Memory | None = None, progress: Progress = silent) -> SourceReading:
        """Everything the directory shows now, by its changes where the server reports them."""
        with self._connected(memory) as connection:
            reason = ""
            if memory is not None:
                try:
                    return self._changed(connection, memory, today)
                except Lost as lost:
                    reason = str(lost)
            return self._whole(connection, today, progress, reason)

    def changes(self, today: str, memory: Memory, progress: Progress = silent) -> SourceChanges | SourceReading:
        """What has changed, as the server reports it, with what depends on it; everything if the position is lost."""
        with self._connected(memory) as connection:
            try:
                watermark, changed = self._learned(connection, memory)
            except Lost as lost:
                return self._whole(connection, today, progress, str(lost))
        excerpt = Excerpt(connection.layout, memory, changed, today)
        try:
            found = excerpt.changes()
        except Unclear:
            return _of_all(connection.layout, memory, Learned(watermark, changed, is_whole=False), today)
        return replace(found, learned=Learned(watermark, {**changed, **excerpt.learned}, is_whole=False))

    def ask(self, today: str, memory: Memory | None, wanted: Iterable[SourceKey]) -> SourceChanges | SourceReading:
        """These records and their memberships as they are now: a search a base for each of them."""
        if memory is None:
            return self.read(today)
        with self._connected(memory) as connection:
            layout = connection.layout
            changed = look_again(Reader(connection.session, layout), layout, memory, list(wanted))
        try:
            return Excerpt(layout, memory, changed, today).changes()
        except Unclear:
            return SourceReading(snapshot(moved_on(memory.entries, changed), layout, today))

    def probe(self, today: str) -> Snapshot:
        """The first page of each kind, with a notice that says how changes are learned of.

        Where that shows no user or group, or no member, a notice says what is there instead.
        """
        with self._connected(None) as connection:
            session, found = connection.session, connection.layout
            reader = Reader(session, found)
            entries = {
                key: text for selection in found.selections for key, text in reader.first_page(selection).items()
            }
            how = read_each_time("source.changes is none")
            if self._settings.reads_changes:
                how = how_changes_are_learned(session, found, reader, entries)
            others = _what_else(session, found, self._settings, entries)
        shown = snapshot(entries, found, today, with_members=False)
        return replace(shown, warnings=(*shown.warnings, Notice(CHANGES, "source", how), *others))

    @contextmanager
    def _connected(self, memory: Memory | None) -> Iterator[_Connection]:
        """The connection that attributes() has left open, if that is young, else a new one. It ends with the block."""
        connection, self._left_open = self._left_open, None
        if connection is not None and monotonic() - connection.since > _YOUNG:
            connection.session.close()
            connection = None
        connection = connection or self._connect(memory)
        try:
            yield connection
        finally:
            connection.session.close()

    def _connect(self, memory: Memory | None) -> _Connection:
        """Sign in, and find out what to ask for.

        What the first server said of its schema holds as long as this object: the mapping is compiled with it.
        """
        session = sign_in(self._settings)
        try:
            self._server = self._server or meet(session, memory)
            return _Connection(session, self._server, layout(self._settings, self._server, self._wanted), monotonic())
        except Stop:
            session.close()
            raise

    def _changed(self, connection: _Connection, memory: Memory, today: str) -> SourceReading:
        watermark, changed = self._learned(connection, memory)
        return _of_all(connection.layout, memory, Learned(watermark, changed, is_whole=False), today)

    def _learned(self, connection: _Connection, memory: Memory) -> tuple[str, dict[str, str | None]]:
        """The watermark, and the entries that have changed, with what the server says about itself. Raises Lost."""
        if not self._settings.reads_changes:
            raise Lost("")
        session, found = connection.session, connection.layout
        changes = resumed(session, found, Reader(session, found), memory)
        if dynamic := dynamic_group({entry: text for entry, text in changes.entries.items() if text is not None}):
            raise Lost(dynamic)
        return changes.watermark, {**changes.entries, **_news_of(connection.server, memory)}

    def _whole(self, connection: _Connection, today: str, progress: Progress, reason: str) -> SourceReading:
        session, found = connection.session, connection.layout
        reader = Reader(session, found)
        if not self._settings.reads_changes:
            return SourceReading(snapshot(without_changes(reader, progress), found, today))
        whole = everything(session, found, reader, progress)
        shown = snapshot(whole.entries, found, today)
        beside = remembered_beside(whole.entries, shown, found)
        entries = {**whole.entries, **beside, ENTRY: connection.server.remembered}
        return SourceReading(shown, Learned(whole.watermark, entries, is_whole=True, reason=whole.why or reason))


def _of_all(layout: Layout, memory: Memory, learned: Learned, today: str) -> SourceReading:
    """What all entries show, remembered and learned ones, with what is remembered beside them."""
    entries = moved_on(memory.entries, learned.entries)
    shown = snapshot(entries, layout, today)
    beside: dict[str, str | None] = dict(remembered_beside(entries, shown, layout))
    gone = [entry for entry in entries if entry.startswith(INDEX) and entry not in beside]
    news = {entry: text for entry, text in beside.items() if entries.get(entry) != text}
    changed = {**learned.entries, **dict.fromkeys(gone), **news}
    return SourceReading(shown, replace(learned, entries=changed))


def _news_of(server: Server, memory: Memory) -> dict[str, str]:
    """What the server says about itself, if that is not what is remembered."""
    return {ENTRY: server.remembered} if memory.entries.get(ENTRY) != server.remembered else {}


def _what_else(
    session: Session, asked: Layout, settings: LdapSettings, entries: Mapping[str, str]
) -> tuple[Notice, ...]:
    """A notice of kind INSTEAD for each part that shows nothing while something of its kind is there.

    entries: those of the first page of each kind.
    """
    found = _Survey(session, asked, settings)
    details = [] if keys_of(entries, "user") else list(found.users())
    if asked.groups is not None:
        teams = [entries[key] for key in keys_of(entries, "group")]
        details += found.members(asked.groups, teams) if teams else found.groups(asked.groups)
    return tuple(Notice(INSTEAD, "source", detail) for detail in details)


class _Survey:
    """Counts entries of usual classes below the configured bases: one search for each class and base."""

    def __init__(self, session: Session, asked: Layout, settings: LdapSettings) -> None:
        self._session, self._layout, self._settings = session, asked, settings

    def users(self) -> Iterator[str]:
        """The class of people with the most entries."""
        selection = self._layout.users
        most, name = max((self._of_class(selection, name), name) for name in _PEOPLE)
        if most:
            written = f'users.filter: "(objectClass={name})"'
            yield f"{_nothing(selection)}; there {_are(most, name)}: set {written}"

    def groups(self, selection: Selection) -> Iterator[str]:
        """The class of groups with the most entries."""
        most, name = max((self._of_class(selection, name), name) for name in _TEAMS)
        if not most:
            return
        groups = self._settings.groups
        settings = [f"groups.member: {_TEAMS[name]}"] if _TEAMS[name].lower() != self._layout.member.lower() else []
        if (groups is not None and groups.filter) or not settings or name == "group":
            settings.append(f'groups.filter: "(objectClass={name})"')
        yield f"{_nothing(selection)}; there {_are(most, name)}: set {' and '.join(settings)}"

    def members(self, selection: Selection, teams: list[str]) -> Iterator[str]:
        """The attribute in which groups have members, if they have none in the configured one."""
        member = self._layout.member.lower()
        if any(name.partition(";")[0].lower() == member for text in teams for name in read(text)[1]):
            return
        others = [name for name in dict.fromkeys(_TEAMS.values()) if name.lower() != member]
        known = [name for name in others if self._layout.schema.find(name) is not None]
        counts = [(self._count(selection, f"(&{selection.filter}({name}=*))"), name) for name in known]
        most, name = max(counts, default=(0, ""))
        if most:
            nothing = f"no group below {'; '.join(selection.bases)} has a value of {self._layout.member}"
            have = "has" if most == 1 else "have"
            yield f"{nothing}, but {most:,} {have} one of {name}: set groups.member: {name}"

    def _of_class(self, selection: Selection, name: str) -> int:
        return self._count(selection, f"(objectClass={name})")

    def _count(self, selection: Selection, condition: str) -> int:
        queries = [Query(base, condition, (_NOTHING,), f"the entries under {base}") for base in selection.bases]
        return sum(len(rows) for query in queries for rows in self._session.pages(query))


def _nothing(selection: Selection) -> str:
    return f"no entry fits {selection.kind}s.filter {selection.filter} below {'; '.join(selection.bases)}"


def _are(number: int, name: str) -> str:
    return f"is 1 {name} entry" if number == 1 else f"are {number:,} {name} entries"
