"""Who did something, and from where: for the record of what people decided."""

from dataclasses import dataclass
from typing import Literal

Via = Literal["command", "page", "api", "worker"]
Role = Literal["viewer", "operator", "approver"]
"""Each may do all that those before it may."""


@dataclass(frozen=True, slots=True)
class Actor:
    """name: as people know them. address: of the browser or the client, "" where there is none."""

    name: str
    via: Via
    address: str = ""
