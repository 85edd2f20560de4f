"""Changes of Active Directory by update sequence numbers, where DirSync is not permitted.

The numbers are one domain controller's own: another one, or the same one restored, starts over. Deleted entries must be
visible to the account, else a leaver would be missed
(https://learn.microsoft.com/windows/win32/ad/polling-for-changes-using-usnchanged).
"""

import json

from scim_bridge.model.source import Memory
from scim_bridge.source.ldap.layout import Layout
from scim_bridge.source.ldap.memory import Changes, Lost, Untracked, position
from scim_bridge.source.ldap.reader import Reader
from scim_bridge.source.ldap.reread import as_they_are_now
from scim_bridge.source.ldap.session import SHOW_DELETED, Query, Session, first
from scim_bridge.source.ldap.value import guid

KIND = "usn"


class Usn:
    """uSNChanged over every domain that a base lies in."""

    def __init__(self, session: Session, layout: Layout, reader: Reader) -> None:
        self._session, self._layout, self._reader = session, layout, reader

    def start(self) -> str:
        """The server's highest number now, and which server that is.

        Raises Untracked if deleted entries are hidden from this account, SourceUnreadable.
        """
        for context in self._session.contexts_of(self._layout.bases):
            if not self._sees_deleted(context):
                raise Untracked(
                    'this account may neither use DirSync (the right "Replicating Directory Changes") nor see '
                    f"the deleted entries of {context}"
                )
        return self._position()

    def changes(self, memory: Memory) -> Changes:
        """What has a higher number than the last one, deleted or not, read again within base and filter.

        Raises Lost, Untracked, SourceUnreadable.
        """
        # The number is asked for before the search: what happens meanwhile has a higher number than the one remembered,
        # and is learned again the next time.
        now, then = json.loads(self._position()), position(memory.watermark)
        if now["server"] != then.get("server"):
            raise Lost(f"{self._session.url} is another domain controller than the last time, or was restored")
        if now["number"] < then["number"]:
            raise Lost(f"{self._session.url} was restored to an earlier state")
        anchors: set[str] = set()
        condition = f"(uSNChanged>={then['number'] + 1})"
        for context in self._session.contexts_of(self._layout.bases):
            # Without the right to see them, deleted entries are left out silently: leavers would stay.
            if not self._sees_deleted(context):
                raise Lost(f"this account may no longer see the deleted entries of {context}")
            query = Query(context, condition, ("objectGUID",), f"the changes in {context}", is_local=True)
            for rows in self._session.pages(query, (SHOW_DELETED,)):
                anchors.update(
                    guid(attributes["objectGUID"][0]) for _, attributes in rows if "objectGUID" in attributes
                )
        return Changes(json.dumps(now), as_they_are_now(self._reader, memory, anchors))

    def _sees_deleted(self, context: str) -> bool:
        """Whether the container of deleted entries shows this account as much as its id."""
        found = self._session.entry(f"CN=Deleted Objects,{context}", ("objectGUID",), context, (SHOW_DELETED,))
        return found is not None and "objectGUID" in found[1]

    def _position(self) -> str:
        """The watermark of now.

        invocationId names the database of one domain controller and changes when it is restored from a backup
        (MS-ADTS 3.1.1.1.9), which takes back numbers that were given out before.
        """
        root = self._session.root_now(("dsServiceName", "dnsHostName", "highestCommittedUSN"))
        settings, number = first(root, "dsservicename"), first(root, "highestcommittedusn")
        found = self._session.entry(settings, ("invocationId",), settings) if settings else None
        values = found[1].get("invocationId") if found is not None else None
        if not values or not number:
            raise Untracked("the server does not say who it is and how far its changes go")
        server = f"{first(root, 'dnshostname').lower()} {guid(values[0])}"
        return json.dumps({"kind": KIND, "server": server, "number": int(number)})
