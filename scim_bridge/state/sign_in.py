"""Who is signed in to the pages: sessions of browsers, and the links that sign a browser in once.

The database holds hashes alone. What it is a hash of has 256 random bits, so plain SHA-256 is enough: there is nothing
to guess, and a slow hash would only slow down each page.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Engine, delete, insert, select
from sqlmodel import col

from scim_bridge.model.actor import Role
from scim_bridge.state.database import open_database, open_existing
from scim_bridge.state.table import SessionRow, SignInLinkRow
from scim_bridge.state.transaction import reading, writing

LINK_LASTS = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=12)
"""A working day. The browser forgets its cookie when it is closed, mostly earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session: who, as what, from which address, since and until when (UTC)."""

    id: int
    name: str
    role: Role
    address: str
    began: datetime
    expires: datetime


def hashed(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode()).hexdigest()


class SignIns:
    """Sessions and sign-in links in the state at this path. Every method raises StateUnusable if it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make_link(self, name: str, role: Role, now: datetime) -> str:
        """The code of a link that signs a browser in as this name, once, until LINK_LASTS from now."""
        code = secrets.token_urlsafe(32)
        row = {"code_hash": hashed(code), "role": role, "name": name, "expires": now + LINK_LASTS}
        with self._to_write() as engine, writing(engine) as database:
            database.execute(delete(SignInLinkRow).where(col(SignInLinkRow.expires) <= now))
            database.execute(insert(SignInLinkRow).values(**row))
        return code

    def use_link(self, code: str, address: str, now: datetime) -> str | None:
        """The secret of a new session, for the user who has this code; None if there is no such link any more."""
        link = SignInLinkRow
        with self._to_write() as engine, writing(engine) as database:
            used = delete(link).where(col(link.code_hash) == hashed(code), col(link.expires) > now)
            found = database.execute(used.returning(col(link.name), col(link.role))).one_or_none()
            if found is None:
                return None
            secret = secrets.token_urlsafe(32)
            database.execute(delete(SessionRow).where(col(SessionRow.expires) <= now))
            row = {"secret_hash": hashed(secret), "name": found.name, "role": found.role, "address": address}
            database.execute(insert(SessionRow).values(**row, began=now, expires=now + SESSION_LASTS))
        return secret

    def session(self, secret: str, now: datetime) -> SignedIn | None:
        """The session of this secret, None if it has ended."""
        row = SessionRow
        query = select(row.__table__).where(  # type: ignore[attr-defined]  # SQLModel's
            col(row.secret_hash) == hashed(secret), col(row.expires) > now
        )
        with self._to_read() as engine:
            if engine is None:
                return None
            with reading(engine) as database:
                found = database.execute(query).one_or_none()
        return _signed_in(found) if found is not None else None

    def end(self, secret: str) -> None:
        """The browser signs out."""
        with self._to_write() as engine, writing(engine) as database:
            database.execute(delete(SessionRow).where(col(SessionRow.secret_hash) == hashed(secret)))

    @contextmanager
    def _to_write(self) -> Iterator[Engine]:
        engine = open_database(self._path)
        try:
            yield engine
        finally:
            engine.dispose()

    @contextmanager
    def _to_read(self) -> Iterator[Engine | None]:
        engine = open_existing(self._path)
        try:
            yield engine
        finally:
            if engine is not None:
                engine.dispose()


def _signed_in(row: object) -> SignedIn:
    return SignedIn(**{name: getattr(row, name) for name in SignedIn.__slots__})
