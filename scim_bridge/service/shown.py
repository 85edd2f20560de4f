"""What the service shows: the state's file, and the connections of the configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.model.state_address import StateAddress


@dataclass(frozen=True, slots=True)
class Shown:
    """What the pages are about: the state's file, and the configured connections with their rhythm.

    settings: the connections as they are configured, for what needs more than their names. portal_sessions: how long a
    session of the access portal lasts, for the connections of which someone said it.
    """

    state: StateAddress
    connections: Mapping[str, timedelta | None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    portal_sessions: Mapping[str, timedelta | None] = field(default_factory=dict)
    settings: Mapping[str, ConnectionSettings] = field(default_factory=dict)
