"""`sandbox`: serves an emulator alone, to try things out against.

Identity Center, with the AWS APIs over the same users; `sandbox aws`: these APIs alone; `sandbox entra`: Entra ID;
`sandbox google`: Google Workspace.
"""

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from scim_bridge.cli.streams import tell
from scim_bridge.errors import Misconfigured

if TYPE_CHECKING:
    from scim_bridge.sandbox.entra.server import EntraSandbox
    from scim_bridge.sandbox.google.server import GoogleSandbox

SeedOption = Annotated[Path | None, typer.Option(help="JSON of users and groups to begin with")]


def register(app: typer.Typer) -> None:
    """Add this command and the one below it."""
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False)
    group.callback()(sandbox_command)
    group.command("entra")(entra_command)
    group.command("google")(google_command)
    group.command("aws")(aws_command)
    app.add_typer(group, name="sandbox")


def sandbox_command(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="a loopback address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = any free port")] = 8090,
    rate: Annotated[float, typer.Option(min=0, help="requests a second it allows; 0 = any number")] = 20,
    seed: SeedOption = None,
    token: Annotated[str, typer.Option(help="the token it accepts")] = "sandbox-token",  # noqa: S107 - not a secret
    knob: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="a setting of docs/sandbox.md, such as list_lag=5")
    ] = None,
    aws_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="answer the AWS APIs on this port too, over the same users")
    ] = None,
) -> int:
    """Serve the Identity Center emulator until SIGINT or SIGTERM, then end with 0.

    It answers SCIM and, to requests that are signed, the AWS APIs: sso-admin, identitystore, organizations.

    Copy the URL and token that it prints into bridge.yaml.

    Faults are switched on while it runs, by POST to /control/faults: docs/sandbox.md lists them.
    """
    if context.invoked_subcommand is not None:
        return 0
    addresses = [(host, port), *([(host, aws_port)] if aws_port is not None else [])]
    _serve(seed, token, addresses, {"rate": rate or None}, knob or [])
    return 0


def aws_command(
    host: Annotated[str, typer.Option(help="a loopback address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = any free port")] = 8091,
    seed: SeedOption = None,
    knob: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="a setting of docs/sandbox.md, such as aws_rate=5")
    ] = None,
) -> int:
    """Serve the AWS APIs (sso-admin, identitystore, organizations) until SIGINT or SIGTERM, then end with 0."""
    _serve(seed, "sandbox-token", [(host, port)], {}, knob or [])
    return 0


def _serve(
    seed: Path | None, token: str, addresses: list[tuple[str, int]], given: dict[str, Any], knob: list[str]
) -> None:
    """Serve one store on these addresses; each answers SCIM and the AWS APIs. given: knobs of options of their own."""
    from scim_bridge.sandbox.app import App, Identity
    from scim_bridge.sandbox.control import seed as put_in
    from scim_bridge.sandbox.knobs import Knobs, changed
    from scim_bridge.sandbox.server import serve

    content = _read(seed)
    try:
        knobs = changed(Knobs(**given), _settings(knob))
    except ValueError as error:
        raise Misconfigured(f"--knob: {error}", "docs/sandbox.md lists the knobs.") from None
    app = App(knobs, Identity(tokens=(token,)))
    try:
        put_in(app.store, content)
    except ValueError as error:
        raise Misconfigured(f"{seed} cannot be used ({error})", "docs/sandbox.md shows such a file.") from None
    try:
        serve(app, addresses, _say)
    except (ValueError, OSError) as error:
        where = " or ".join(f"{host}:{port}" for host, port in addresses)
        raise Misconfigured(f"the sandbox cannot listen on {where} ({error})", "Choose another address.") from None


def entra_command(
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65533, help="port of the login host; Graph and the metadata endpoint use the next ones; 0 = any"
        ),
    ] = 8443,
    seed: SeedOption = None,
    secret: Annotated[str, typer.Option(help="the client secret it accepts")] = "sandbox-secret",  # noqa: S107 - not one
) -> int:
    """Serve the emulator of Entra ID until SIGINT or SIGTERM, then end with 0. Copy what it prints into bridge.yaml.

    Built from Microsoft's documentation; no tenant was used. Faults and changes: docs/operations.md.
    """
    from scim_bridge.sandbox.entra.server import EntraSandbox
    from scim_bridge.sandbox.secure import serve

    content = _read(seed)
    try:
        sandbox = EntraSandbox(secret=secret, ports=(port, port and port + 1, port and port + 2))
    except OSError as error:
        raise Misconfigured(f"the sandbox cannot listen on port {port} ({error})", "Choose another port.") from None
    try:
        sandbox.directory.seed(content)
    except (KeyError, TypeError, ValueError) as error:
        problem = f"{seed} does not describe a directory ({error})"
        raise Misconfigured(problem, "docs/operations.md shows one.") from None
    sandbox.app.traffic.log = None  # for how long it serves, no one knows
    serve(sandbox, partial(_say_entra, is_empty=not content.get("users")))
    return 0


