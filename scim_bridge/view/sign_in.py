"""Tokens and sessions as rows for people and as documents for programs."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from scim_bridge.model.sign_in import ApiToken, SignedIn
from scim_bridge.view import words

TOKEN_COLUMNS = ("number", "begins with", "name", "role", "made by", "expires", "last used", "now")
SESSION_COLUMNS = ("number", "name", "role", "from", "since", "until")


def token_row(token: ApiToken, now: datetime) -> tuple[str, ...]:
    """One token, for TOKEN_COLUMNS."""
    expires = words.local(token.expires) if token.expires is not None else "never"
    used = words.ago(token.last_used, now) if token.last_used is not None else "never"
    about = (str(token.id), f"{token.prefix}…", token.name, token.role, token.made_by)
    return (*about, expires, used, token.standing(now))


def token_document(token: ApiToken, now: datetime) -> dict[str, Any]:
    """One token, without its secret and without its hash."""
    return _with_text(asdict(token)) | {"standing": token.standing(now)}


def session_row(session: SignedIn) -> tuple[str, ...]:
    """One session, for SESSION_COLUMNS."""
    about = (str(session.id), session.name, session.role, session.address)
    return (*about, words.local(session.began), words.local(session.expires))


def session_document(session: SignedIn) -> dict[str, Any]:
    """One session."""
    return _with_text(asdict(session))


def _with_text(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: words.utc(value) if isinstance(value, datetime) else value for name, value in fields.items()}
