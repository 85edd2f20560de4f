"""Who did something, and from where; and what a person may do (docs/design.md §9)."""

from dataclasses import dataclass
from typing import Literal

Via = Literal["command", "page", "api", "worker"]
"""From where: the command line, a page, the API, or the program itself on its schedule."""
Role = Literal["viewer", "operator", "approver"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "approver")
"""What a person may do with the service: each may do all that those before it may."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something. name: user@host of a command, else as the service knows the person. address: of a browser."""

    name: str
    via: Via = "command"
    address: str = ""

    def is_same_person(self, other: "Actor") -> bool:
        """Whether one person stands behind both, by the names that are known of them.

        A token acts for the user who made it: no one becomes two people by making one.
        """
        return _person(self.name) == _person(other.name)


_BY_TOKEN = " (token "  # noqa: S105 - it stands between two names


def of_token(made_by: str, name: str) -> str:
    """The name of a program that acts by a token of this name, for the user who made it."""
    return f"{_person(made_by)}{_BY_TOKEN}{name})"


def _person(name: str) -> str:
    return name.partition(_BY_TOKEN)[0]
