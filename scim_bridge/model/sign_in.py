"""Sessions of browsers and tokens of the API, as they are on record. All times are UTC."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scim_bridge.model.actor import Role

Standing = Literal["valid", "expired", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session: who, as what, from which address, since and until when.

    provider: the issuer that said who this is, "" for a link.
    """

    id: int
    name: str
    role: Role
    provider: str
    address: str
    began: datetime
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token. prefix: how it begins. expires: None for never. revoked: None while it is not."""

    id: int
    prefix: str
    name: str
    role: Role
    made: datetime
    made_by: str
    expires: datetime | None
    last_used: datetime | None
    revoked: datetime | None
    revoked_by: str

    @property
    def subject(self) -> str:
        """As the audit and refusals name it."""
        return f"{self.name} ({self.prefix}…)"

    def standing(self, now: datetime) -> Standing:
        """Whether it opens anything at this moment, and if not, why."""
        if self.revoked is not None:
            return "revoked"
        return "valid" if self.expires is None or self.expires > now else "expired"
