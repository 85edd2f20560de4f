"""Memberships that stand as lists in a column: of users, the groups that each is in; of groups, the users in each.

Where no file says which groups there are, they are made of the names that users' lists show.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from scim_bridge.config.source import MemberList
from scim_bridge.model.identity import Kind, Record
from scim_bridge.model.text import folded, normal
from scim_bridge.source.decoding import Unreadable
from scim_bridge.source.membership import ID, Memberships, Named

NAME = "name"
_NOT_IN_IDS = re.compile(r"[\s<>;:%~]")
SEPARATORS = ";|\n,"
_SHOWN = {"\n": "a line break"}

Cell = tuple[str, str, str]
"""A list: where it stands, the id of the record that it belongs to, and its text."""


class Splitter:
    """Takes lists apart. known: what is a name as a whole is left whole ("Sales, EMEA")."""

    def __init__(self, separator: str, known: Named | None) -> None:
        self.separator = separator
        self._known = known
        self._done: dict[str, list[str]] = {}

    def __call__(self, text: str) -> list[str]:
        """The names, trimmed, each once."""
        names = self._done.get(text)
        if names is None:
            is_whole = self._known is not None and bool(self._known.fits(text))
            pieces = [text] if is_whole else text.split(self.separator)
            names = self._done[text] = list(dict.fromkeys(filter(None, map(str.strip, pieces))))
        return names


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of a column. of: whose column. users, groups: those that may be named."""

    of: Kind
    cells: Sequence[Cell]
    split: Splitter
    users: Named
    groups: Named

    def read(self, into: Memberships) -> None:
        """All that the lists say."""
        for place, owner, text in self.cells:
            for name in self.split(text):
                group, member = (name, owner) if self.of == "user" else (owner, name)
                into.add(place, "name", group, member, "user")


def open_lists(
    members: MemberList, cells: Sequence[Cell], users: Iterable[Record], groups: Iterable[Record], where: str
) -> Lists:
    """The lists of a column whose users and groups are known. where: file and column, for a sentence.

    Raises Unreadable where it is not clear what separates two names.
    """
    is_of_users = members.of == "user"
    named_users = Named("user", users, ID if is_of_users else members.by)
    named_groups = Named("group", groups, members.by if is_of_users else ID)
    split = splitter(cells, members.separator, named_groups if is_of_users else named_users, where)
    return Lists(members.of, cells, split, named_users, named_groups)


def splitter(cells: Iterable[Cell], declared: str, known: Named | None, where: str) -> Splitter:
    """How the lists of a column are taken apart: as declared, or by the only separator that the column uses."""
    if declared != "auto":
        return Splitter(declared, known)
    texts = sorted({text for _, _, text in cells if known is None or not known.fits(text)})
    used = [mark for mark in SEPARATORS if any(mark in text for text in texts)]
    if len(used) > 1:
        raise Unreadable(_unclear(used, texts, where))
    return Splitter(used[0] if used else SEPARATORS[0], known)


def _unclear(used: Collection[str], texts: Iterable[str], where: str) -> str:
    marks = " and ".join(_SHOWN.get(mark, mark) for mark in used)
    example = max(texts, key=lambda text: sum(mark in text for mark in used))
    first = next(iter(used))
    return (
        f"{where}: its lists use {marks} ({example!r}); write which of them separates two names, such as "
        f"`members: {{…, separator: {_quoted(first)}}}`"
    )


def _quoted(mark: str) -> str:
    return '"\\n"' if mark == "\n" else f'"{mark}"'


def made_groups(cells: Iterable[Cell], split: Splitter, id_column: str) -> tuple[Record, ...]:
    """A group for each name in the users' lists. Names that differ by case alone are one group, as on the target.

    Its id is the name in small letters, which stays whatever spelling prevails; `name` is the usual spelling. What
    Identity Center takes in no externalId, such as a blank, is `~` and its number there: `on~20call`.
    """
    spellings: dict[str, Counter[str]] = {}
    places: dict[str, str] = {}
    for place, _, text in cells:
        for name in split(text):
            key = folded(name)
            spellings.setdefault(key, Counter())[normal(name)] += 1
            places.setdefault(key, place)
    made = []
    for key, names in sorted(spellings.items()):
        name, group = min(names, key=lambda name: (-names[name], name)), _as_id(key)
        made.append(Record(group, {id_column or ID: name, ID: group, NAME: name}, places[key]))
    return tuple(made)


def _as_id(name: str) -> str:
    """Two names never become one id, since ~ is written as a number too."""
    return _NOT_IN_IDS.sub(lambda sign: f"~{ord(sign[0]):02x}", name)
