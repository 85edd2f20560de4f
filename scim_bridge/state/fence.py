"""What keeps a process from writing that others have given up (docs/decisions/0029).

Who holds the lock of a connection on a server has a number, the token; each holder has a higher one than those before.
A process that was stopped, or cut off from the server, may wake up when another one has taken over. It finds a higher
token then, and ends.
"""

from typing import Protocol

from sqlalchemy import Connection, bindparam, select
from sqlmodel import col

from scim_bridge.errors import Deposed
from scim_bridge.state.table import LeaseRow

BEAT = 5.0
"""Seconds between two times at which a holder of a lock on a server says that it goes on (lease.py)."""
SILENT = 30.0
"""After so many seconds of silence a holder is given up."""

_MINE = select(col(LeaseRow.token)).where(
    col(LeaseRow.name) == bindparam("of_name"), col(LeaseRow.token) == bindparam("of_token")
)
# The token is part of a key, so this keeps the next holder waiting, and lets the present one say that it goes on.
_MINE_UNTIL_THE_END = _MINE.with_for_update(read=True, key_share=True)


class Fence(Protocol):
    """Asked before a run writes."""

    def check(self, database: Connection) -> None:
        """Inside a transaction that writes: until its end no one else takes over. Raises Deposed."""
        ...

    def look(self, database: Connection) -> None:
        """Just before a request is sent. Raises Deposed."""
        ...


class NoFence:
    """Beside a state file: the lock of the operating system ends with its process, and not before."""

    def check(self, database: Connection) -> None:
        """Nothing to ask."""

    def look(self, database: Connection) -> None:
        """Nothing to ask."""


class TokenFence:
    """Of a holder of a lock on a server."""

    def __init__(self, name: str, token: int) -> None:
        self._name = name
        self._mine = {"of_name": name, "of_token": token}

    def check(self, database: Connection) -> None:
        """Inside a transaction that writes: until its end no one else takes over. Raises Deposed."""
        self._ask(database, _MINE_UNTIL_THE_END)

    def look(self, database: Connection) -> None:
        """Just before a request is sent. Raises Deposed."""
        self._ask(database, _MINE)

    def _ask(self, database: Connection, query: "object") -> None:
        if database.execute(query, self._mine).first() is None:  # type: ignore[call-overload]
            raise deposed(self._name)


def deposed(name: str) -> Deposed:
    """The sentence of a process that was given up."""
    what = f"another process has taken over connection {name}, since this one was stopped or cut off for too long"
    return Deposed(what, "Nothing more is sent from here; the run there goes on from what is on record.")
