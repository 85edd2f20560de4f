"""Everything a plan is made from, in one value."""

from dataclasses import dataclass

from scim_bridge.model.identity import Directory, Inventory, Members
from scim_bridge.model.remembered import Remembered


@dataclass(frozen=True, slots=True)
class Sides:
    """The fitted desired state, what the target shows, and what is remembered."""

    directory: Directory
    inventory: Inventory
    members: Members
    known: Remembered
