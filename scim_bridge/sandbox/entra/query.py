"""The query of a Graph request: the OData system options that are modelled, and the refusal of all others.

learn.microsoft.com/graph/query-parameters; the rules of advanced queries: …/graph/aad-advanced-queries
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from scim_bridge.sandbox.entra.refusal import GraphRefusal, bad_request, unsupported
from scim_bridge.sandbox.entra.schema import DEFAULTS, ELSEWHERE, PROPERTIES, Kind, is_extension, unknown

LARGEST_PAGE = 999
USUAL_PAGE = 100
_OPTIONS = frozenset({"select", "top", "filter", "expand", "count", "skiptoken", "deltatoken", "orderby", "search"})
_EXPANDED_MANAGER = re.compile(r"manager(\(\s*\$select\s*=\s*id\s*\))?")
Given = dict[str, str]
"""Options by their name in lower case, without $."""


def parse(raw: str) -> Given:
    """The options of a query string. Raises a 400 for one that is there twice or does not exist."""
    given: Given = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        option = name.lower().removeprefix("$")
        if option not in _OPTIONS:
            raise bad_request(f"The query parameter '{name}' is not supported.")
        if option in given:
            raise bad_request(f"The query option '{name}' is there twice.")
        given[option] = value
    return given


def written(given: Mapping[str, str]) -> str:
    """Options as a query string again."""
    return urlencode({f"${name}": value for name, value in given.items()}, safe="$,()'=/")


@dataclass(frozen=True, slots=True)
class Selection:
    """Properties to show. kind: whose they are; has_default: no $select was given."""

    kind: Kind
    names: tuple[str, ...]
    has_default: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """What may be named in a query. extensions: registered names; without: what the schema no longer knows."""

    extensions: frozenset[str]
    without: frozenset[str]

    def check(self, kind: Kind, name: str) -> None:
        """Raises a 400 for a name that objects of this kind do not have, a 501 for one kept outside the directory."""
        if kind == "user" and name in ELSEWHERE:
            raise GraphRefusal(501, "NotImplemented", f"The property '{name}' is not available in a list.")
        is_known = name in self.extensions if is_extension(name) else name in PROPERTIES[kind]
        if not is_known or name in self.without:
            raise unknown(kind, name)

    def selection(self, kind: Kind, select: str | None) -> Selection:
        """What $select asks for; id always comes."""
        if select is None:
            return Selection(kind, tuple(name for name in DEFAULTS[kind] if name not in self.without), has_default=True)
        names = dict.fromkeys(name.strip() for name in select.split(","))
        if "" in names:
            raise bad_request("An empty term is not valid in $select.")
        for name in names:
            self.check(kind, name)
        return Selection(kind, tuple({"id": None, **names}), has_default=False)


def page_size(given: Given, cap: int) -> int:
    """Rows of a page: 100, or what $top says, up to 999; never more than the cap. A 400 for any other $top."""
    top = given.get("top")
    if top is None:
        return min(USUAL_PAGE, cap)
    if not (top.isascii() and top.isdigit()) or int(top) == 0:
        raise bad_request(f"Invalid value '{top}' for $top query option found.")
    if int(top) > LARGEST_PAGE:
        raise unsupported(f"$top may be 1 to 999, not {top}.")
    return min(int(top), cap)


def wants_count(given: Given) -> bool:
    """Whether $count=true."""
    count = given.get("count", "false").lower()
    if count not in ("true", "false"):
        raise bad_request(
            f"Invalid value '{count}' for $count query option found. Valid values are 'true' and 'false'."
        )
    return count == "true"


def require_eventual(headers: Mapping[str, str], what: str) -> None:
    """Raises a 400 unless the request takes eventual consistency, which every page of an advanced query must say."""
    if headers.get("consistencylevel", "").lower() != "eventual":
        raise unsupported(f"{what} is only supported with the header 'ConsistencyLevel' set to 'eventual'.")


def require_advanced(given: Given, headers: Mapping[str, str], what: str) -> None:
    """Raises a 400 unless the request says both ConsistencyLevel: eventual and $count=true."""
    require_eventual(headers, what)
    if not wants_count(given):
        raise unsupported(f"{what} is only supported with the query parameter '$count=true'.")


def expands_manager(given: Given, kind: Kind) -> bool:
    """Whether $expand asks for the manager, the only relation that may be expanded here."""
    expand = given.get("expand")
    if expand is None:
        return False
    if kind != "user" or not _EXPANDED_MANAGER.fullmatch(expand.replace(" ", "")):
        raise unsupported(f"The expansion '{expand}' is not supported by the sandbox; manager($select=id) on users is.")
    return True


def refuse(given: Given, *options: str) -> None:
    """Raises a 400 if one of these options was given."""
    for option in options:
        if option in given:
            raise unsupported(f"'${option}' is not supported here.")
