"""Opening the state, in a file of SQLite or in a PostgreSQL database."""

from pathlib import Path

from sqlalchemy import Engine

from scim_bridge.model.state_address import StateAddress
from scim_bridge.state.server import open_existing_server, open_server
from scim_bridge.state.sqlite_file import is_there, open_file


def open_database(address: StateAddress) -> Engine:
    """The engine of a state, created or brought up to date first. Raises StateUnusable in one sentence."""
    return open_file(address) if isinstance(address, Path) else open_server(address)


def open_existing(address: StateAddress) -> Engine | None:
    """The engine of a state for reading, None if there is no state yet. Nothing is created then."""
    if isinstance(address, Path):
        return open_file(address) if is_there(address) else None
    return open_existing_server(address)
