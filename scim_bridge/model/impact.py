"""What a plan does to who may enter what, before it is applied (docs/access.md).

Computed in access/, held against the limits in plan/, shown by view/. The document is a part of the plan file.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from scim_bridge.model.access import AccessRow, Level, Step

LEVELS: tuple[Level, ...] = get_args(Level)
"""The worst first."""
_NEW = "new "


def new_id(kind: str, source_id: str) -> str:
    """What stands for the id of a resource that a plan creates."""
    return f"{_NEW}{kind} {source_id}"


def is_new(user_id: str) -> bool:
    """Whether a plan creates this user."""
    return user_id.startswith(_NEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """A user who becomes, or stops to be, an administrator of an account. level: after the plan, or before it."""

    user: str
    user_id: str
    account: str
    account_id: str
    level: Level


@dataclass(frozen=True, slots=True)
class TagChange:
    """A session tag whose value changes. path: the attribute it comes from. users: userName, old and new value."""

    key: str
    path: str
    users: tuple[tuple[str, Any, Any], ...]


@dataclass(frozen=True, slots=True)
class Seats:
    """Users who come to an application that is paid for each of them, and who leave it. price: of one, a month."""

    application: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    price: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """The difference that a plan makes. read_at: when AWS was read.

    gained, lost: each pair of a user and what the user may enter once, the most privileged first. renamed: users who
    have access and get another userName.
    """

    read_at: datetime
    gained: tuple[Step, ...] = ()
    lost: tuple[Step, ...] = ()
    admins_gained: tuple[Admin, ...] = ()
    admins_lost: tuple[Admin, ...] = ()
    session_tags: tuple[TagChange, ...] = ()
    seats: tuple[Seats, ...] = ()
    renamed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def document(self, most: int | None = None) -> dict[str, Any]:
        """As JSON (docs/design.md §5.2). most: of each list only so many, with the numbers of all of them."""
        lists = {"gained": [_step(s) for s in self.gained[:most]], "lost": [_step(s) for s in self.lost[:most]]}
        return {
            "read_at": f"{self.read_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "users": {"gained": len(who(self.gained)), "lost": len(who(self.lost))},
            "pairs": {"gained": len(self.gained), "lost": len(self.lost)},
            **lists,
            "admins": {
                "gained": [_admin(one) for one in self.admins_gained[:most]],
                "lost": [_admin(one) for one in self.admins_lost[:most]],
            },
            "session_tags": [_tag(one, most) for one in self.session_tags],
            "seats": [_seats(one, most) for one in self.seats],
            "renamed": {"count": len(self.renamed), "users": list(self.renamed[:most])},
            "warnings": list(self.warnings),
        }


def who(steps: Iterable[Step]) -> frozenset[str]:
    """Ids of the users whom these are about."""
    return frozenset(step.row.user_id or "" for step in steps)


def entering(steps: Iterable[Step]) -> frozenset[str]:
    """Ids of the users of those that lead into an account."""
    return frozenset(step.row.user_id for step in steps if isinstance(step.row, AccessRow))


def _step(step: Step) -> dict[str, Any]:
    return _shown(asdict(step.row)) | {"causes": [cause.what for cause in step.causes]}


def _admin(one: Admin) -> dict[str, Any]:
    return _shown(asdict(one))


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    """A user who is only created has no id yet."""
    return document | {"user_id": None} if is_new(document["user_id"] or "") else document


def _tag(one: TagChange, most: int | None) -> dict[str, Any]:
    users = [{"user": name, "from": old, "to": new} for name, old, new in one.users[:most]]
    return {"tag": one.key, "path": one.path, "count": len(one.users), "users": users}


def _seats(one: Seats, most: int | None) -> dict[str, Any]:
    counts = {"gained": len(one.gained), "lost": len(one.lost)}
    names = {"gained_by": list(one.gained[:most]), "lost_by": list(one.lost[:most])}
    return {"application": one.application, **counts, "price": one.price, **names}
