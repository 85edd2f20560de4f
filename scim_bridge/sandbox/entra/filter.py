"""The part of $filter that is modelled: eq, ne, in, startswith, endswith, not, and, or, with parentheses.

ne, not and endswith are advanced queries (learn.microsoft.com/graph/filter-query-parameter).
"""

import re
from collections.abc import Callable
from typing import Any

from scim_bridge.sandbox.entra.query import Schema
from scim_bridge.sandbox.entra.refusal import bad_request
from scim_bridge.sandbox.entra.schema import Kind

Predicate = Callable[[dict[str, Any]], bool]
_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_][\w/]*)|([(),]))")
_WORDS = {"true": True, "false": False, "null": None}
_ONE_ID = re.compile(r"\s*id\s+eq\s+'([^']+)'\s*")
_MOST_IDS = 50


class Filter:
    """A parsed $filter: `matches(properties)`. is_advanced: whether it needs the advanced query parameters."""

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
