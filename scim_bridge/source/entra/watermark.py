"""The position up to which changes are in, as text for the memory."""

from dataclasses import dataclass, field

import orjson

from scim_bridge.source.entra.scope import Assigned


@dataclass(frozen=True, slots=True)
class Watermark:
    """The links for the next rounds of changes ("" where there are none), and who was assigned, for looks."""

    users: str = ""
    groups: str = ""
    assigned: Assigned = field(default_factory=Assigned)

    @classmethod
    def read(cls, text: str) -> "Watermark":
        """The watermark that was remembered."""
        body = orjson.loads(text)
        assigned = Assigned(*(frozenset(body["assigned"][kind]) for kind in ("users", "groups")))
        return cls(body["users"], body["groups"], assigned)

    def text(self) -> str:
        """For the memory."""
        assigned = {"users": sorted(self.assigned.users), "groups": sorted(self.assigned.groups)}
        return orjson.dumps({"users": self.users, "groups": self.groups, "assigned": assigned}).decode()
