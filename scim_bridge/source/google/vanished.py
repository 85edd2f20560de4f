"""A user or group that is remembered and not in the listing is asked for by id before being taken for gone.

A listing may be cut without an error, and a stale replica may not know a user yet. So too of a group's members: who was
in the list before, and is still in the account, is asked for in the group. Gone is who is in the list of the
deleted or whom Google does not know (404). Who is still there proves that the listing was cut, and nothing is concluded
from it. Any other answer proves nothing, and stops the run.
"""

from collections.abc import Collection, Container

from scim_bridge.config.source import MY_CUSTOMER
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.protocol import Progress
from scim_bridge.source.google.api import Api
from scim_bridge.source.google.listing import deleted_users

_MOST, _MOST_MEMBERS = 50, 5
"""So many at most are asked for, evenly spread over all of them: a listing that was cut lacks a whole stretch."""


def require_gone(api: Api, users: Collection[str], groups: Collection[str], progress: Progress) -> None:
    """Raises SourceUnreadable if one of these, who are not in the listings, is there all the same."""
    unexplained = sorted(set(users) - deleted_users(api, progress)) if users else []
    for user_id in _spread(unexplained):
        row = api.find("users", user_id, fields="id,primaryEmail")
        if row is not None and is_within(api, str(row.get("primaryEmail", ""))):
            raise _cut("user", user_id, "users")
    for group_id in _spread(sorted(groups)):
        row = api.find("groups", group_id, fields="id,email")
        if row is not None and is_within(api, str(row.get("email", ""))):
            raise _cut("group", group_id, "groups")


def require_admin(api: Api, addresses: Container[str]) -> None:
    """Raises SourceUnreadable if the admin's own account is read and the admin is not in the list.

    So an empty list is not believed by a first reading either, which remembers no one. addresses: of all users, in
    small letters.
    """
    settings = api.settings
    if settings.customer == MY_CUSTOMER and settings.admin.casefold() not in addresses:
        raise SourceUnreadable(
            f"Google's list of users is not whole: {settings.admin}, as whom it was read, is not in it",
            "Nothing was changed; the next run reads again.",
        )


def is_within(api: Api, address: str) -> bool:
    """Whether an address belongs into the listing: not if it has moved to another domain than the one that is read."""
    domain = api.settings.domain
    return not domain or address.rpartition("@")[2].lower() == domain


def _spread(ids: list[str], most: int = _MOST) -> list[str]:
    return ids if len(ids) <= most else [ids[number * len(ids) // most] for number in range(most)]


def require_left(api: Api, group_id: str, members: Collection[str]) -> None:
    """Raises SourceUnreadable if one of these, who are not in a group's list of members any more, is in the group."""
    for member_id in _spread(sorted(members), _MOST_MEMBERS):
        if api.find("groups", group_id, "members", member_id, fields="id") is not None:
            raise _cut("member", member_id, f"members of group {group_id}")


def _cut(kind: str, object_id: str, what: str) -> SourceUnreadable:
    return SourceUnreadable(
        f"Google's list of {what} is not whole: {kind} {object_id} is not in it, and is there",
        "Nothing was changed; the next run reads again.",
    )
