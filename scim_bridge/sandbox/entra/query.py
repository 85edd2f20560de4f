"""The query of a Graph request: the OData system options that are modelled, and the refusal of all others.

learn.microsoft.com/graph/query-parameters; the rules of advanced queries: …/graph/aad-advanced-queries
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from scim_bridge.sandbox.entra.refusal import GraphRefusal, bad_request, unsupported
from scim_bridge.sandbox.entra.schema import DEFAULTS, ELSEWHERE, PROPERTIES, Kind, is_extension

LARGEST_PAGE = 999
USUAL_PAGE = 100
_OPTIONS = frozenset({"select", "top", "filter", "expand", "count", "skiptoken", "deltatoken", "orderby", "search"})
_EXPANDED_MANAGER = re.compile(r"manager(\(\s*\$select\s*=\s*id\s*\))?")
Predicate = Callable[[dict[str, Any]], bool]
_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_][\w/]*)|([(),]))")
_WORDS = {"true": True, "false": False, "null": None}
_ONE_ID = re.compile(r"\s*id\s+eq\s+'([^']+)'\s*")
_MOST_IDS = 50
_SEAL = 12
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
            raise bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.")

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


def refuse(given: Given, options: str) -> None:
    """Raises a 400 if one of these options, with blanks between, was given."""
    for option in options.split():
        if option in given:
            raise unsupported(f"'${option}' is not supported here.")


class Filter:
    """A parsed $filter: `matches(properties)`. is_advanced: whether it needs the advanced query parameters.

    eq, ne, in, startswith, endswith, not, and, or, with parentheses; ne, not and endswith are advanced
    (learn.microsoft.com/graph/filter-query-parameter).
    """

    def __init__(self, kind: Kind, text: str, schema: Schema) -> None:
        self.is_advanced = False
        self._kind, self._schema, self._text = kind, schema, text
        self._left = _tokens(text)
        self.matches = self._any()
        if self._left:
            raise _invalid(text)

    def _any(self) -> Predicate:
        terms = [self._all()]
        while self._next_is("or"):
            terms.append(self._all())
        return terms[0] if len(terms) == 1 else lambda row: any(term(row) for term in terms)

    def _all(self) -> Predicate:
        terms = [self._one()]
        while self._next_is("and"):
            terms.append(self._one())
        return terms[0] if len(terms) == 1 else lambda row: all(term(row) for term in terms)

    def _one(self) -> Predicate:
        if self._next_is("("):
            inner = self._any()
            self._expect(")")
            return inner
        word = self._word()
        if word == "not":
            self.is_advanced = True
            negated = self._one()
            return lambda row: not negated(row)
        if word.lower() in ("startswith", "endswith"):
            return self._affix(word.lower())
        return self._comparison(self._property(word))

    def _comparison(self, name: str) -> Predicate:
        operator = self._word()
        if operator == "in":
            self._expect("(")
            values = [_folded(self._value())]
            while self._next_is(","):
                values.append(_folded(self._value()))
            self._expect(")")
            return lambda row: _folded(row.get(name)) in values
        value = _folded(self._value())
        if operator == "eq":
            return lambda row: _folded(row.get(name)) == value
        if operator != "ne":
            raise bad_request(f"The filter operator '{operator}' is not supported by the sandbox.")
        self.is_advanced = True
        return lambda row: _folded(row.get(name)) != value

    def _affix(self, function: str) -> Predicate:
        self._expect("(")
        name = self._property(self._word())
        self._expect(",")
        affix = _folded(self._value())
        self._expect(")")
        if function == "endswith":
            self.is_advanced = True
            return lambda row: str(_folded(row.get(name))).endswith(affix)
        return lambda row: str(_folded(row.get(name))).startswith(affix)

    def _property(self, name: str) -> str:
        self._schema.check(self._kind, name)
        return name

    def _next_is(self, token: str) -> bool:
        if self._left and self._left[0] == token:
            del self._left[0]
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._next_is(token):
            raise _invalid(self._text)

    def _word(self) -> str:
        if not self._left or self._left[0][0] in "'(),":
            raise _invalid(self._text)
        return self._left.pop(0)

    def _value(self) -> Any:
        token = self._left.pop(0) if self._left else ""
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token not in _WORDS:
            raise _invalid(self._text)
        return _WORDS[token]


def ids_of(text: str) -> frozenset[str]:
    """The ids of a delta's $filter, `id eq '…' or id eq '…'`, at most 50. Raises a 400 for any other."""
    found = [_ONE_ID.fullmatch(part) for part in re.split(r"\sor\s", text)]
    ids = [match[1] for match in found if match is not None]
    if len(ids) != len(found):
        raise bad_request("Invalid filter: a delta query can be filtered by object id only.")
    if len(ids) > _MOST_IDS:
        raise bad_request(f"Too many ids in the filter: {len(ids)}; at most {_MOST_IDS} are allowed.")
    return frozenset(ids)


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise _invalid(text)
        tokens.append(match[match.lastindex or 1])
        position = match.end()
    return tokens


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _invalid(text: str) -> Exception:
    return bad_request(f"Invalid filter clause: {text}")


class Sealer:
    """The opaque tokens of next links and delta links: sealed, so that one that was made up or bent is seen.

    Tokens of another emulator do not open.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def seal(self, value: dict[str, Any]) -> str:
        """A token that holds this JSON object."""
        content = orjson.dumps(value)
        return base64.urlsafe_b64encode(self._mark(content) + content).rstrip(b"=").decode()

    def open(self, token: str) -> dict[str, Any] | None:
        """What a token holds, None if it is not one of ours."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return None
        mark, content = raw[:_SEAL], raw[_SEAL:]
        if not hmac.compare_digest(mark, self._mark(content)):
            return None
        opened: dict[str, Any] = orjson.loads(content)
        return opened

    def _mark(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, hashlib.sha256)[:_SEAL]
