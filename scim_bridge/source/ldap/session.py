"""A signed-in connection: searches in pages, what the server says about itself, and what a failed search means.

Rows are (DN, attributes); attribute values are bytes, as the server sent them. Whatever cuts a listing short is an
error here: a part of a directory is never taken for the whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import ldap
from ldap.controls import RequestControl
from ldap.controls.libldap import SimplePagedResultsControl

from scim_bridge.config.source import Flavor, LdapSettings
from scim_bridge.errors import Misconfigured, SourceUnreadable, Stop
from scim_bridge.source.ldap.value import parts

Row = tuple[str, Mapping[str, list[bytes]]]
Root = Mapping[str, list[bytes]]
"""What of the root DSE (RFC 4512 §5.1) is asked for, under names in small letters."""

_389_DS = b"389 Project"
"""The vendorName (RFC 3045) of 389 Directory Server, and so of FreeIPA and Red Hat's servers."""
_ACTIVE_DIRECTORY = b"1.2.840.113556.1.4.800"
"""LDAP_CAP_ACTIVE_DIRECTORY_OID, among the root DSE's supportedCapabilities (MS-ADTS 3.1.1.3.4.3)."""
_ANY = "(objectClass=*)"
_ABOUT_ITSELF = ("namingContexts", "subschemaSubentry", "supportedControl", "supportedCapabilities", "vendorName")
# The partitions that every domain has beside its own (MS-ADTS 6.1.1.1): configuration, schema, and those of DNS.
_PARTITIONS = (("cn=configuration",), ("cn=schema",), ("dc=domaindnszones",), ("dc=forestdnszones",))
EXTENDED_DN = RequestControl("1.2.840.113556.1.4.529", True, bytes.fromhex("3003020101"))  # noqa: FBT003 - the library's
"""Names come as `<GUID=…>;<SID=…>;DN` (MS-ADTS 3.1.1.3.4.1.5): a renamed member stays the same member."""

SHOW_DELETED = RequestControl("1.2.840.113556.1.4.417", True, None)  # noqa: FBT003 - the library's
"""Deleted entries are shown too (MS-ADTS 3.1.1.3.4.1.14)."""

_LIMITS = (
    "Raise the limit for this account (OpenLDAP: limits dn.exact=… size.prtotal=unlimited time.hard=unlimited), "
    "or narrow base and filter."
)
PRIVACY = "Use ldaps://, or tls: {start: true}."
_NEXT_RUN = "The next run tries again; if it fails again, look at the server's log."

