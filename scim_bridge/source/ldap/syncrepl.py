"""Changes of OpenLDAP by content synchronization (RFC 4533, refreshOnly; the overlay syncprov): one search a base.

The server names what changed and what is gone (the delete phase), or, where its log does not go back that far, what is
still there (the present phase): what it then leaves out is gone.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import ldap
from ldap.syncrepl import SyncInfoMessage, SyncRequestControl

from scim_bridge.model.source import Memory
from scim_bridge.source.ldap.layout import PLACE_CLASSES, PLACES, Layout, Selection
from scim_bridge.source.ldap.memory import (
    Changes,
    Lost,
    Untracked,
    anchor_of,
    key,
    keys_of,
    position,
    read,
    refuse_many,
    refuse_moved_places,
)
from scim_bridge.source.ldap.reader import Reader
from scim_bridge.source.ldap.reread import mentioning
from scim_bridge.source.ldap.session import Query, Row, Session, code, reason, unreadable
from scim_bridge.source.ldap.value import is_below, parts

KIND = "syncrepl"
_REFRESH_REQUIRED = 4096
"""e-syncRefreshRequired (RFC 4533 §2.5): the server cannot go on from this cookie."""
_PLACE_CLASSES = frozenset(name.lower().encode() for name in PLACE_CLASSES)


@dataclass(slots=True)
class _Answer:
    """What one search said. changed: anchor → row. present: what is still there, None if that was not said."""

    cookie: str
    changed: dict[str, Row] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    present: set[str] | None = None


class Syncrepl:
    """Content synchronization of every base, from a cookie each."""

    def __init__(self, session: Session, layout: Layout, reader: Reader) -> None:
        self._session, self._layout, self._reader = session, layout, reader

    def start(self) -> str:
        """A cookie of now for each base: the contextCSN of the database it lies in.

        Raises Untracked if the server keeps no record of changes, SourceUnreadable.
        """
        if not self._session.supports(SyncRequestControl.controlType):
            raise Untracked("the server does not report changes (OpenLDAP: overlay syncprov)")
        known: dict[str, str] = {}
        cookies: dict[str, str] = {}
        for selection, base in self._searches():
            context = self._session.context_of(base)
            if context not in known:
                known[context] = self._csn(context)
            cookies[f"{selection.kind} {base}"] = known[context]
        return json.dumps({"kind": KIND, "cookies": cookies})

    def changes(self, memory: Memory) -> Changes:
        """What each base's server says has changed since its cookie, and who named what was renamed or is gone.

        Those are read once more the next time: the server fixes references a moment after the rename. Raises Lost,
        SourceUnreadable.
        """
        cookies: Mapping[str, str] = position(memory.watermark).get("cookies", {})
        moved_on: dict[str, str] = {}
        changed: dict[str, str] = {}
        gone: set[str] = set()
        for selection, base in self._searches():
            name = f"{selection.kind} {base}"
            if name not in cookies:
                raise Lost("what is remembered does not know this base")
            answer = self._ask(selection, base, cookies[name])
            moved_on[name] = answer.cookie
            changed |= self._entries(selection, answer)
            gone |= self._gone(memory, selection, base, answer)
        entries = self._looked_at_again(memory, changed, gone)
        refuse_moved_places(memory, entries)
        mended = mentioning(memory, self._layout, names=_former_names(memory, entries))
        later = [anchor for anchor in position(memory.watermark).get("again", ()) if isinstance(anchor, str)]
        entries |= self._reader.by_ids(mended.union(later))
        return Changes(json.dumps({"kind": KIND, "cookies": moved_on, "again": sorted(mended)}), entries)

    def _searches(self) -> Iterator[tuple[Selection, str]]:
        return ((selection, base) for selection in self._layout.selections for base in selection.bases)

    # The form of a cookie is the server's own affair (RFC 4533 §2.1.2). OpenLDAP's is rid=…,csn=…, and it accepts one
    # that is made of the contextCSN, which is public. So the first reading need not be a refresh of everything.
    def _csn(self, context: str) -> str:
        found = self._session.entry(context, ("contextCSN",), context)
        values = found[1].get("contextCSN") if found is not None else None
        if not values:
            raise Untracked(f"the server keeps no record of changes for {context} (OpenLDAP: overlay syncprov)")
        return f"rid=000,csn={';'.join(value.decode() for value in values)}"

    def _ask(self, selection: Selection, base: str, cookie: str) -> _Answer:
        """One refresh. Raises Lost where the server does not accept the cookie or cuts its answer short."""
        # Places are asked for beside the records: a renamed unit renames all entries in it, and is reported alone.
        wanted = f"(|{selection.filter}{PLACES})"
        asked = (*selection.asked, "objectClass")
        request = SyncRequestControl(criticality=1, cookie=cookie, mode="refreshOnly")
        answer = _Answer(cookie)
        try:
            for kind, data, controls in self._session.answers(Query(base, wanted, asked, base), (request,)):
                if kind == ldap.RES_INTERMEDIATE:
                    _note_sets(answer, data)
                elif kind == ldap.RES_SEARCH_ENTRY:
                    _note_entries(answer, data)
                elif kind == ldap.RES_SEARCH_RESULT:
                    _note_end(answer, controls, cookie)
        except ldap.LDAPError as error:
            raise self._refused(error, selection, base) from None
        return answer

    def _refused(self, error: ldap.LDAPError, selection: Selection, base: str) -> Exception:
        what = f"the {selection.kind}s under {base}"
        if code(error) == _REFRESH_REQUIRED:
            return Lost("the server no longer knows what changed since then")
        if isinstance(error, ldap.UNWILLING_TO_PERFORM):
            return Lost(f"the server refused the position remembered ({reason(error)})")
        if isinstance(error, ldap.UNAVAILABLE_CRITICAL_EXTENSION | ldap.PROTOCOL_ERROR):
            return Lost(f"the server does not report the changes of {what}")
        if isinstance(error, ldap.SIZELIMIT_EXCEEDED | ldap.TIMELIMIT_EXCEEDED | ldap.ADMINLIMIT_EXCEEDED):
            return Lost(f"a limit of the server cut the changes of {what} short")
        return unreadable(error, what, self._session.url)

    def _entries(self, selection: Selection, answer: _Answer) -> dict[str, str]:
        found: dict[str, str] = {}
        for dn, attributes in answer.changed.values():
            is_place = any(name.lower() in _PLACE_CLASSES for name in attributes.get("objectClass", ()))
            asked = {name: values for name, values in attributes.items() if self._is_asked(selection, name)}
            found |= self._reader.entries("place" if is_place else selection.kind, [(dn, asked)])
        return found

    def _looked_at_again(self, memory: Memory, changed: Mapping[str, str], gone: set[str]) -> dict[str, str | None]:
        """What has changed, and for good.

        Bases are asked one after the other: who moved from one not asked yet to one asked already is gone by both
        answers, but not when looked for now. And a place may be a record as well, which its answer leaves open.
        """
        places = {anchor_of(entry) for entry in changed if entry.startswith("place ")}
        as_records = {key(kind, anchor) for kind in ("user", "group") for anchor in places}
        in_doubt = {entry for entry in gone | as_records if entry in memory.entries and entry not in changed}
        refuse_many(len(in_doubt), memory)
        anchors = places | {anchor_of(entry) for entry in in_doubt}
        return {**dict.fromkeys(in_doubt), **changed, **self._reader.by_ids(anchors)}

    def _is_asked(self, selection: Selection, name: str) -> bool:
        """objectClass came for our own sake, unless it is wanted."""
        return name != "objectClass" or selection.is_all or "objectclass" in selection.spelled

    def _gone(self, memory: Memory, selection: Selection, base: str, answer: _Answer) -> set[str]:
        kinds = (selection.kind, "place")
        gone = {key(kind, anchor) for kind in kinds for anchor in answer.deleted}
        # The present phase (RFC 4533 §3.3.1): the server's log does not go back that far, so it names what is still
        # there, and what it leaves out is gone. Only below this base: other bases are other searches.
        if answer.present is not None:
            there = answer.present | answer.changed.keys()
            remembered = [entry for kind in kinds for entry in keys_of(memory.entries, kind)]
            left = [entry for entry in remembered if anchor_of(entry) not in there]
            gone |= {entry for entry in left if is_below(read(memory.entries[entry])[0], base)}
        return gone


def _former_names(memory: Memory, changed: Mapping[str, str | None]) -> set[tuple[str, ...]]:
    """The names that users and groups had, of those that have another one now or are gone."""
    found: set[tuple[str, ...]] = set()
    for entry, text in changed.items():
        before = memory.entries.get(entry)
        if before is not None and not entry.startswith("place "):
            dn = read(before)[0]
            if text is None or read(text)[0] != dn:
                found.add(parts(dn))
    return found


def _note_sets(answer: _Answer, data: list[Any]) -> None:
    for name, value, *_ in data:
        if name != SyncInfoMessage.responseName:
            continue
        message = SyncInfoMessage(value)
        if message.refreshPresent is not None:
            answer.present = answer.present or set()
        if message.syncIdSet is not None and message.syncIdSet["refreshDeletes"]:
            answer.deleted.update(message.syncIdSet["syncUUIDs"])
        elif message.syncIdSet is not None:
            answer.present = (answer.present or set()) | set(message.syncIdSet["syncUUIDs"])


def _note_entries(answer: _Answer, data: list[Any]) -> None:
    for dn, attributes, controls in data:
        for control in controls:
            state = getattr(control, "state", "")
            if state in ("add", "modify"):
                answer.changed[control.entryUUID] = (dn, attributes)
            elif state == "delete":
                answer.deleted.add(control.entryUUID)
            elif state == "present":
                answer.present = (answer.present or set()) | {control.entryUUID}


def _note_end(answer: _Answer, controls: list[Any], cookie: str) -> None:
    """The end of a refresh. Without a new cookie the old one holds; an empty one is none.

    refreshDeletes says whether what was deleted has been named (RFC 4533 §3.3.2). Not every server means it, so where
    it is false and nothing was named present either, nothing is concluded.
    """
    done = next((control for control in controls if hasattr(control, "refreshDeletes")), None)
    if done is None:
        raise Lost("the server does not report changes any more")
    if done.cookie == "":
        raise Lost("the server no longer knows the position remembered")
    answer.cookie = done.cookie if done.cookie is not None else cookie
    if not done.refreshDeletes and answer.present is None and not answer.deleted and answer.cookie != cookie:
        raise Lost("the server did not say what was deleted since then")
