"""Whom a group names otherwise than before: the names that came or left, and those that may mean someone else now.

Lists are compared as they are written, before anyone is looked up: of a group of ten thousand in which one has changed,
one name is looked up.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scim_bridge.source.ldap.memory import named_in, names_line


@dataclass(frozen=True, slots=True)
class MovedNames:
    """Names as a group has them, before and after: those that have to be looked up."""

    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def all(self) -> Iterable[str]:
        """Each once."""
        return dict.fromkeys((*self.before, *self.after))


def moved_names(before: str | None, after: str, member: str, may_be_other: Callable[[str], bool] | None) -> MovedNames:
    """before, after: a group's entry, None if it is new. member: the attribute of its members, in small letters.

    may_be_other: whether a name that stayed may mean someone else now; None where none may.
    """
    then, now = _names(before, member), _names(after, member)
    other = set(filter(may_be_other, then.keys() & now.keys())) if may_be_other is not None else set()
    return MovedNames(
        tuple(name for name in then if name not in now or name in other),
        tuple(name for name in now if name not in then or name in other),
    )


def _names(text: str | None, member: str) -> dict[str, None]:
    named = named_in(names_line(text)) if text is not None else {}
    return {
        name: None
        for attribute, names in named.items()
        if attribute.partition(";")[0].lower() == member
        for name in names
    }
