"""Changes of Active Directory by DirSync (MS-ADTS 3.1.1.3.4.1.3): one search of each domain, whatever has happened.

With the right "Replicating Directory Changes" it says who changed and who is gone. An account without that right sets
the flag OBJECT_SECURITY and is shown what it may see. Deleted entries it may not see, so who is gone is found by a
listing of the ids of everyone who is there; that also finds an entry that a changed right has made visible, which is no
change of the entry (docs/decisions/0014).
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence

import ldap
from ldap.controls import KNOWN_RESPONSE_CONTROLS, RequestControl, ResponseControl
from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import namedtype, univ

from scim_bridge.model.source import Memory
from scim_bridge.source.ldap.layout import Layout, named_in
from scim_bridge.source.ldap.memory import Changes, Lost, Untracked, anchor_of, keys_of, position
from scim_bridge.source.ldap.reader import Reader
from scim_bridge.source.ldap.reread import as_they_are_now
from scim_bridge.source.ldap.session import SHOW_DELETED, Query, Session, reason, unreadable
from scim_bridge.source.ldap.value import guid

KIND, LIMITED_KIND = "dirsync", "dirsync-limited"
_INCREMENTAL_VALUES = -0x8000_0000
"""Only the values of a link that changed. As an INTEGER it must have four bytes, so it has a sign: a real domain
controller refuses 0x80000000 in five (MS-ADTS: flags is a 32-bit field)."""
_OBJECT_SECURITY = 0x1
"""Only what this account may see, and no right is needed."""
_BYTES = 1 << 20
"""The most that one answer may hold; the server may give less."""
_REFUSALS = (
    ldap.INSUFFICIENT_ACCESS,
    ldap.UNAVAILABLE_CRITICAL_EXTENSION,
    ldap.UNWILLING_TO_PERFORM,
    ldap.PROTOCOL_ERROR,
)
# What changes when an entry is moved or renamed, deleted, or disabled, whatever the mapping uses.
_MOVES = ("name", "isDeleted", "userAccountControl")


# The value of the control in BER (MS-ADTS 3.1.1.3.4.1.3). python-ldap has no class for it.
class _Value(univ.Sequence):  # type: ignore[misc]  # the library has no types
    componentType = namedtype.NamedTypes(  # noqa: N815 - the library's
        namedtype.NamedType("flags", univ.Integer()),
        namedtype.NamedType("size", univ.Integer()),
        namedtype.NamedType("cookie", univ.OctetString()),
    )


class DirSyncControl(RequestControl, ResponseControl):  # type: ignore[misc]  # the library has no types
    """The control in both directions. In an answer, flags other than 0 mean that there is more to come."""

    controlType = "1.2.840.113556.1.4.841"  # noqa: N815 - the library's

    def __init__(self, criticality: bool = True, flags: int = _INCREMENTAL_VALUES, cookie: bytes = b"") -> None:
        self.criticality = criticality
        self.flags = flags
        self.cookie = cookie

    def encodeControlValue(self) -> bytes:  # noqa: N802 - the library's
        """SEQUENCE { flags, maximum size, cookie }."""
        value = _Value()
        value["flags"], value["size"], value["cookie"] = self.flags, _BYTES, self.cookie
        encoded: bytes = encoder.encode(value)
        return encoded

    def decodeControlValue(self, encoded: bytes) -> None:  # noqa: N802 - the library's
        """The same shape."""
        value, _ = decoder.decode(encoded, asn1Spec=_Value())
        self.flags, self.cookie = int(value["flags"]), bytes(value["cookie"])


KNOWN_RESPONSE_CONTROLS[DirSyncControl.controlType] = DirSyncControl


class DirSync:
    """DirSync over every domain that a base lies in, from a cookie each. is_limited: without the right to replicate."""

    def __init__(self, session: Session, layout: Layout, reader: Reader, *, is_limited: bool = False) -> None:
        self._session, self._layout, self._reader = session, layout, reader
        self._is_limited = is_limited
        self._flags = _INCREMENTAL_VALUES + (_OBJECT_SECURITY if is_limited else 0)

    def start(self) -> str:
        """A cookie of now for each domain: asked for deletions alone, the server passes over nearly everything.

        Raises Untracked if the server or this account has no DirSync, SourceUnreadable.
        """
        if not self._session.supports(DirSyncControl.controlType):
            raise Untracked("the server does not know DirSync")
        try:
            cookies = {
                context: self._drain(context, b"", ("isDeleted",))[0]
                for context in self._session.contexts_of(self._layout.bases)
            }
        except _REFUSALS as error:
            raise Untracked(f"the server does not let this account use DirSync ({reason(error)})") from None
        except ldap.LDAPError as error:
            raise unreadable(error, "the position of changes", self._session.url) from None
        return self._watermark(cookies)

    def changes(self, memory: Memory) -> Changes:
        """What has changed in each domain, read again within base and filter. Raises Lost, SourceUnreadable."""
        cookies: dict[str, str] = position(memory.watermark).get("cookies", {})
        moved_on: dict[str, bytes] = {}
        anchors: set[str] = set()
        for context in self._session.contexts_of(self._layout.bases):
            if context not in cookies:
                raise Lost(f"what is remembered does not know {context}")
            # DirSync searches a whole naming context, never a base below it, and answers with bare changes. So only the
            # ids are taken from it.
            try:
                moved_on[context], changed = self._drain(context, b64decode(cookies[context]), self._asked())
            except _REFUSALS as error:
                raise Lost(f"the server refused the position remembered ({reason(error)})") from None
            except ldap.LDAPError as error:
                raise unreadable(error, f"the changes in {context}", self._session.url) from None
            anchors |= changed
        if self._is_limited:
            anchors |= self._come_or_gone(memory)
        return Changes(self._watermark(moved_on), as_they_are_now(self._reader, memory, anchors))

    def _come_or_gone(self, memory: Memory) -> set[str]:
        """The ids of users and groups that are there and not remembered, or remembered and not there."""
        there = self._reader.names().keys()
        known = {entry for kind in ("user", "group") for entry in keys_of(memory.entries, kind)}
        return set(map(anchor_of, there ^ known))

    def _asked(self) -> tuple[str, ...]:
        """The attributes whose changes matter: what is read, what the filters speak of, and what moves an entry."""
        selections = self._layout.selections
        if any(selection.is_all for selection in selections):
            return ()
        read = {name.partition(";")[0] for selection in selections for name in selection.asked}
        filtered = {name for selection in selections for name in named_in(selection.filter)}
        return tuple(sorted({*read, *filtered, *_MOVES}))

    def _drain(self, context: str, cookie: bytes, asked: Sequence[str]) -> tuple[bytes, set[str]]:
        """The cookie after all that has happened, and the ids of the entries it happened to."""
        anchors: set[str] = set()
        while True:
            request = DirSyncControl(flags=self._flags, cookie=cookie)
            answer = None
            query = Query(context, "(objectClass=*)", asked, f"the changes in {context}", is_local=True)
            for _, rows, controls in self._session.answers(query, (request, SHOW_DELETED)):
                anchors.update(guid(row[1]["objectGUID"][0]) for row in rows)
                answer = next((c for c in controls if isinstance(c, DirSyncControl)), answer)
            if answer is None:
                raise ldap.PROTOCOL_ERROR({"desc": "it does not give the position of its answer"})
            cookie = answer.cookie
            if not answer.flags:
                return cookie, anchors

    def _watermark(self, cookies: dict[str, bytes]) -> str:
        kind = LIMITED_KIND if self._is_limited else KIND
        return json.dumps({"kind": kind, "cookies": {name: b64encode(c).decode() for name, c in cookies.items()}})
