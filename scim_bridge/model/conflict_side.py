"""What stands against what in a conflict: the records and the resources that it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scim_bridge.model.identity import Whom


@dataclass(frozen=True, slots=True)
class Subject:
    """A record, as it was mapped last, or a resource, as it was last seen. attributes: path → value, {} if unknown."""

    whom: Whom
    attributes: Mapping[str, Any]
    place: str = ""
