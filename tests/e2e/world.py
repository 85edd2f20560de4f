"""A whole little world for end-to-end tests: a directory in CSV files, a configuration, and the emulator over HTTP."""

import csv
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from scim_bridge.sandbox.server import Sandbox
from tests.state_on_server import written

MAPPING = Path(__file__).parents[2] / "mappings" / "csv.yaml"
HEADER = ("id", "login", "given", "family", "display", "mail", "enabled", "title", "dept", "manager")


@dataclass
class People:
    """A directory: users as {column: value}, groups as id → name, members as (group, member, type)."""

    users: dict[str, dict[str, str]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    members: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, user_id: str, **columns: str) -> "People":
        """One more user, named like the id where nothing else is said."""
        base = {
            "id": user_id,
            "login": f"{user_id}@corp.example",
            "given": "名",
            "family": f"姓{user_id}",
            "mail": f"{user_id}@corp.example",
            "enabled": "true",
        }
        self.users[user_id] = dict.fromkeys(HEADER, "") | base | columns
        return self

    def group(self, group_id: str, name: str, *members: str, nested: tuple[str, ...] = ()) -> "People":
        """One more group with its members."""
        self.groups[group_id] = name
        self.members += [(group_id, member, "user") for member in members]
        self.members += [(group_id, inner, "group") for inner in nested]
        return self

    def flattened(self, group_id: str, seen: frozenset[str] = frozenset()) -> set[str]:
        """Ids of the users in a group, however deep: the plain definition, to hold results against."""
        if group_id in seen:
            return set()
        found = set()
        for group, member, kind in self.members:
            if group == group_id:
                found |= self.flattened(member, seen | {group_id}) if kind == "group" else {member}
        return found


def person(user_name: str, *, active: bool = True) -> dict[str, Any]:
    """A user as someone made it by hand in the console."""
    name = {"givenName": "Hand", "familyName": "Made"}
    return {"userName": user_name, "name": name, "displayName": "Made by hand", "active": active}


def organization(users: int, groups: int, seed: int = 1) -> People:
    """A directory of this size: managers, departments, groups within groups and one circle of groups."""
    random, people = Random(seed), People()
    for number in range(users):
        manager = f"u{number // 8}" if number else ""
        people.add(f"u{number}", title=f"Title {number % 7}", dept=f"部 {number % 9}", manager=manager)
    for number in range(groups):
        members = random.sample(sorted(people.users), min(users, random.randint(0, 30)))
        nested = (f"g{number // 3}",) if number % 3 == 1 else ()
        people.group(f"g{number}", f"グループ {number}", *members, nested=nested)
    people.members.append(("g0", "g1", "group"))
    return people


@dataclass
class World:
    """The folder with everything, and the emulator that it is synced to."""

    folder: Path
    sandbox: Sandbox

    @property
    def config(self) -> Path:
        return self.folder / "bridge.yaml"

    @property
    def state(self) -> Path:
        return self.folder / "scim-bridge.db"

    def write(self, people: People) -> None:
        """Put the directory into its files."""
        _write(self.folder / "users.csv", HEADER, ([u[c] for c in HEADER] for u in people.users.values()))
        _write(self.folder / "groups.csv", ("id", "name"), people.groups.items())
        _write(self.folder / "members.csv", ("group_id", "member_id", "member_type"), people.members)

    def configure(self, **target: Any) -> None:
        """Write bridge.yaml and the mapping; target: keys of the target, and `extra`: lines of the connection."""
        shutil.copy(MAPPING, self.folder / "csv.yaml")
        extra = target.pop("extra", "")
        settings = {"url": self.sandbox.url, "token": self.sandbox.token, "requests_per_second": 100_000} | target
        lines = "".join(f"      {key}: {value}\n" for key, value in settings.items())
        self.config.write_text(
            f"state: {written(self.state)}\n"
            "connections:\n"
            "  corp:\n"
            "    source: {kind: csv, users: users.csv, groups: groups.csv, members: members.csv}\n"
            "    mapping: csv.yaml\n"
            f"    target:\n      kind: identity-center\n{lines}{extra}"
            'service: {listen: "127.0.0.1:0"}\n',
            encoding="utf-8",
        )

    def held(self) -> dict[str, Any]:
        """What the emulator holds, in the terms of a directory: users and groups by externalId, members as ids."""
        state = self.sandbox.state()
        users = {user["id"]: user for user in state["users"]}
        return {
            "users": {user.get("externalId", user["userName"]): user for user in state["users"]},
            "groups": {
                group.get("externalId", group["displayName"]): (
                    group["displayName"],
                    {users[i].get("externalId", users[i]["userName"]) for i in state["members"][group["id"]]},
                )
                for group in state["groups"]
            },
        }

    def assert_equal_to(self, people: People) -> None:
        """The emulator holds exactly this directory, and every request was valid."""
        held = self.held()
        ids = {user["id"]: user["externalId"] for user in held["users"].values()}
        assert set(held["users"]) == set(people.users)
        for user_id, wanted in people.users.items():
            _assert_user(held["users"][user_id], wanted, ids)
        assert held["groups"] == {g: (name, people.flattened(g)) for g, name in people.groups.items()}
        assert self.sandbox.counts.invalid == 0, self.sandbox.counts.told


ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def _assert_user(user: dict[str, Any], wanted: dict[str, str], ids: dict[str, str]) -> None:
    display = wanted["display"] or f"{wanted['given']} {wanted['family']}"
    assert (user["userName"], user["displayName"]) == (wanted["login"].lower(), display)
    assert user["name"] == {"givenName": wanted["given"], "familyName": wanted["family"]}
    assert user["active"] is (wanted["enabled"] == "true")
    assert [email["value"] for email in user.get("emails", [])] == [wanted["mail"]] * bool(wanted["mail"])
    assert user.get("title", "") == wanted["title"]
    enterprise = user.get(ENTERPRISE, {})
    assert enterprise.get("department", "") == wanted["dept"]
    manager = enterprise.get("manager", {}).get("value")
    assert (ids[manager] if manager else "") == wanted["manager"]


def _write(path: Path, header: tuple[str, ...], rows: Any) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    at_rest(path)


def at_rest(path: Path) -> None:
    """Make a file look as if it was written some time ago, so that no one waits whether more of it comes."""
    os.utime(path, (time.time() - 60,) * 2)
