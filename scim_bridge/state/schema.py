"""The migrations, the same for both databases: all of them or nothing, in the transaction of the caller."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from scim_bridge.errors import StateUnusable

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0027"
"""The newest migration. A test compares it with the folder; reading the folder takes half a second at every start."""


def alembic_config(folder: Path = MIGRATIONS) -> "Config":
    """The migrations of this package, for a connection that is given to it."""
    from alembic.config import Config

    config = Config(stdout=sys.stderr)  # stdout is the command's own
    config.set_main_option("script_location", str(folder))
    return config


def check_known(shown: str, current: str | None, folder: Path) -> None:
    """Raise StateUnusable if a newer program has written the state. shown: what it is called. current: its schema."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(alembic_config(folder))
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise StateUnusable(f"{shown} was written by a newer scim-bridge", "Use that version, or a newer one.")


def upgrade(connection: Connection, folder: Path) -> None:
    """Bring the tables to the newest revision of a folder."""
    from alembic import command

    config = alembic_config(folder)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