_SEARCH: dict[type[Exception], tuple[str, str]] = {
    ldap.SIZELIMIT_EXCEEDED: ("the server's size limit cut the reading of {what} short", _LIMITS),
    ldap.TIMELIMIT_EXCEEDED: ("the server's time limit cut the reading of {what} short", _LIMITS),
    ldap.ADMINLIMIT_EXCEEDED: ("an administrative limit of the server cut the reading of {what} short", _LIMITS),
    ldap.NO_SUCH_OBJECT: (
        "{what} does not exist, or this account may not see it",
        "Correct the base, or let the account read it.",
    ),
    ldap.INSUFFICIENT_ACCESS: ("this account may not read {what}", "Give it the right to read there."),
    ldap.SERVER_DOWN: ("the connection was lost while {what} was read", _NEXT_RUN),
    ldap.TIMEOUT: ("the server did not answer in time while {what} was read", "Raise timeout, or look at its load."),
    ldap.BUSY: ("the server is too busy to give {what}", _NEXT_RUN),
    ldap.UNAVAILABLE: ("the server is shutting down or not ready to give {what}", _NEXT_RUN),
    ldap.REFERRAL: ("the server refers to another one for {what}", "Name the server that holds it in urls."),
    ldap.UNAVAILABLE_CRITICAL_EXTENSION: (
        "the server does not give {what} in pages (RFC 2696)",
        "Allow paged results on the server; without them its limits would cut the listing.",
    ),
    ldap.STRONG_AUTH_REQUIRED: ("the server gives {what} over a protected connection only", PRIVACY),
    ldap.CONFIDENTIALITY_REQUIRED: ("the server gives {what} over a protected connection only", PRIVACY),
}
"""Error of a search → (what happened, way out). Result codes: RFC 4511 §4.1.9 and appendix A.2."""


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
    """One connection to one server.

    link: python-ldap's connection, signed in (connection.py); url: the server's, for messages.
    """

    def __init__(self, link: Any, url: str, settings: LdapSettings) -> None:
        self._link = link
        self.url = url
        self._seconds = settings.timeout.total_seconds()
        self._page_size = settings.page_size
        self._declared = settings.flavor
        self._root: Root | None = None

    def close(self) -> None:
        """End the connection."""
        with suppress(ldap.LDAPError):  # it was cut already, and anyone who found out has said so
            self._link.unbind_s()

    def recall(self, root: Root | None) -> None:
        """Take what this server said about itself earlier, so that it is not asked again; None: ask it again."""
        self._root = root

    @property
    def root(self) -> Root:
        """What the server says about itself, asked once. Raises SourceUnreadable."""
        if self._root is None:
            self._root = self.root_now(_ABOUT_ITSELF)
        return self._root

    def root_now(self, attributes: Sequence[str]) -> Root:
        """These attributes of the root DSE as they are at this moment. Raises SourceUnreadable."""
        found = self._entry(Query("", _ANY, attributes, "the root DSE"), ())
        return {name.lower(): values for name, values in (found or ("", {}))[1].items()}

    @property
    def flavor(self) -> Flavor:
        """As configured, else as the server says."""
        if self._declared is not None:
            return self._declared
        if _ACTIVE_DIRECTORY in self.root.get("supportedcapabilities", ()):
            return "active-directory"
        return "389-ds" if _389_DS in self.root.get("vendorname", ()) else "openldap"

    @property
    def _controls(self) -> tuple[RequestControl, ...]:
        return (EXTENDED_DN,) if self.flavor == "active-directory" else ()

    def supports(self, control: str) -> bool:
        """Whether the server knows a control, by its OID."""
        return control.encode() in self.root.get("supportedcontrol", ())

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
        """One entry by its DN; None if the server answers that there is none. what: as in Query.

        Raises SourceUnreadable, Misconfigured.
        """
        return self._entry(Query(base, _ANY, attributes, what), (*self._controls, *controls))

    def _entry(self, query: Query, controls: Sequence[RequestControl]) -> Row | None:
        try:
            sent = self._search(query, ldap.SCOPE_BASE, controls)
            rows = [row for row in self._link.result3(sent, timeout=self._seconds)[1] if row[0] is not None]
        except ldap.NO_SUCH_OBJECT:
            return None
        except ldap.LDAPError as error:
            raise unreadable(error, query.what, self.url) from None
        return (rows[0][0], rows[0][1]) if rows else None

    def pages(self, query: Query, controls: Iterable[RequestControl] = ()) -> Iterator[list[Row]]:
        """Everything below a base that fits, page by page (RFC 2696). Ends only when the server has said it is all.

        Raises SourceUnreadable for anything that cuts the listing short, Misconfigured for a base or filter that the
        server does not understand.
        """
        paging = SimplePagedResultsControl(True, size=self._page_size, cookie="")  # noqa: FBT003 - the library's
        every = (paging, *self._controls, *controls)
        while True:
            try:
                sent = self._search(query, ldap.SCOPE_SUBTREE, every)
                _, rows, _, answered = self._link.result3(sent, timeout=self._seconds)
            except ldap.LDAPError as error:
                raise unreadable(error, query.what, self.url) from None
            yield self._entries(rows, query)
            told = [control for control in answered if control.controlType == paging.controlType]
            # Without the control in the answer the server may have given one page and stopped at a limit of its own.
            if not told:
                raise unreadable(ldap.UNAVAILABLE_CRITICAL_EXTENSION({}), query.what, self.url)
            if not told[0].cookie:
                return
            paging.cookie = told[0].cookie

    def answers(self, query: Query, controls: Sequence[RequestControl]) -> Iterator[tuple[int, list[Any], list[Any]]]:
        """The answers to one search as they come: (type, data, controls), type being ldap.RES_….

        Raises the library's own errors: what a refusal means depends on which way of learning changes asked. Rows of
        another server's part, which have no DN, are not among them.
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


def first(root: Root, name: str) -> str:
    """One value of the root DSE as text, "" if it has none. name: in small letters."""
    values = root.get(name)
    return values[0].decode() if values else ""


def is_without_people(url: str) -> bool:
    """Whether Active Directory refers to one of the partitions of every domain, which hold its own affairs."""
    return parts(unquote(urlsplit(url).path.lstrip("/")))[:1] in _PARTITIONS


def code(error: ldap.LDAPError) -> int:
    """The server's result code (RFC 4511 §4.1.9); -1 if the library itself failed and no answer came."""
    result = _told(error).get("result", -1)
    return result if isinstance(result, int) else -1


def reason(error: ldap.LDAPError) -> str:
    """The server's or the library's own words, on one line."""
    told = _told(error)
    words = [str(told[key]) for key in ("desc", "info") if told.get(key)]
    return " ".join(": ".join(words).split()) or type(error).__name__


def unreadable(error: ldap.LDAPError, what: str, url: str) -> Stop:
    """The error for a search that failed. what: what was read, as a noun. To be raised by the caller."""
    if isinstance(error, ldap.FILTER_ERROR | ldap.INVALID_DN_SYNTAX | ldap.INVALID_SYNTAX):
        part = "filter" if isinstance(error, ldap.FILTER_ERROR) else "base"
        return Misconfigured(
            f"the {part} of {what} is not one that the server understands ({reason(error)})", f"Fix the {part}."
        )
    for kind, (sentence, way_out) in _SEARCH.items():
        if isinstance(error, kind):
            return SourceUnreadable(f"{url}: {sentence.format(what=what)}; nothing was concluded from it", way_out)
    return SourceUnreadable(f"{url}: {what} could not be read ({reason(error)})", _NEXT_RUN)


def _told(error: ldap.LDAPError) -> dict[str, Any]:
    told = error.args[0] if error.args else {}
    return told if isinstance(told, dict) else {"desc": str(told)}
