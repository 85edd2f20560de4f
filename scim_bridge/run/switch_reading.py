"""Reads both sides of a change of the identity source: AWS by its APIs, the source by the connection's mapping."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from scim_bridge.access.aws import Aws
from scim_bridge.access.aws_access import AwsAccess
from scim_bridge.access.switch.compare import compare
from scim_bridge.access.switch.consequences import DIRECTIONS
from scim_bridge.access.switch.facts import Facts, Said
from scim_bridge.access.switch.held import Held
from scim_bridge.access.switch.report import guess_source, make_report
from scim_bridge.access.switch.store_reading import Stored, read_store, shows_memberships
from scim_bridge.access.switch.surroundings import read_surroundings
from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import Misconfigured
from scim_bridge.model.access import AccessReading, Instance, People
from scim_bridge.model.identity import Directory, Kind
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.model.switch import DIRECTORY, Compared, Direction, SourceKind, Surroundings, SwitchReport
from scim_bridge.run.switch import desired_side

_NO_ONE: Stored = {"user": (), "group": ()}


@dataclass(frozen=True, slots=True)
class Found:
    """What was read, and the report that is made of it."""

    facts: Facts
    report: SwitchReport


def read_switch(
    chosen: ConnectionSettings, to: SourceKind, access: Callable[[], AccessReading], progress: Progress = silent
) -> Found:
    """Everything that the report needs. access: who may enter what; asked for if there is an organization to look at.

    Raises NotReadable, Misconfigured, SourceUnreadable.
    """
    if chosen.target.kind != "identity-center":
        raise Misconfigured(
            f"connection {chosen.name} has no identity source to change: its target is another SCIM server",
            "Name a connection whose target.kind is identity-center.",
        )
    if chosen.access is None:
        raise Misconfigured(f"connection {chosen.name} does not have access configured",
                            "Add access: {region: …} with the Region of the Identity Center instance.")  # fmt: skip
    aws = Aws(chosen.access.region, chosen.access.requests_per_second)
    try:
        around = read_surroundings(aws)
        is_whole = around.is_of_organization
        reading = access() if is_whole else _none(around)
        stored = read_store(aws, around.store, progress) if is_whole else _NO_ONE
        before = _before(chosen, aws, around, stored)
        direction = _direction(before, to)
        desired = desired_side(chosen, progress) if is_whole and to != DIRECTORY else None
    finally:
        aws.close()
    facts = Facts(
        direction=direction,
        surroundings=around,
        reading=reading,
        stored=stored,
        held=Held(reading),
        said=Said(chosen.switch.portal_session, frozenset(chosen.switch.confirmed), chosen.policy.protect),
        desired=desired,
        compared=_compared(desired, stored),
    )
    is_guessed = chosen.switch.current_source is None
    return Found(facts, make_report(facts, chosen.name, datetime.now(UTC), is_guessed=is_guessed))


def _none(around: Surroundings) -> AccessReading:
    """An account instance has no assignments to accounts, and its source cannot be changed: nothing more is read."""
    return AccessReading(
        as_of=datetime.now(UTC),
        instance=Instance(around.arn, around.store),
        people=People(),
        accounts={},
        sets={},
        edges=frozenset(),
    )


def _before(chosen: ConnectionSettings, aws: Aws, around: Surroundings, stored: Stored) -> SourceKind:
    """What the source is today: as configured, or what it probably is."""
    if chosen.switch.current_source is not None:
        return chosen.switch.current_source
    return guess_source(stored, has_memberships=shows_memberships(aws, around.store, stored["group"]))


def _compared(desired: Directory | None, stored: Stored) -> dict[Kind, Compared]:
    if desired is None:
        return {}
    return {
        "user": compare("user", desired.users, stored["user"]),
        "group": compare("group", desired.groups, stored["group"]),
    }


def _direction(before: SourceKind, to: SourceKind) -> Direction:
    """Raises Misconfigured where nothing would change."""
    direction = Direction(before, to)
    if direction not in DIRECTIONS:
        raise Misconfigured(
            f"the identity source is {before} already, so nothing would change",
            "Name another one with --to, or correct switch.current_source.",
        )
    return direction


def read_access_now(chosen: ConnectionSettings, progress: Progress) -> AccessReading:
    """Who may enter what, as AWS has it now. Raises NotReadable."""
    assert chosen.access is not None  # noqa: S101 - read_switch has looked
    return AwsAccess(chosen.access).read(datetime.now(UTC), progress)
