"""`schema`: what may stand in `bridge.yaml`."""

import typer


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("schema")(schema_command)


def schema_command() -> int:
    """Print the JSON schema of the configuration file, for editors and reviews."""
    from scim_bridge.cli.output import print_json
    from scim_bridge.config.document import json_schema

    print_json(json_schema())
    return 0
