"""A little Identity Center: two accounts, and two permission sets of which one makes an administrator."""

from collections.abc import Iterable
from datetime import datetime

from scim_bridge.model.access import AccessReading, Account, Allowed, Edge, Instance, People, PermissionSet

ADMIN, READER = Allowed("administrator", ("administrator",)), Allowed("read", ("EC2 read",))
SETS = {
    "admin": PermissionSet(arn="admin", name="Admin", allowed=ADMIN, centrally=ADMIN),
    "read": PermissionSet(arn="read", name="Read", allowed=READER, centrally=READER),
}


def reading(as_of: datetime, people: People, edges: Iterable[Edge]) -> AccessReading:
    """What AWS shows of these people and assignments."""
    return AccessReading(
        as_of=as_of,
        instance=Instance("arn:i", "d-1", "1"),
        people=people,
        accounts={"1": Account("1", "one"), "2": Account("2", "two")},
        sets=SETS,
        edges=frozenset(edges),
    )
