"""Which attributes may be why a request was refused: the answer does not say it (docs/identity-center.md §6.3).

The target names characters that it refuses now and then although its own pattern takes them. An attribute that holds
one is suspected, and left out of a second try where the resource can do without it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scim_bridge.model.capabilities import Capabilities
from scim_bridge.model.identity import ACTIVE, EXTERNAL_ID, Value
from scim_bridge.model.operation import Change, Operation

_ADDRESS = "addresses."
_NAMES = {"\t": "a tab", "\n": "a line break", "\r": "a carriage return"}
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Suspects:
    """The attributes under suspicion: path → (value, its doubtful characters in the order in which they come)."""

    found: Mapping[str, tuple[Value, str]]

    def __bool__(self) -> bool:
        return bool(self.found)

    @property
    def paths(self) -> tuple[str, ...]:
        """Their paths, in alphabetical order."""
        return tuple(sorted(self.found))

    def __str__(self) -> str:
        """In words, without a full stop: `title 'Lead; EMEA' has ";"`."""
        return " and ".join(
            f"{path} {_short(self.found[path][0])} has {_named(self.found[path][1])}" for path in self.paths
        )

    def of(self, paths: Iterable[str]) -> "Suspects":
        """Those of them that are among these paths."""
        among = set(paths)
        return Suspects({path: found for path, found in self.found.items() if path in among})


def suspects(operation: Operation, changes: Mapping[str, Change], capabilities: Capabilities) -> Suspects:
    """The attributes of this request that hold a character the target refuses now and then."""
    places = capabilities.attributes[operation.resource]
    found: dict[str, tuple[Value, str]] = {}
    for path, (_, new) in changes.items():
        place = places.get(path)
        if place is not None and isinstance(new, str):
            doubtful = "".join(dict.fromkeys(character for character in new if character in place.doubtful))
            if doubtful:
                found[path] = (new, doubtful)
    return Suspects(found)


def without(
    operation: Operation, changes: Mapping[str, Change], suspected: Suspects, capabilities: Capabilities
) -> dict[str, Change]:
    """The request without those of the suspected that the resource can do without; empty if nothing is left to send.

    What is created needs all that is required; what exists keeps the value that it has. Our externalId and `active` are
    never left out. The address goes as a whole, since it is replaced as a whole.
    """
    places = capabilities.attributes[operation.resource]
    left_out = {
        path
        for path in suspected.paths
        if path not in (EXTERNAL_ID, ACTIVE) and not (operation.is_create and places[path].required)
    }
    # Left in, the other parts would be sent as the whole address, and the part that was left out would be deleted.
    if any(path.startswith(_ADDRESS) for path in left_out):
        left_out.update(path for path in changes if path.startswith(_ADDRESS))
    rest = {path: change for path, change in changes.items() if path not in left_out}
    # Parts of an address that stay as they are (old == new) are no reason for another request.
    return rest if left_out and any(old != new for old, new in rest.values()) else {}


def _named(characters: str) -> str:
    return ", ".join(_NAMES.get(character, f'"{character}"') for character in characters)


def _short(value: Value) -> str:
    text = str(value)
    return repr(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")
