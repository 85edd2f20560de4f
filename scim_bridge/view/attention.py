"""What needs a person, from all connections together, the newest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from scim_bridge.model.run import ConflictRecord
from scim_bridge.view.conflict import ConflictView, view_conflicts
from scim_bridge.view.connection import ConnectionView
from scim_bridge.view.translation import _, recorded
from scim_bridge.view.words import Status, listing, some

_SAID_BY_CONFLICTS = "conflicts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing. since: None if that is not known. path: the page where something is done about it."""

    connection: str
    status: Status
    subject: str
    sentence: str
    path: str
    since: datetime | None


def needs(connections: Iterable[ConnectionView], conflicts: Iterable[ConflictRecord]) -> tuple[Need, ...]:
    """Connections that do not do their work, tokens that expire soon, and conflicts."""
    found: list[Need] = []
    for connection in connections:
        if connection.needs_you and connection.health.key != _SAID_BY_CONFLICTS:
            found.append(_of_connection(connection))
        if connection.token is not None and connection.token.tone == "bad":
            found.append(_of_token(connection, connection.token.said))
    found += [_of_conflict(conflict) for conflict in view_conflicts(conflicts)]
    with_time = [need for need in found if need.since is not None]
    newest = sorted(with_time, key=lambda need: need.since.timestamp() if need.since else 0.0, reverse=True)
    return (*newest, *(need for need in found if need.since is None))


def page_of(connection: str) -> str:
    """The address of a connection's page."""
    return f"/connections/{quote(connection, safe='')}"


def _of_connection(connection: ConnectionView) -> Need:
    path = page_of(connection.name)
    if connection.last is not None and connection.health.key in ("blocked", "pending"):
        path = f"/runs/{connection.last.id}"
    return Need(
        connection=connection.name,
        status=connection.health,
        subject=connection.name,
        sentence=connection.sentence,
        path=path,
        since=connection.since,
    )


def _of_token(connection: ConnectionView, said: str) -> Need:
    return Need(
        connection=connection.name,
        status=Status("token", _("Token expires"), "!", "bad"),
        subject=connection.name,
        sentence=said,
        path=page_of(connection.name),
        since=None,
    )


def _of_conflict(conflict: ConflictView) -> Need:
    return Need(
        connection=conflict.connection,
        status=Status("conflict", conflict.words, "!", "wait"),
        subject=some(conflict.subjects, 2) if len(conflict.subjects) > 2 else listing(conflict.subjects),
        sentence=recorded(f"{conflict.detail}."),
        path=f"/conflicts#{conflict.key}",
        since=conflict.first_seen,
    )