def google_command(
    port: Annotated[
        int, typer.Option(min=0, max=65534, help="port of the API; the control plane uses the next one; 0 = any")
    ] = 9443,
    seed: SeedOption = None,
) -> int:
    """Serve the emulator of Google Workspace until SIGINT or SIGTERM, then end with 0.

    Copy what it prints into bridge.yaml. Built from Google's documentation; no account was used. Faults and changes:
    docs/operations.md.
    """
    from scim_bridge.sandbox.google.server import GoogleSandbox
    from scim_bridge.sandbox.secure import serve

    content = _read(seed)
    try:
        sandbox = GoogleSandbox(ports=(port, port and port + 1))
    except OSError as error:
        raise Misconfigured(f"the sandbox cannot listen on port {port} ({error})", "Choose another port.") from None
    try:
        sandbox.directory.seed(content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        problem = f"{seed} does not describe an account ({error})"
        raise Misconfigured(problem, "docs/operations.md shows one.") from None
    serve(sandbox, _say_google)
    return 0


def _settings(given: list[str]) -> dict[str, Any]:
    """NAME=VALUE, the value as JSON or, where it is none, as text. Raises ValueError."""
    settings = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise ValueError(f"{one!r} is not NAME=VALUE")
        try:
            settings[name.strip()] = orjson.loads(value)
        except orjson.JSONDecodeError:
            settings[name.strip()] = value
    return settings


def _read(seed: Path | None) -> Any:
    try:
        return orjson.loads(seed.read_bytes()) if seed is not None else {}
    except (OSError, orjson.JSONDecodeError) as error:
        raise Misconfigured(
            f"{seed} cannot be read as JSON ({error})", "Name a JSON file of users and groups."
        ) from None


def _say(url: str, token: str, aws: str) -> None:
    tell(f"url: {url}\ntoken: {token}\naws: {aws}\nStop it with Ctrl-C.")


_EMPTY = """\
# It is empty: begin with --seed FILE, or change it while it runs:
# curl {control}/change -d '{{"changes": [{{"do": "put_user", "with": ["u1"], "set": {{"displayName": "Aya Sato"}}}}]}}'
"""
_SOURCE = """\
# bridge.yaml, below connections and the connection's name; first: export ENTRA_SECRET={secret}
    source:
      kind: entra
      tenant: {tenant}
      client: {client}
      credential: {{secret: env:ENTRA_SECRET}}
      scope: {{all: true}}
      cloud: {{login: "{login}", graph: "{graph}", ca_file: "{ca_file}"}}
# or: scim-bridge init --source entra --tenant {tenant} --client {client} --secret env:ENTRA_SECRET {addresses}
# control: {control}
# managed identity: {metadata}
"""


def _say_entra(sandbox: "EntraSandbox", *, is_empty: bool) -> None:
    """All of it is YAML: it can be pasted as it stands."""
    control = f"{sandbox.managed_identity_host}/control"
    told = _SOURCE.format(
        tenant=sandbox.tenant,
        client=sandbox.client,
        secret=shlex.quote(sandbox.secret),
        login=sandbox.login,
        graph=sandbox.graph,
        ca_file=sandbox.ca_file,
        addresses=f"--cloud-login {sandbox.login} --cloud-graph {sandbox.graph} --ca-file {sandbox.ca_file}",
        control=control,
        metadata=sandbox.managed_identity_host,
    )
    empty = _EMPTY.format(control=control) if is_empty else ""
    tell(f"{told}{empty}# Stop it with Ctrl-C.")


_GOOGLE = """\
# bridge.yaml, below connections and the connection's name
    source:
      kind: google
      admin: {admin}
      credential: {{key: "file:{key_file}"}}
      scope: {{all: true}}
      endpoint: {{origin: "{origin}", ca_file: "{ca_file}"}}
# the mapping: mappings/google-workspace.yaml
# control: {control}
# Stop it with Ctrl-C."""


def _say_google(sandbox: "GoogleSandbox") -> None:
    """All of it is YAML: it can be pasted as it stands."""
    tell(
        _GOOGLE.format(
            admin=sandbox.admin,
            key_file=sandbox.key_file,
            origin=sandbox.origin,
            ca_file=sandbox.ca_file,
            control=sandbox.control,
        )
    )
