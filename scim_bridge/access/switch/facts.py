"""Everything that a report is made of, and what an operator has said beside it. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from scim_bridge.access.switch.held import Held
from scim_bridge.access.switch.store_reading import Stored
from scim_bridge.model.access import AccessReading
from scim_bridge.model.identity import Directory, Kind
from scim_bridge.model.policy import Protect
from scim_bridge.model.switch import Compared, Direction, Finding, Question, Surroundings


@dataclass(frozen=True, slots=True)
class Said:
    """What no API tells and the configuration says. portal_session: None if it does not say."""

    portal_session: timedelta | None = None
    confirmed: frozenset[Question] = frozenset()
    protect: Protect = field(default_factory=Protect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Both sides, compared. desired: None where nothing is provisioned after the switch; compared is empty then."""

    direction: Direction
    surroundings: Surroundings
    reading: AccessReading
    stored: Stored
    held: Held
    said: Said
    desired: Directory | None = None
    compared: Mapping[Kind, Compared] = field(default_factory=dict)

    def ask(self, question: Question, **more: object) -> Finding:
        """The finding of a question that only a person can answer."""
        key = f"ask_{question.replace('-', '_')}"
        answered = question in self.said.confirmed
        return Finding(key=key, mark="ask", question=question, is_answered=answered, **more)  # type: ignore[arg-type]
