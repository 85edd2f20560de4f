"""Where the state is: a file of SQLite on this machine, or a PostgreSQL database that several machines share."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from scim_bridge.errors import Misconfigured

_WITH_PASSWORD = re.compile(r"postgresql\+psycopg://([^\s/@?#]+@)?[^\s/@?#]*/[^\s/?#]+(\?[^\s#]*)?")


class Readable(Protocol):
    """A reference to a secret, read again each time."""

    def read(self) -> str:
        """The secret. Raises Misconfigured if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A PostgreSQL database. shown: its URL for people, without a password, or the reference to the URL.

    secret: where the URL is; None if `shown` is all of it.
    """

    shown: str
    secret: Readable | None = None

    def url(self) -> str:
        """The URL to connect with, read again for each connection. Raises Misconfigured, never showing it."""
        if self.secret is None:
            return self.shown
        url = self.secret.read()
        if not _WITH_PASSWORD.fullmatch(url):
            what = f"{self.shown} does not hold the URL of a PostgreSQL database"
            raise Misconfigured(what, "Write postgresql+psycopg://USER:PASSWORD@HOST/DATABASE there.")
        return url

    def __str__(self) -> str:
        return self.shown


StateAddress: TypeAlias = Path | ServerAddress
"""A path is the SQLite file."""
