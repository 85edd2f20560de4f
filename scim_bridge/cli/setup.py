"""`check`, `schema` and `mapping test`: is everything in order before anything is changed?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from scim_bridge.access.assignment import open_aws
from scim_bridge.cli.output import Output, OutputOption, console, print_json, several, tell
from scim_bridge.config.document import json_schema
from scim_bridge.config.settings import AccessSettings, ConnectionSettings, TargetSettings, load
from scim_bridge.errors import BridgeError
from scim_bridge.mapping.document import load_mapping, wanted
from scim_bridge.mapping.selftest import require_passing, run_tests
from scim_bridge.model.identity import CHANGES, INSTEAD
from scim_bridge.model.verification import ReadingCost, Verification
from scim_bridge.model.wording import counted
from scim_bridge.plan.guard import refuse_empty
from scim_bridge.run.bridge import endpoint_key, open_near_end
from scim_bridge.source import open_source
from scim_bridge.state.reader import open_reader
from scim_bridge.target.read import PAGE
from scim_bridge.target.scim import open_target
from scim_bridge.view import document, terminal
from scim_bridge.view.check import Check
from scim_bridge.view.words import span

_WARN_FROM = 90
"""Days before the token's end: AWS itself begins to remind then."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("check")(check_command)
    app.command("schema")(schema_command)
    mapping = typer.Typer(help="Mapping files.", no_args_is_help=True, rich_markup_mode=None)
    mapping.command("test")(mapping_test_command)
    app.add_typer(mapping, name="mapping")


def check_command(
    context: typer.Context,
    connection: Annotated[str | None, typer.Argument(help="only this connection")] = None,
    output: OutputOption = Output.text,
) -> int:
    """Configuration, mapping and its tests, source, token, endpoint and access: each a line, ok or how to fix it."""
    settings = load(context.obj)
    chosen = [settings.connection(connection)] if connection else list(settings.connections.values())
    found = counted(len(settings.connections), "connection")
    checks = [Check("configuration", ok=True, detail=f"{settings.path.name}, {found}")]
    checks.append(_try("state", lambda: _state(settings.state)))
    for each in chosen:
        checks += _check_connection(each, settings.state, f"{each.name}: " if len(chosen) > 1 else "")
    if output is Output.json:
        print_json(document.rows_document(checks))
    else:
        terminal.show_checks(console(), checks)
    failed = sum(not check.ok for check in checks)
    if failed:
        tell(f"scim-bridge: {failed} of {len(checks)} checks are not ok.")
    return 1 if failed else 0


def _state(path: Path) -> str:
    reader = open_reader(path)
    reader.check()
    reader.close()
    return f"{path.name}, {'in order' if path.exists() else 'made by the first sync'}"


def _check_connection(connection: ConnectionSettings, state: Path, prefix: str) -> list[Check]:
    age = token_age(connection.target)
    access = connection.access
    mapping = _try(f"{prefix}mapping", lambda: _mapping(connection.mapping))
    return [
        mapping,
        _try(f"{prefix}source", lambda: _source(connection, has_mapping=mapping.ok)),
        _try(f"{prefix}token", lambda: _token(connection.target)),
        Check(f"{prefix}token age", ok=not age.is_over, detail=age.sentence),
        _try(f"{prefix}endpoint", lambda: _endpoint(connection.target)),
        *([_try(f"{prefix}access", lambda: _access(access))] if access is not None else []),
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
        raise BridgeError("not looked at, since the mapping names what to read", "Fix the mapping first.") from None
    if has_mapping:
        source, _ = open_near_end(connection, written)
    else:
        source = open_source(connection.source, wanted(written.users), wanted(written.groups))
    shown = source.probe(f"{datetime.now(UTC):%Y-%m-%d}")
    counts, instead = shown.counts, [notice.detail for notice in shown.warnings if notice.kind == INSTEAD]
    if instead:
        raise BridgeError(". ".join(instead))
    refuse_empty(counts)
    members = f", {counts.memberships:,} memberships" if counts.memberships else ""
    found = f"answers, and shows {counts.users:,} users, {counts.groups:,} groups{members} at first sight"
    return "; ".join([found, *(notice.detail for notice in shown.warnings if notice.kind == CHANGES)])


def _token(target: TargetSettings) -> str:
    target.token.read()
    return target.token.describe()


def _endpoint(target: TargetSettings) -> str:
    with open_target(target) as opened:
        opened.check()
    return "answers, and accepts the token"


def _access(settings: AccessSettings) -> str:
    with open_aws(settings) as access:
        return f"{settings.region}, {access.check()}"


def _schedule(connection: ConnectionSettings, path: Path) -> str:
    """Whether `run` syncs this connection. A pause is somebody's wish; a quarantine is not."""
    reader = open_reader(path)
    pause, quarantine = reader.pause(connection.name), reader.quarantine(connection.name)
    cost = reader.reading_cost(connection.name, endpoint_key(connection.target.url))
    reader.close()
    if quarantine is not None:
        what = str(quarantine).rstrip(".")
        raise BridgeError(what, f"When it is fixed: scim-bridge resume {connection.name}, or a sync that goes well.")
    if pause is not None:
        return f"{pause}. To go on: scim-bridge resume {connection.name}"
    return f"every {span(connection.every)}, with the whole target every {_verified_every(connection, cost)}"


def _verified_every(connection: ConnectionSettings, cost: ReadingCost) -> str:
    verification = Verification(connection.verify, connection.target.requests_per_second)
    shows_members = connection.target.kind != "identity-center"
    every = span(verification.every(cost.requests(PAGE, shows_members=shows_members)))
    return every if connection.verify is not None else f"{every} (auto: by the size of the target, 15 min to 24 h)"


@dataclass(frozen=True, slots=True)
class TokenAge:
    """How long the token is still good. warns: an end is near or past."""

    sentence: str
    warns: bool = False
    is_over: bool = False


def token_age(target: TargetSettings) -> TokenAge:
    """Days left of a token whose end is in the configuration."""
    if target.token_expires is None:
        return TokenAge("target.token_expires is not set, so nobody is warned before the token's year is over")
    left = (target.token_expires - datetime.now(UTC).date()).days
    if left < 0:
        return TokenAge(
            f"the token expired {counted(-left, 'day')} ago. Make a new one in the console", warns=True, is_over=True
        )
    sentence = f"the token expires in {counted(left, 'day')}, on {target.token_expires}"
    return TokenAge(sentence, warns=left <= _WARN_FROM)


def schema_command() -> int:
    """The JSON schema of the configuration file, for editors and reviews."""
    print_json(json_schema())
    return 0


def mapping_test_command(
    file: Annotated[Path, typer.Argument(help="a mapping file")], output: OutputOption = Output.text
) -> int:
    """Run the tests that stand in a mapping file."""
    results = run_tests(load_mapping(file))
    if output is Output.json:
        print_json([{"name": r.name, "passed": r.passed, "failures": r.failures} for r in results])
    else:
        checks = [Check(r.name, ok=r.passed, detail="; ".join(r.failures) or "as expected") for r in results]
        terminal.show_checks(console(), checks)
    failed = sum(not result.passed for result in results)
    if failed:
        tell(f"scim-bridge: {failed} of {len(results)} tests of {file.name} fail.")
    elif not results:
        tell(f"{file.name} has no tests")
    return 2 if failed else 0
