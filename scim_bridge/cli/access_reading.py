"""Which reading of who may enter what a command looks at: a recent one that is kept, or AWS now."""

from contextlib import closing
from datetime import UTC, datetime

from scim_bridge.access.aws import Aws
from scim_bridge.access.aws_access import AwsAccess
from scim_bridge.access.refusal import NotReadable
from scim_bridge.access.user_reading import read_user
from scim_bridge.cli.output import progress
from scim_bridge.cli.streams import tell
from scim_bridge.config.settings import AccessSettings, ConnectionSettings, Settings
from scim_bridge.errors import Misconfigured
from scim_bridge.model.access import AccessReading
from scim_bridge.model.protocol import silent
from scim_bridge.model.state_address import StateAddress
from scim_bridge.run.access_seen import MOST, recent
from scim_bridge.state.access_memory import keep_reading, open_access_memory


def current_reading(settings: Settings, name: str | None, *, is_full: bool) -> AccessReading:
    """The reading that is kept, if it is recent and no new one is asked for; else a new one, which is kept.

    What a run of ours has changed since is not in a kept reading. So AWS is read again then, unless that takes more
    than MOST requests: then a sentence says so.
    """
    connection = with_access(settings, name)
    assert connection.access is not None  # noqa: S101 - with_access has looked
    kept, is_outdated = _recent(settings.state, connection.name) if not is_full else (None, False)
    if kept is not None and not (is_outdated and kept.requests <= MOST):
        if is_outdated:
            tell("Runs have changed users, groups or memberships since AWS was read. To read it again: --full")
        return kept
    with progress() as report:
        reading = AwsAccess(connection.access).read(datetime.now(UTC), report)
    keep_reading(settings.state, connection.name, reading)
    return reading


def user_reading(settings: Settings, name: str | None, named: str) -> AccessReading:
    """What one user has: of a recent reading that is kept, else read for this user alone, which is not kept.

    A reading counts as recent only as long as no run of ours has changed anything since.

    Where AWS does not allow that, everything is read, as it is for a user who is not found, so that near names can be
    told.
    """
    connection = with_access(settings, name)
    assert connection.access is not None  # noqa: S101 - with_access has looked
    kept, is_outdated = _recent(settings.state, connection.name)
    if kept is not None and not is_outdated:
        return kept
    aws = Aws(connection.access.region, connection.access.requests_per_second)
    try:
        found = read_user(aws, named, datetime.now(UTC), silent)
    except NotReadable as refused:
        if not refused.is_denied:
            raise
        tell(f"Everything is read instead of one user: {refused}")
        found = None
    finally:
        aws.close()
    return found or current_reading(settings, name, is_full=True)


def small_reading(state: StateAddress, connection: str, access: AccessSettings) -> AccessReading:
    """The reading that is kept, whatever its age; without one, a new one of at most MOST requests, which is not kept.

    Raises NotReadable.
    """
    with closing(open_access_memory(state, connection)) as memory:
        kept = memory.newest()
    return kept or AwsAccess(access).read(datetime.now(UTC), silent, most=MOST)


def _recent(state: StateAddress, connection: str) -> tuple[AccessReading | None, bool]:
    with closing(open_access_memory(state, connection)) as memory:
        return recent(memory, datetime.now(UTC))


def with_access(settings: Settings, name: str | None) -> ConnectionSettings:
    """The connection of this name, or the only one that has `access`. Raises Misconfigured."""
    if name is not None:
        chosen = [settings.connection(name)]
    else:
        chosen = [each for each in settings.connections.values() if each.access is not None]
    having = [each for each in chosen if each.access is not None]
    if not having:
        what = f"connection {name}" if name is not None else "no connection"
        raise Misconfigured(
            f"{what} {'does not have' if name is not None else 'has'} access configured in {settings.path.name}",
            "Add access: {region: …} with the Region of the Identity Center instance.",
        )
    if len(having) > 1:
        names = ", ".join(each.name for each in having)
        raise Misconfigured(f"several connections have access configured: {names}", "Name one with --connection.")
    return having[0]
