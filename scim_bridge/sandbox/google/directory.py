"""The account's content as tests and demos change it, from any thread: users, groups, members, and the deleted.

Rows have the names and JSON types of the Directory API. An id never changes; a primary address does, and may come to
belong to another user.
"""

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

Row = dict[str, Any]
CUSTOMER = "C01sandbox"
Role = Literal["OWNER", "MANAGER", "MEMBER"]
_KEPT_DAYS = 20


class Directory:
    """One account. customer: its id; clock: seconds since 1970. version: another number after every change."""

    def __init__(self, clock: Callable[[], float], customer: str = CUSTOMER) -> None:
        self.lock = threading.RLock()
        self.customer = customer
        self.users: dict[str, Row] = {}
        self.groups: dict[str, Row] = {}
        self.members: dict[str, dict[str, Row]] = {}
        self._deleted: dict[str, tuple[float, Row]] = {}
        self._owners: dict[str, str] = {}
        self._clock = clock
        self.version = 0

    def put_user(self, user_id: str, **properties: Any) -> None:
        """Create a user (named after the id, neither suspended nor archived, unless said otherwise) or change one.

        None takes a property away. ValueError if the address is another user's, alias or not.
        """
        with self.lock:
            self.version += 1
            row = {**(self.users.get(user_id) or self._new_user(user_id)), **properties}
            self._require_free(user_id, [row["primaryEmail"], *(row.get("aliases") or ())])
            row = {name: value for name, value in row.items() if value is not None}
            if "emails" not in properties:
                # The primary address mostly has no type, unlike what the guide shows.
                row["emails"] = [{"address": row["primaryEmail"], "primary": True}]
                row["emails"] += [{"address": alias} for alias in row.get("aliases", ())]
            if isinstance(row.get("name"), dict):
                row["name"] = {**row["name"], "fullName": _full(row["name"])}
            self._free(user_id)
            self._owners |= dict.fromkeys(map(str.casefold, _addresses(row)), user_id)
            self.users[user_id] = row

    def rename_user(self, user_id: str, address: str) -> None:
        """Give a user another primary address; the old one stays as an alias, as Google does it."""
        with self.lock:
            row = self.users[user_id]
            aliases = [alias for alias in row.get("aliases", []) if alias != address]
            self.put_user(user_id, primaryEmail=address, aliases=[*aliases, row["primaryEmail"]])

    def delete_user(self, user_id: str) -> None:
        """Delete a user, who can be brought back for twenty days. Memberships end. KeyError if there is none."""
        with self.lock:
            self.version += 1
            self._free(user_id)
            self._deleted[user_id] = (self._clock(), self.users.pop(user_id))
            self._leave(user_id)

    def restore_user(self, user_id: str) -> None:
        """Bring a deleted user back: the same id."""
        with self.lock:
            _, row = self._deleted.pop(user_id)
            self.put_user(user_id, **row)

    def purge_user(self, user_id: str) -> None:
        """Let a deleted user be gone for good, as after twenty days."""
        with self.lock:
            self._deleted.pop(user_id, None)

    def put_group(self, group_id: str, **properties: Any) -> None:
        """Create a group (named after the id, unless said otherwise) or change one. Names need not be unique."""
        with self.lock:
            self.version += 1
            new = {"email": f"{group_id}@corp.example", "name": group_id, "description": "", "adminCreated": True}
            row = {**(self.groups.get(group_id) or new), **properties}
            self.groups[group_id] = {name: value for name, value in row.items() if value is not None}
            self.members.setdefault(group_id, {})

    def delete_group(self, group_id: str) -> None:
        """Delete a group, for good. KeyError if there is none."""
        with self.lock:
            self.version += 1
            del self.groups[group_id]
            del self.members[group_id]
            self._leave(group_id)

    def add_member(self, group_id: str, member_id: str, role: Role = "MEMBER", email: str = "") -> None:
        """Make a user, a group or, by the customer's id, all users a direct member. email: an alias to list it by.

        KeyError for an id that is no one's.
        """
        with self.lock:
            row: Row = {"id": member_id, "role": role}
            if member_id == self.customer:
                row["type"] = "CUSTOMER"
            elif member_id in self.users:
                row |= {"type": "USER", "status": "ACTIVE", "email": email or ""}
            else:
                row |= {"type": "GROUP", "status": "ACTIVE", "email": email or self.groups[member_id]["email"]}
            self.members[group_id][member_id] = row

    def add_external(self, group_id: str, email: str, **properties: Any) -> None:
        """Make someone outside the account a member: listed as a user, without status. properties: id, type, role."""
        with self.lock:
            row = {"type": "USER", "role": "MEMBER", "email": email, **properties}
            self.members[group_id][str(row.get("id") or email)] = row

    def remove_member(self, group_id: str, member_id: str) -> None:
        """End a direct membership; nothing happens if there is none."""
        with self.lock:
            self.members[group_id].pop(member_id, None)

    def seed(self, document: dict[str, Any]) -> None:
        """Put many in at once: {"users": [{"id", …properties}], "groups": [{"id", …, "members": [ids]}]}."""
        with self.lock:
            for user in document.get("users", ()):
                self.put_user(user["id"], **{name: value for name, value in user.items() if name != "id"})
            for group in document.get("groups", ()):
                given = {name: value for name, value in group.items() if name not in ("id", "members")}
                self.put_group(group["id"], **given)
            for group in document.get("groups", ()):
                for member in group.get("members", ()):
                    self.add_member(group["id"], member)

    def user_id(self, key: str) -> str | None:
        """The id of the user of this id, address or alias."""
        return key if key in self.users else self._owners.get(key.casefold())

    def group_id(self, key: str) -> str | None:
        """The id of the group of this id or address."""
        return key if key in self.groups else next((i for i, row in self.groups.items() if row["email"] == key), None)

    @property
    def deleted(self) -> list[Row]:
        """The users deleted in the last twenty days, with little more than their ids and addresses."""
        oldest = self._clock() - _KEPT_DAYS * 24 * 3600
        return [
            {"id": user_id, "primaryEmail": row["primaryEmail"], "deletionTime": _moment(when)}
            for user_id, (when, row) in self._deleted.items()
            if when >= oldest
        ]

    def shown_user(self, user_id: str) -> Row:
        """A user as an answer shows it."""
        row = self.users[user_id]
        shown = {"kind": "admin#directory#user", "id": user_id, "customerId": self.customer, **row}
        return {**shown, "etag": _etag(shown)}

    def shown_group(self, group_id: str) -> Row:
        """A group as an answer shows it. Its etag does not follow its members; their number is a text."""
        shown = {"kind": "admin#directory#group", "id": group_id, **self.groups[group_id]}
        count = sum(row.get("type") == "USER" for row in self.members[group_id].values())
        return {**shown, "etag": _etag(shown), "directMembersCount": str(count)}

    def shown_member(self, group_id: str, member_id: str) -> Row:
        """A membership as an answer shows it."""
        row = dict(self.members[group_id][member_id])
        if row["type"] == "USER" and member_id in self.users:
            user = self.users[member_id]
            row["email"] = row["email"] or user["primaryEmail"]
            row["status"] = "SUSPENDED" if user.get("suspended") else "ACTIVE"
        shown = {"kind": "admin#directory#member", **row}
        return {**shown, "etag": _etag(shown)}

    def _new_user(self, user_id: str) -> Row:
        return {
            "primaryEmail": f"{user_id}@corp.example",
            "name": {"givenName": user_id, "familyName": user_id},
            "isAdmin": False,
            "suspended": False,
            "archived": False,
            "isEnrolledIn2Sv": False,
            "orgUnitPath": "/",
            "creationTime": _moment(self._clock()),
            "lastLoginTime": "1970-01-01T00:00:00.000Z",
        }

    def _require_free(self, user_id: str, addresses: list[str]) -> None:
        for address in addresses:
            other = self._owners.get(address.casefold(), user_id)
            if other != user_id:
                raise ValueError(f"{address}, which is to be of {user_id}, belongs to {other}")

    def _free(self, user_id: str) -> None:
        for address in _addresses(self.users[user_id]) if user_id in self.users else ():
            self._owners.pop(address.casefold(), None)

    def _leave(self, member_id: str) -> None:
        for members in self.members.values():
            members.pop(member_id, None)


def _addresses(row: Row) -> list[str]:
    return [row["primaryEmail"], *row.get("aliases", ())]


def _full(name: dict[str, str]) -> str:
    return " ".join(filter(None, (name.get("givenName"), name.get("familyName"))))


def _etag(row: Row) -> str:
    return f'"sandbox/{hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()[:27]}"'


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
