"""What the service shows: the state's file, and the connections of the configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.model.state_address import StateAddress


@dataclass(frozen=True, slots=True)
class Shown:
    """What the pages are about: the state's file, and the configured connections with their rhythm.

    settings: the connections as they are configured, for what needs more than their names. refused: why the
    configuration's file as it is now does not count, "" if it does.
    """

    state: StateAddress
    connections: Mapping[str, timedelta | None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    settings: Mapping[str, ConnectionSettings] = field(default_factory=dict)
    refused: Callable[[], str] = lambda: ""

    def portal_session(self, connection: str) -> timedelta | None:
        """How long a session of the access portal lasts, where someone said it."""
        settings = self.settings.get(connection)
        return settings.switch.portal_session if settings is not None else None
