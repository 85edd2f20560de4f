"""Tokens of the API: made, looked up, listed and revoked. Only hashes are kept (state/sign_in.py says which)."""

import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from datetime import datetime, timedelta

from sqlalchemy import Engine, insert, or_, select, update
from sqlmodel import col

from scim_bridge.errors import StateUnusable
from scim_bridge.model.actor import Actor, Role
from scim_bridge.model.sign_in import ApiToken
from scim_bridge.state.audit import note
from scim_bridge.state.sign_in import hashed
from scim_bridge.state.table import ApiTokenRow
from scim_bridge.state.transaction import reading, without_waiting, writing

BEGINS = "scimb_"
"""So that scanners of repositories and logs can be taught to find a leaked one."""
_SHOWN = len(BEGINS) + 6
_NUMBER = re.compile(r"[0-9]{1,15}")
_USED_AGAIN = timedelta(minutes=1)
"""`last_used` is written no more often than this."""


_COLUMNS = tuple(col(getattr(ApiTokenRow, each.name)) for each in fields(ApiToken))


class ApiTokens:
    """The tokens in this state. Every method raises StateUnusable if it cannot be used."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def make(self, name: str, role: Role, lasts: timedelta | None, by: Actor) -> str:
        """A new token. It is given here and never again. lasts: None for until it is revoked."""
        secret, now = BEGINS + secrets.token_urlsafe(32), self._now()
        row = {"secret_hash": hashed(secret), "prefix": secret[:_SHOWN], "name": name, "role": role, "made": now}
        row |= {"made_by": by.name, "expires": now + lasts if lasts is not None else None, "revoked_by": ""}
        until = f"until {row['expires']:%Y-%m-%d}" if lasts is not None else "until it is revoked"
        with writing(self._engine) as database:
            database.execute(insert(ApiTokenRow).values(**row))
            note(database, now, by, "make token", subject=f"{name} ({secret[:_SHOWN]}…)", detail=f"{role}, {until}")
        return secret

    def find(self, secret: str) -> ApiToken | None:
        """The token with this secret, valid or not; None if there never was one. That a valid one is used is kept."""
        query, now = select(*_COLUMNS).where(col(ApiTokenRow.secret_hash) == hashed(secret)), self._now()
        with reading(self._engine) as database:
            found = database.execute(query).one_or_none()
        if found is None:
            return None
        token = ApiToken(**found._mapping)  # noqa: SLF001 - SQLAlchemy's name
        if token.standing(now) == "valid" and (token.last_used is None or now - token.last_used >= _USED_AGAIN):
            self._note_use(token.id, now)
        return token

    def _note_use(self, token_id: int, now: datetime) -> None:
        # A large run may write for seconds. No request waits for it; the next one puts it on record.
        with suppress(StateUnusable), writing(self._engine) as database, without_waiting(database):
            database.execute(update(ApiTokenRow).where(col(ApiTokenRow.id) == token_id).values(last_used=now))

    def all(self) -> list[ApiToken]:
        """Every token there ever was, the newest first."""
        query = select(*_COLUMNS).order_by(col(ApiTokenRow.id).desc())
        with reading(self._engine) as database:
            rows = database.execute(query).all()
        return [ApiToken(**row._mapping) for row in rows]  # noqa: SLF001

    def revoke(self, which: str, by: Actor) -> list[ApiToken]:
        """Revoke the token with this number or this prefix. Gives what was revoked: nothing if it was so already."""
        row, now = ApiTokenRow, self._now()
        named = or_(col(row.prefix) == which, col(row.id) == (int(which) if _NUMBER.fullmatch(which) else -1))
        chosen = update(row).where(named, col(row.revoked).is_(None)).returning(*_COLUMNS)
        with writing(self._engine) as database:
            found = database.execute(chosen.values(revoked=now, revoked_by=by.name)).all()
            revoked = [ApiToken(**each._mapping) for each in found]  # noqa: SLF001
            for token in revoked:
                note(database, now, by, "revoke token", subject=token.subject)
        return revoked
