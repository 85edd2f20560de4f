"""Everything a plan is made from, in one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scim_bridge.model.identity import Directory, Inventory, Members
from scim_bridge.model.remembered import Remembered


@dataclass(frozen=True, slots=True)
class Sides:
    """The fitted desired state, what the target shows, and what is remembered.

    sizes: group target id → how many users are in it, where members has only some of them.
    """

    directory: Directory
    inventory: Inventory
    members: Members
    known: Remembered
    sizes: Mapping[str, int] = field(default_factory=dict)
