"""`sandbox`: serves the emulator of Identity Center alone, to try things out against."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from scim_bridge.cli.output import tell
from scim_bridge.errors import Misconfigured


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("sandbox")(sandbox_command)


def sandbox_command(
    host: Annotated[str, typer.Option(help="a loopback address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = any free one")] = 8090,
    rate: Annotated[float, typer.Option(min=0, help="requests a second it allows; 0 = any number")] = 20,
    seed: Annotated[Path | None, typer.Option(help="JSON of users and groups to begin with")] = None,
    token: Annotated[str, typer.Option(help="the token it accepts")] = "sandbox-token",  # noqa: S107 - not a secret
) -> int:
    """Serve the Identity Center emulator until SIGINT or SIGTERM, then end with 0. URL and token go into bridge.yaml.

    Faults are switched on while it runs, by POST to /control/faults: docs/operations.md lists them.
    """
    from scim_bridge.sandbox.app import Identity
    from scim_bridge.sandbox.knobs import Knobs
    from scim_bridge.sandbox.server import serve

    try:
        content = orjson.loads(seed.read_bytes()) if seed is not None else {}
    except (OSError, orjson.JSONDecodeError) as error:
        raise Misconfigured(
            f"{seed} cannot be read as JSON ({error})", "Name a JSON file of users and groups."
        ) from None
    try:
        serve(Knobs(rate=rate or None), Identity(tokens=(token,)), (host, port), _say, content)
    except (ValueError, OSError) as error:
        raise Misconfigured(
            f"the sandbox cannot listen on {host}:{port} ({error})", "Choose another address."
        ) from None
    return 0


def _say(url: str, token: str) -> None:
    tell(f"url: {url}\ntoken: {token}\nStop it with Ctrl-C.")
