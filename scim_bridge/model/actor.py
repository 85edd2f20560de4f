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
