"""An LDAP directory as a source: everything, or the changes since the memory, made into one snapshot either way."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

from scim_bridge.config.source import LdapSettings
from scim_bridge.model.identity import CHANGES, AttributeType, Kind, Notice, Snapshot
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.source import Learned, Memory, SourceReading, Wanted, moved_on
from scim_bridge.source.ldap.change import Lost, dynamic_group
from scim_bridge.source.ldap.connection import signed_in
from scim_bridge.source.ldap.everything import everything, unreported
from scim_bridge.source.ldap.instead import instead
from scim_bridge.source.ldap.layout import Layout, Server, layout, types
from scim_bridge.source.ldap.look import look_again
from scim_bridge.source.ldap.schema import read_schema
from scim_bridge.source.ldap.session import Session
from scim_bridge.source.ldap.snapshot import snapshot
from scim_bridge.source.ldap.tracking import read_each_time, resumed, way
from scim_bridge.source.ldap.whole import Reader

_FORM = 2
"""The form in which entries are remembered; raise it when entry.py writes them differently."""


class LdapSource:
    """OpenLDAP or Active Directory. users, groups: what the mapping uses of each kind.

    Each reading signs in again and stays with one server to its end. Raises as the protocol says.
    """

    def __init__(self, settings: LdapSettings, users: Wanted, groups: Wanted) -> None:
        self._settings = settings
        self._wanted: Mapping[Kind, Wanted] = {"user": users, "group": groups}
        self._layout: Layout | None = None

    @property
    def key(self) -> str:
        """A hash of servers, account, bases, filters, flavor and wanted attributes; of no secret."""
        settings = self._settings
        wanted = {kind: (w.id, sorted(w.names), w.is_all) for kind, w in self._wanted.items()}
        searches = [asdict(search) for search in (settings.users, settings.groups) if search is not None]
        told = [_FORM, settings.urls, settings.flavor, settings.bind.method, settings.bind.dn, searches, wanted]
        text = json.dumps([*told, settings.reads_changes])
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def attributes(self, kind: Kind) -> Mapping[str, AttributeType]:
        """The server's attributes, in the mapping's spelling too: a list of texts unless they take one value alone."""
        found = self._layout
        if found is None:
            with signed_in(self._settings) as session:
                found = self._laid_out(session)
        return types(self._wanted[kind], Server(found.flavor, found.schema))

    def read(self, today: str, memory: Memory | None = None, progress: Progress = silent) -> SourceReading:
        """Everything the directory shows now, by its changes where the server reports them."""
        with signed_in(self._settings) as session:
            found = self._laid_out(session)
            reason = ""
            if memory is not None:
                try:
                    return self._changed(session, found, memory, today)
                except Lost as lost:
                    reason = str(lost)
            return self._whole(session, found, today, progress, reason)

    def look(self, today: str, memory: Memory | None, wanted: Iterable[tuple[Kind, str]]) -> SourceReading:
        """What the memory shows, with these ids as they are now: a search a base for each of them."""
        if memory is None:
            return self.read(today)
        ids = list(wanted)
        with signed_in(self._settings) as session:
            found = self._laid_out(session)
            changed = look_again(Reader(session, found), found, memory, ids)
        learned = Learned(memory.watermark, changed, is_whole=False)
        return SourceReading(snapshot(moved_on(memory.entries, changed), found, today), learned)

    def probe(self, today: str) -> Snapshot:
        """The first page of each kind, with a notice that says how changes are learned of.

        Where that shows no user or group, or no member, a notice says what is there instead.
        """
        with signed_in(self._settings) as session:
            found = self._laid_out(session)
            reader = Reader(session, found)
            entries = {
                key: text for selection in found.selections for key, text in reader.first_page(selection).items()
            }
            how = self._way(session, found, reader, entries)
            others = instead(session, found, self._settings, entries)
        shown = snapshot(entries, found, today, with_members=False)
        return replace(shown, warnings=(*shown.warnings, Notice(CHANGES, "source", how), *others))

    def _way(self, session: Session, found: Layout, reader: Reader, entries: Mapping[str, str]) -> str:
        if not self._settings.reads_changes:
            return read_each_time("source.changes is none")
        dynamic = dynamic_group(entries)
        return read_each_time(dynamic) if dynamic else way(session, found, reader)

    def _laid_out(self, session: Session) -> Layout:
        """What is asked for, decided once from the first server's schema."""
        if self._layout is None:
            self._layout = layout(self._settings, Server(session.flavor, read_schema(session)), self._wanted)
        return self._layout

    def _changed(self, session: Session, found: Layout, memory: Memory, today: str) -> SourceReading:
        if not self._settings.reads_changes:
            raise Lost("")
        changes = resumed(session, found, Reader(session, found), memory)
        entries = moved_on(memory.entries, changes.entries)
        if dynamic := dynamic_group(entries):
            raise Lost(dynamic)
        learned = Learned(changes.watermark, changes.entries, is_whole=False)
        return SourceReading(snapshot(entries, found, today), learned)

    def _whole(self, session: Session, found: Layout, today: str, progress: Progress, reason: str) -> SourceReading:
        reader = Reader(session, found)
        if not self._settings.reads_changes:
            return SourceReading(snapshot(unreported(reader, progress), found, today))
        whole = everything(session, found, reader, progress)
        learned = Learned(whole.watermark, whole.entries, is_whole=True, reason=whole.why or reason)
        return SourceReading(snapshot(whole.entries, found, today), learned)
