"""What `check` looks at: state, mapping and its tests, source, token, endpoint, access and schedule of a connection."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from scim_bridge.access.aws_access import AwsAccess
from scim_bridge.access.last_door import standing
from scim_bridge.access.order import COMPLETE, first_missing
from scim_bridge.access.refusal import NotReadable
from scim_bridge.cli.access_reading import small_reading
from scim_bridge.cli.check_service import looks_at
from scim_bridge.cli.streams import several
from scim_bridge.cli.token_age import token_age
from scim_bridge.config.settings import AccessSettings, ConnectionSettings, Settings, TargetSettings
from scim_bridge.errors import BridgeError
from scim_bridge.mapping.document import load_mapping, wanted
from scim_bridge.mapping.selftest import require_passing
from scim_bridge.model.state_address import StateAddress
from scim_bridge.model.verification import ReadingCost
from scim_bridge.model.wording import counted
from scim_bridge.run.bridge import endpoint_key, open_near_end, read_whole_every, runs_every
from scim_bridge.run.sign_in import look_at_source, look_at_target
from scim_bridge.source import open_source
from scim_bridge.state.reader import open_reader
from scim_bridge.view.check import Check
from scim_bridge.view.shadow import PERIOD, period_of, view_shadow
from scim_bridge.view.words import span


def check_connections(settings: Settings, chosen: list[ConnectionSettings]) -> list[Check]:
    """A line for each thing looked at: first the configuration and the state, then what is each connection's own."""
    found = counted(len(settings.connections), "connection")
    checks = [Check("configuration", ok=True, detail=f"{settings.path.name}, {found}")]
    checks.append(_try("state", lambda: _state(settings.state)))
    checks += [_try(name, look) for name, look in looks_at(settings.service)]
    for each in chosen:
        checks += _check_connection(each, settings.state, f"{each.name}: " if len(chosen) > 1 else "")
    return checks


def _state(address: StateAddress) -> str:
    reader = open_reader(address)
    reader.check()
    reader.close()
    shown = address.name if isinstance(address, Path) else str(address)
    return f"{shown}, {'in order' if reader.is_there else 'not there yet; the first sync creates it'}"


def _check_connection(connection: ConnectionSettings, state: StateAddress, prefix: str) -> list[Check]:
    age = token_age(connection.target)
    access = connection.access
    mapping = _try(f"{prefix}mapping", lambda: _mapping(connection.mapping))
    return [
        mapping,
        _try(f"{prefix}source", lambda: _source(connection, has_mapping=mapping.ok)),
        _try(f"{prefix}token", lambda: _token(connection.target)),
        Check(f"{prefix}token age", ok=not age.is_over, detail=age.sentence),
        _try(f"{prefix}endpoint", lambda: look_at_target(connection.target)),
        *(_access_checks(connection, access, state, prefix) if access is not None else ()),
        _try(f"{prefix}schedule", lambda: _schedule(connection, state)),
    ]


def _try(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, detail=look())
    except BridgeError as error:
        return Check(name, ok=False, detail=str(error), problems=several(error))


def _mapping(path: Path) -> str:
    mapping = load_mapping(path)
    require_passing(mapping)
    return f"{path.name}, {counted(len(mapping.tests), 'test')} pass{'es' if len(mapping.tests) == 1 else ''}"


def _source(connection: ConnectionSettings, *, has_mapping: bool) -> str:
    """What the source shows. has_mapping: the rules are in order; if not, the line before says why, and once is enough.

    The mapping names what to read, so without a readable one the source is not looked at.
    """
    try:
        written = load_mapping(connection.mapping)
    except BridgeError:
        raise BridgeError("not checked, since the mapping says what to read", "Fix the mapping first.") from None
    if has_mapping:
        source, _ = open_near_end(connection, written)
    else:
        source = open_source(connection.source, wanted(written.users), wanted(written.groups))
    return look_at_source(source)


def _token(target: TargetSettings) -> str:
    target.require_endpoint()
    target.token.read()
    return target.token.describe()


def _access_checks(
    connection: ConnectionSettings, access: AccessSettings, state: StateAddress, prefix: str
) -> Iterator[Check]:
    """Whether AWS can be asked, who is kept as an administrator, and the first step to access that is missing. That
    is never a fault of the bridge."""
    yield _try(f"{prefix}access", lambda: _access(access))
    try:
        shown = small_reading(state, connection.name, access)
    except NotReadable as refused:
        yield Check(f"{prefix}order", ok=True, detail=f"not looked at: {refused}")
        return
    if connection.policy.keep_admins is not None:
        detail, is_kept = standing(connection.policy.keep_admins, shown)
        yield Check(f"{prefix}administrators", ok=is_kept, detail=detail)
    missing = first_missing(shown)
    if missing is None:
        yield Check(f"{prefix}order", ok=True, detail=COMPLETE)
    else:
        said = f"the first step that is missing is {missing.step}: {'; '.join(missing.problems)} (docs/access.md)"
        yield Check(f"{prefix}order", ok=True, detail=said)


def _access(settings: AccessSettings) -> str:
    return f"{settings.region}, {AwsAccess(settings).check()}"


def _schedule(connection: ConnectionSettings, address: StateAddress) -> str:
    """Whether `run` syncs this connection. A pause was asked for, so it is ok; a quarantine is not."""
    reader = open_reader(address)
    pause, quarantine = reader.pause(connection.name), reader.quarantine(connection.name)
    cost = reader.reading_cost(connection.name, endpoint_key(connection.target.url))
    now = datetime.now(UTC)
    shadow = reader.shadow(connection.name, period_of(PERIOD, now)) if connection.shadow else None
    reader.close()
    if quarantine is not None:
        what = str(quarantine).rstrip(".")
        raise BridgeError(
            what,
            f"To go on after the fix: scim-bridge resume {connection.name}, or a successful `sync`",
        )
    if pause is not None:
        return f"{pause}. To go on: scim-bridge resume {connection.name}"
    if shadow is not None:
        ready = view_shadow(connection.name, shadow, PERIOD, now).ready
        every = span(runs_every(connection, cost))
        return f"in shadow: plans every {every}, and writes nothing; {ready} (scim-bridge shadow {connection.name})"
    return f"syncs every {span(connection.every)}, and reads the whole target every {_verified_every(connection, cost)}"


def _verified_every(connection: ConnectionSettings, cost: ReadingCost) -> str:
    every = span(read_whole_every(connection, cost))
    return every if connection.verify is not None else f"{every} (auto: by the size of the target, 15 min to 24 h)"
