"""Who did something, and from where; and what a person may do (docs/design.md §9)."""

from dataclasses import dataclass
from typing import Literal

Via = Literal["command", "page", "api", "worker"]
"""From where: the command line, a page, the API, or the program itself on its schedule."""
Role = Literal["viewer", "operator", "approver"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "approver")
"""What a person may do with the service: each may do all that those before it may."""


_BY_TOKEN = " (token "  # noqa: S105 - what stands between two names
"""Between a user's name and the name of the token by which a program acts for them."""


def by_token(user: str, token: str) -> str:
    """The name of an actor who uses a token: whose it is, and which."""
    return f"{user}{_BY_TOKEN}{token})"


def is_same_person(name: str, other: str) -> bool:
    """Whether two names of actors are of one person, who may act on a page and by a token."""
    person, another = (each.partition(_BY_TOKEN)[0].casefold() for each in (name, other))
    return person == another


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something. name: user@host of a command, else as the service knows the person. address: of a browser."""

    name: str
    via: Via = "command"
    address: str = ""
