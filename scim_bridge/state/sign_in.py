"""Who is signed in to the pages: sessions of browsers, and the links that sign a browser in once.

The database holds hashes alone. What it is a hash of has 256 random bits, so plain SHA-256 is enough: there is nothing
to guess, and a slow hash would only slow down each page.
"""

import secrets
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select
from sqlmodel import col

from scim_bridge.model.actor import Actor, Role
from scim_bridge.model.sign_in import SignedIn
from scim_bridge.state.audit import note
from scim_bridge.state.table import SessionRow, SignInLinkRow
from scim_bridge.state.transaction import reading, writing

LINK_LASTS = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=12)
"""A working day. The browser forgets its cookie when it is closed, mostly earlier."""


_COLUMNS = tuple(col(getattr(SessionRow, each.name)) for each in fields(SignedIn))


def hashed(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode()).hexdigest()


class SignIns:
    """Sessions and sign-in links in this state. Every method raises StateUnusable if it cannot be used."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def make_link(self, name: str, role: Role) -> str:
        """The code of a link that signs a browser in as this name, once, within LINK_LASTS."""
        code, link, now = secrets.token_urlsafe(32), SignInLinkRow, self._now()
        row = {"code_hash": hashed(code), "role": role, "name": name, "expires": now + LINK_LASTS}
        with writing(self._engine) as database:
            database.execute(delete(link).where(col(link.expires) <= now))
            database.execute(insert(link).values(**row))
        return code

    def use_link(self, code: str, address: str) -> str | None:
        """The secret of a new session, for the user who has this code; None if there is no such link any more."""
        link = SignInLinkRow
        of_code = (col(link.code_hash) == hashed(code), col(link.expires) > self._now())
        with writing(self._engine) as database:
            used = delete(link).where(*of_code).returning(col(link.name), col(link.role))
            found = database.execute(used).one_or_none()
            return self._begin(database, Actor(found[0], "page", address), _role(found[1])) if found else None

    def begin(self, by: Actor, role: Role, provider: str) -> str:
        """The secret of a new session of a user whom this provider has vouched for."""
        with writing(self._engine) as database:
            return self._begin(database, by, role, provider)

    def _begin(self, database: Connection, by: Actor, role: Role, provider: str = "") -> str:
        secret, now = secrets.token_urlsafe(32), self._now()
        database.execute(delete(SessionRow).where(col(SessionRow.expires) <= now))
        row = {"secret_hash": hashed(secret), "name": by.name, "role": role, "provider": provider}
        row |= {"address": by.address}
        database.execute(insert(SessionRow).values(**row, began=now, expires=now + SESSION_LASTS))
        note(database, now, by, "sign in", detail=f"as {role}")
        return secret

    def note_refusal(self, by: Actor, reason: str) -> None:
        """A sign-in failed. reason: for those who read the audit; it never holds what was tried."""
        with writing(self._engine) as database:
            note(database, self._now(), by, "sign in refused", detail=reason)

    def session(self, secret: str) -> SignedIn | None:
        """The session of this secret, None if it has ended."""
        query = select(*_COLUMNS).where(col(SessionRow.secret_hash) == hashed(secret), self._lasts())
        with reading(self._engine) as database:
            row = database.execute(query).one_or_none()
        return SignedIn(**row._mapping) if row is not None else None  # noqa: SLF001 - SQLAlchemy's name

    def sessions(self) -> list[SignedIn]:
        """Who is signed in now, the newest first."""
        query = select(*_COLUMNS).where(self._lasts()).order_by(col(SessionRow.id).desc())
        with reading(self._engine) as database:
            rows = database.execute(query).all()
        return [SignedIn(**row._mapping) for row in rows]  # noqa: SLF001

    def sign_out(self, secret: str, address: str) -> None:
        """The browser with this secret signs out."""
        row = SessionRow
        mine = delete(row).where(col(row.secret_hash) == hashed(secret)).returning(col(row.name))
        with writing(self._engine) as database:
            for name in database.execute(mine).scalars().all():
                note(database, self._now(), Actor(name, "page", address), "sign out")

    def end(self, session_id: int | None, by: Actor) -> int:
        """End this session, or all of them (None). Gives how many ended."""
        row = SessionRow
        which = (col(row.id) == session_id,) if session_id is not None else ()
        ended = delete(row).where(*which).returning(col(row.id), col(row.name))
        with writing(self._engine) as database:
            found = database.execute(ended).all()
            for number, name in found:
                note(database, self._now(), by, "end session", subject=f"session {number} of {name}")
        return len(found)

    def _lasts(self) -> ColumnElement[bool]:
        return col(SessionRow.expires) > self._now()


def _role(text: str) -> Role:
    role: Role = text  # type: ignore[assignment]  # as make_link stored it
    return role
