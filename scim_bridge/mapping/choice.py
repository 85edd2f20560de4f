"""An unordered set has no first: which value a rule takes where a directory lists several, whatever their order.

The values of an LDAP attribute, and the lists of Graph, are sets (RFC 4511 §4.1.7): a server may answer them in another
order every time. So each list is put into a fixed order before a rule runs. If the rule then does not give what was
last applied, the other orders are tried: a value that some order gives, and that was last applied, stays.

That is right for any expression (`first(mail).lower()`, `mail[0]`, a filter, a list), since nothing is assumed of it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, permutations, product
from typing import Any

from scim_bridge.model.identity import Value
from scim_bridge.model.text import folded, normal

Sets = Mapping[str, list[Any]]
"""Attributes of one record that have several values, each in its fixed order."""
_MOST_ORDERS = 1000
_MOST_VALUES = 50_000
"""How many orders are tried, and how many values are handed over for that, for one rule of one record: enough for every
pair of 30 values. No rule chooses among a group's 10,000 members."""


def in_one_form(attributes: Mapping[str, object]) -> dict[str, object]:
    """A record's attributes as rules see them: texts composed and trimmed, lists without blanks and in a fixed order.

    The order is that of the characters' numbers, so that Exchange's primary address (`SMTP:`) comes before its others.
    """
    return {name: _form(value) for name, value in attributes.items()}


def _form(value: object) -> object:
    if type(value) is str:
        return normal(value)
    if type(value) is list:
        if len(value) == 1 and type(value[0]) is str:
            return [text] if (text := normal(value[0])) else []
        return _ordered([form for form in map(_form, value) if form != ""])
    return {name: _form(part) for name, part in value.items()} if isinstance(value, Mapping) else value


def _ordered(values: list[Any]) -> list[Any]:
    if all(type(value) is str for value in values):
        return sorted(set(values))
    return sorted(values, key=lambda value: json.dumps(value, sort_keys=True, default=repr))


def orders(sets: Sets) -> Iterator[Sets]:
    """Other orders of these lists: first every value of each in front, then every two in front, and so on."""
    longest = max(map(len, sets.values()))
    most = min(_MOST_ORDERS, _MOST_VALUES // sum(map(len, sets.values())))
    every = (order for depth in range(1, longest) for order in product(*(_led(sets[name], depth) for name in sets)))
    for order in islice(every, most):
        yield dict(zip(sets, order, strict=True))


def _led(values: list[Any], depth: int) -> Iterable[list[Any]]:
    """The list with so many of its values in front, in every way."""
    numbers = range(len(values))
    heads = islice(permutations(numbers, min(depth, len(values))), _MOST_ORDERS)
    return [[values[n] for n in (*head, *(n for n in numbers if n not in head))] for head in heads]


def is_same(one: Value, other: Value) -> bool:
    """Whether the target would hold the same by these two results."""
    return single(one) == single(other)


def is_alike(one: Value, other: Value) -> bool:
    """The same but for case."""
    return folded(str(single(one))) == folded(str(single(other)))


def single(value: Value) -> str | bool:
    """What `fit` makes of a result: one text, composed and trimmed."""
    if isinstance(value, tuple):
        value = value[0] if value else ""
    return normal(value) if isinstance(value, str) else value
