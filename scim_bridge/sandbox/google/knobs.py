"""What the emulated account allows, and where Google leaves a client to expect anything."""

from dataclasses import dataclass

_DIRECTORY = "https://www.googleapis.com/auth/admin.directory"
SCOPES = (f"{_DIRECTORY}.user.readonly", f"{_DIRECTORY}.group.readonly", f"{_DIRECTORY}.group.member.readonly")
"""Read-only scopes that suffice for everything the emulator answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleKnobs:
    """granted: scopes of the domain-wide delegation; one that is asked for and not here refuses them all.

    may_read: what the admin's role allows, of "users" and "groups". token_lifetime: seconds. page_cap: rows a page
    holds at most, whatever maxResults says. page_lifetime: seconds a page token is good for. queries: a minute and
    user, None = any number. skew: seconds that the clock of the token endpoint is ahead.
    """

    granted: frozenset[str] = frozenset(SCOPES)
    may_read: frozenset[str] = frozenset({"users", "groups"})
    token_lifetime: int = 3599
    page_cap: int = 500
    page_lifetime: float = 3 * 24 * 3600.0
    queries: int | None = None
    skew: float = 0.0
