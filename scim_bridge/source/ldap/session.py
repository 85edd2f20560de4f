"""A signed-in connection: searches in pages, and what the server says about itself.

Rows are (DN, attributes); attribute values are bytes, as the server sent them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import ldap
from ldap.controls import RequestControl
from ldap.controls.libldap import SimplePagedResultsControl

from scim_bridge.config.source import Flavor, LdapSettings
from scim_bridge.errors import SourceUnreadable
from scim_bridge.source.ldap import failure
from scim_bridge.source.ldap.name import parts

Row = tuple[str, Mapping[str, list[bytes]]]

_389_DS = b"389 Project"
"""The vendorName (RFC 3045) of 389 Directory Server, and so of FreeIPA and Red Hat's servers."""
_ACTIVE_DIRECTORY = b"1.2.840.113556.1.4.800"
_ANY = "(objectClass=*)"
_PARTITIONS = (("cn=configuration",), ("cn=schema",), ("dc=domaindnszones",), ("dc=forestdnszones",))
EXTENDED_DN = RequestControl("1.2.840.113556.1.4.529", True, bytes.fromhex("3003020101"))  # noqa: FBT003 - the library's
"""Names come as `<GUID=…>;<SID=…>;DN` (MS-ADTS 3.1.1.3.4.1.5): a renamed member stays the same member."""

SHOW_DELETED = RequestControl("1.2.840.113556.1.4.417", True, None)  # noqa: FBT003 - the library's
"""Deleted entries are shown too (MS-ADTS 3.1.1.3.4.1.14)."""


@dataclass(frozen=True, slots=True)
class Query:
    """A search below a base. what: what it looks for, as a noun for messages.

    is_local: what other servers hold does not matter; else a part that is only referred to refuses the reading.
    """

    base: str
    filter: str
    attributes: Sequence[str]
    what: str
    is_local: bool = False


class Session:
    """One connection to one server. flavor: as configured, else as the server says."""

    def __init__(self, link: Any, url: str, settings: LdapSettings) -> None:
        self._link = link
        self.url = url
        self._seconds = settings.timeout.total_seconds()
        self._page_size = settings.page_size
        self._controls: tuple[RequestControl, ...] = ()
        found = self.entry("", ("*", "+"), "the root DSE")
        self.root: Mapping[str, list[bytes]] = {name.lower(): values for name, values in (found or ("", {}))[1].items()}
        self.flavor: Flavor = settings.flavor or self._own_flavor()
        if self.flavor == "active-directory":
            self._controls = (EXTENDED_DN,)

    def _own_flavor(self) -> Flavor:
        if _ACTIVE_DIRECTORY in self.root.get("supportedcapabilities", ()):
            return "active-directory"
        return "389-ds" if _389_DS in self.root.get("vendorname", ()) else "openldap"

    def supports(self, control: str) -> bool:
        """Whether the server knows a control, by its OID."""
        return control.encode() in self.root.get("supportedcontrol", ())

    def told(self, name: str) -> str:
        """One value of the root DSE as text, "" if it has none."""
        values = self.root.get(name.lower())
        return values[0].decode() if values else ""

    def context_of(self, base: str) -> str:
        """The naming context a base lies in. Raises SourceUnreadable if this server holds none for it."""
        wanted = parts(base)
        names = [value.decode() for value in self.root.get("namingcontexts", ())]
        above = [name for name in names if wanted[len(wanted) - len(parts(name)) :] == parts(name)]
        if not above:
            raise SourceUnreadable(f"{self.url} does not hold {base}", f"It holds: {'; '.join(names) or 'nothing'}.")
        return max(above, key=lambda name: len(parts(name)))

    def contexts_of(self, bases: Iterable[str]) -> tuple[str, ...]:
        """The naming contexts that these bases lie in, each once."""
        return tuple(dict.fromkeys(self.context_of(base) for base in bases))

    def entry(
        self, base: str, attributes: Sequence[str], what: str, controls: Iterable[RequestControl] = ()
    ) -> Row | None:
        """One entry by its name; None if the server answers that there is none."""
        try:
            sent = self._search(Query(base, _ANY, attributes, what), ldap.SCOPE_BASE, (*self._controls, *controls))
            rows = [row for row in self._link.result3(sent, timeout=self._seconds)[1] if row[0] is not None]
        except ldap.NO_SUCH_OBJECT:
            return None
        except ldap.LDAPError as error:
            raise failure.unreadable(error, what, self.url) from None
        return (rows[0][0], rows[0][1]) if rows else None

    def pages(self, query: Query, controls: Iterable[RequestControl] = ()) -> Iterator[list[Row]]:
        """Everything below a base that fits, page by page (RFC 2696). Ends only when the server has said it is all."""
        paging = SimplePagedResultsControl(True, size=self._page_size, cookie="")  # noqa: FBT003 - the library's
        every = (paging, *self._controls, *controls)
        while True:
            try:
                sent = self._search(query, ldap.SCOPE_SUBTREE, every)
                _, rows, _, answered = self._link.result3(sent, timeout=self._seconds)
            except ldap.LDAPError as error:
                raise failure.unreadable(error, query.what, self.url) from None
            yield self._entries(rows, query)
            told = [control for control in answered if control.controlType == paging.controlType]
            if not told:
                raise failure.unreadable(ldap.UNAVAILABLE_CRITICAL_EXTENSION({}), query.what, self.url)
            if not told[0].cookie:
                return
            paging.cookie = told[0].cookie

    def answers(self, query: Query, controls: Sequence[RequestControl]) -> Iterator[tuple[int, list[Any], list[Any]]]:
        """The answers to one search as they come: (type, data, controls). Raises the library's own errors.

        Rows of another server's part, which have no DN, are not among them.
        """
        sent = self._search(query, ldap.SCOPE_SUBTREE, controls)
        while True:
            kind, data, _, answered, _, _ = self._link.result4(
                sent, all=0, timeout=self._seconds, add_ctrls=1, add_intermediates=1
            )
            if kind in (ldap.RES_SEARCH_ENTRY, ldap.RES_SEARCH_REFERENCE):
                self._refuse_references(data, query)
                data = [row for row in data if row[0] is not None]
            yield kind, data, answered
            if kind == ldap.RES_SEARCH_RESULT:
                return

    def _search(self, query: Query, scope: int, controls: Sequence[RequestControl]) -> Any:
        return self._link.search_ext(
            query.base, scope, query.filter, list(query.attributes), serverctrls=list(controls)
        )

    def _entries(self, rows: Sequence[tuple[Any, ...]], query: Query) -> list[Row]:
        """The entries of an answer. Raises SourceUnreadable for a part that another server holds."""
        self._refuse_references(rows, query)
        return [(row[0], row[1]) for row in rows if row[0] is not None]

    def _refuse_references(self, rows: Iterable[tuple[Any, ...]], query: Query) -> None:
        """Continuation references (RFC 4511 §4.5.3) come as rows without a DN: who is there would seem to be gone."""
        urls = [url for row in rows if row[0] is None for url in row[1]]
        if self.flavor == "active-directory":
            urls = [url for url in urls if not is_without_people(url)]
        if urls and not query.is_local:
            raise SourceUnreadable(
                f"{self.url}: a part of {query.base} is on another server ({', '.join(urls)}); "
                "nothing was concluded from the rest",
                "Name the units that this server holds as bases, and read that part from its own server, "
                "by a connection of its own.",
            )


def is_without_people(url: str) -> bool:
    """Whether Active Directory refers to one of the partitions of every domain, which hold its own affairs."""
    return parts(unquote(urlsplit(url).path.lstrip("/")))[:1] in _PARTITIONS
