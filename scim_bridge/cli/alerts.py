"""`alerts test`: whether a message reaches each place of `alerts.to`. Nothing else is done."""

import typer

from scim_bridge.cli.streams import tell
from scim_bridge.errors import Misconfigured


def register(app: typer.Typer) -> None:
    """Add these commands."""
    alerts = typer.Typer(no_args_is_help=True, help="Test where alerts are sent.", rich_markup_mode=None)
    alerts.command("test")(test_command)
    app.add_typer(alerts, name="alerts")


def test_command(context: typer.Context) -> int:
    """Send a test message to each place of alerts.to. Exit code 1 if one of them does not accept it."""
    from scim_bridge.config.settings import load
    from scim_bridge.worker.notify import send_test

    settings = load(context.obj)
    if settings.alerts is None:
        raise Misconfigured("alerts is not set, so there is no place to send to", "Add alerts: {to: [env:ALERT_URL]}.")
    told = send_test(settings.alerts.to)
    for each in told:
        typer.echo(f"{each.place}: {each.error or 'accepted'}")
    failed = sum(bool(each.error) for each in told)
    if failed:
        tell(f"{failed} of {len(told)} places did not accept the message. Look at the URL, and at the service.")
    return 1 if failed else 0
