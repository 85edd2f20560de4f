"""Sessions that may outlive a revocation: in the output of a plan or a run in one line, in full where someone asks."""

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from scim_bridge.access.session import sessions_of, together
from scim_bridge.access.wanted import user_called
from scim_bridge.cli.access_reading import user_reading, with_access
from scim_bridge.cli.output import console, print_json
from scim_bridge.cli.streams import tell
from scim_bridge.config.settings import ConnectionSettings, Settings, load
from scim_bridge.errors import Misconfigured
from scim_bridge.model.operation import Operation
from scim_bridge.model.session import REVOKING, Sessions
from scim_bridge.model.state_address import StateAddress
from scim_bridge.run.revocation import reading_about, sessions_after_these
from scim_bridge.state.access_memory import open_access_memory
from scim_bridge.view.session import in_full, in_short, sessions_document

_NAMED = 5
"""Users whom a command line names; a plan may take access from thousands."""


def tell_sessions(
    connection: ConnectionSettings,
    state: StateAddress,
    operations: Iterable[Operation],
    at: datetime | None = None,
    run_id: int | None = None,
) -> None:
    """One line about the sessions of those from whom these take access, if any and if `access` is configured.

    at, run_id: when they were taken away, and by which run; None for a plan.
    """
    taking = [operation for operation in operations if operation.kind in REVOKING]
    if connection.access is None or not taking:
        return
    with closing(open_access_memory(state, connection.name)) as memory:
        reading = reading_about(memory, taking, at)
    if reading is None:
        tell("sessions: not known, since access was never read. Read it: scim-bridge access --full")
        return
    sessions = sessions_after_these(taking, reading, connection.switch.portal_session)
    if sessions is not None:
        names = " ".join(each.user for each in sessions.users[:_NAMED])
        more = f"scim-bridge show {run_id}" if run_id is not None else f"scim-bridge access sessions {names}"
        tell(in_short(sessions, at, more))


def show_sessions(settings: Settings, name: str | None, named: list[str], *, is_json: bool) -> None:
    """What would still run of these users if they were deactivated now, and how to stop it."""
    connection = with_access(settings, name)
    parts = []
    for each in named:
        reading = user_reading(settings, connection.name, each)
        parts.append(sessions_of(reading, [user_called(reading, each)], connection.switch.portal_session))
    sessions = together(parts)
    if is_json:
        print_json(sessions_document(sessions, None))
    else:
        print_sessions(sessions, None)


def portal_session(configuration: Path, connection: str) -> timedelta | None:
    """How long a session of the access portal lasts, None if no one said it, or if the configuration is not in order.

    What has happened can be looked at even while a key is wrong.
    """
    try:
        return load(configuration).connection(connection).switch.portal_session
    except Misconfigured:
        return None


def print_sessions(sessions: Sessions, at: datetime | None) -> None:
    """All of it on stdout, a line each; the policy can be copied as it is."""
    out = console()
    for line in in_full(sessions, at):
        out.print(line, highlight=False, markup=False, soft_wrap=True)
