"""Taking over from the tools that serve Google Workspace: `init --from`, and a first plan that takes nothing away.

Each target is built over SCIM as the tool leaves it, with its quirks: what it writes, what it leaves out, what it
deletes, and what its renames and its older versions have left without an id.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from scim_bridge.sandbox.google.server import GoogleSandbox
from tests.e2e.conftest import Cli, Said
from tests.e2e.world import World
from tests.waiting import PATIENCE

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
Row = dict[str, Any]
RENAMED, NAMELESS, SUSPENDED, ARCHIVED = "u3", "u5", "u6", "u7"


@pytest.fixture
def google() -> Iterator[GoogleSandbox]:
    """Eight people: one renamed, one suspended, one archived, one with an invisible name; a group in a group."""
    with GoogleSandbox() as sandbox:
        there = sandbox.directory
        for number in range(8):
            there.put_user(
                f"u{number}",
                primaryEmail=f"u{number}@corp.example",
                name={"givenName": "花子" if number != 5 else "\u200b", "familyName": f"佐藤{number}"},
                suspended=number == 6,
                archived=number == 7,
                organizations=[{"title": f"Title {number}", "department": "開発部", "primary": True}],
                relations=[{"type": "manager", "value": "u0@corp.example"}] if number else None,
            )
        there.put_group("g1", email="dev@corp.example", name="開発者")
        there.put_group("g2", email="all@corp.example", name="全員")
        for number in range(4):
            there.add_member("g1", f"u{number}")
        for member in ("g1", "u4", "u5", SUSPENDED, ARCHIVED):
            there.add_member("g2", member)
        yield sandbox


class Tool:
    """A tool's way to write to Identity Center."""

    def __init__(self, world: World, google: GoogleSandbox) -> None:
        self._target = world.sandbox
        self._google = google.directory
        self.ids: dict[str, str] = {}

    def people(self) -> Iterator[tuple[str, Row]]:
        """Whom Google shows, but for the one whose rights are borrowed."""
        for user_id in [f"u{number}" for number in range(8)]:
            yield user_id, self._google.shown_user(user_id)

    def create_user(self, key: str, body: Row) -> None:
        self.ids[key] = self._create("Users", body)

    def create_group(self, key: str, body: Row, *members: str) -> None:
        group = self._create("Groups", body)
        value = [{"value": self.ids[member]} for member in members if member in self.ids]
        operations = [{"op": "add", "path": "members", "value": value}]
        self._send("PATCH", f"Groups/{group}", {"schemas": [_PATCH], "Operations": operations})

    def _create(self, path: str, body: Row) -> str:
        return str(self._send("POST", path, body).json()["id"])

    def _send(self, method: str, path: str, body: Row) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._target.token}"}
        url = f"{self._target.url.rstrip('/')}/{path}"
        answer = httpx.request(method, url, json=body, headers=headers, timeout=PATIENCE)
        assert answer.status_code < 300, answer.text
        return answer


_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
DIRECT = {"g1": ("u0", "u1", "u2", "u3"), "g2": ("u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7")}
"""Who is in each group once Google has resolved the group in the group."""


def ssosync(tool: Tool) -> None:
    """Since 2.5.0 with the id, but for what older versions made; who is suspended or archived was deleted."""
    for key, person in tool.people():
        if key in (SUSPENDED, ARCHIVED):
            continue
        given, family = person["name"]["givenName"].replace("\u200b", " "), person["name"]["familyName"]
        old = {} if key == RENAMED else {"externalId": key}
        address = {"value": person["primaryEmail"], "type": "work", "primary": True}
        name = {"givenName": given, "familyName": family}
        body = {"userName": person["primaryEmail"], "name": name, "displayName": f"{given} {family}", "active": True}
        tool.create_user(key, body | old | {"emails": [address], "addresses": [{"type": "work"}]})
    tool.create_group("g1", {"displayName": "開発者", "externalId": "g1"}, *DIRECT["g1"])
    tool.create_group("g2", {"displayName": "全員"}, *DIRECT["g2"])


def users_groups(tool: Tool) -> None:
    """ssosync by its other method: users without the id, whoever is suspended still active, groups by their address."""
    for key, person in tool.people():
        given, family = person["name"]["givenName"].replace("\u200b", " "), person["name"]["familyName"]
        address = {"value": person["primaryEmail"], "type": "work", "primary": True}
        name, mark = {"givenName": given, "familyName": family}, {"externalId": key} if key == "u4" else {}
        body = {"userName": person["primaryEmail"], "name": name, "displayName": f"{given} {family}", "active": True}
        tool.create_user(key, body | mark | {"emails": [address], "addresses": [{"type": "work"}]})
    tool.create_group("g1", {"displayName": "dev@corp.example"}, *DIRECT["g1"])
    tool.create_group("g2", {"displayName": "all@corp.example"}, *DIRECT["g2"])


def idp_scim_sync(tool: Tool) -> None:
    """With the id but after a rename; a type of user, a division and the manager's address. Without a name, no one."""
    for key, person in tool.people():
        if key in (SUSPENDED, ARCHIVED, NAMELESS):
            continue
        given, family = person["name"]["givenName"], person["name"]["familyName"]
        full = person["name"]["fullName"]
        body = {
            "userName": person["primaryEmail"],
            "name": {"givenName": given, "familyName": family, "formatted": full},
            "displayName": full,
            "emails": [{"value": person["primaryEmail"], "primary": True}],
            "active": True,
            "title": f"Title {key[1:]}",
            "userType": "admin#directory#user",
            ENTERPRISE: {"department": "開発部", "division": "corp.example", "manager": {"value": "u0@corp.example"}},
        }
        tool.create_user(key, body | ({} if key == RENAMED else {"externalId": key}))
    tool.create_group("g1", {"displayName": "開発者", "externalId": "g1"}, *DIRECT["g1"])
    tool.create_group("g2", {"displayName": "全員"}, *DIRECT["g2"])


@pytest.fixture
def begin(world: World, cli: Cli, google: GoogleSandbox) -> Callable[[str], Said]:
    """Runs `init --from TOOL` on the account."""
    world.config.unlink()
    target = ("--url", world.sandbox.url, "--token", world.sandbox.token)
    who = ("--admin", google.admin, "--key", f"file:{google.key_file}")
    where = ("--google-origin", google.origin, "--ca-file", str(google.ca_file))

    def init(tool: str) -> Said:
        return cli("init", "--source", "google", *who, *where, *target, *(("--from", tool) if tool else ()))

    return init


def planned(cli: Cli) -> list[tuple[str, str, list[str]]]:
    """Kind, subject and what changes, of each operation; of an adoption, beside the id."""
    return [
        (o["kind"], o["subject"], sorted(path for path in o.get("changes", {}) if path != "externalId"))
        for o in cli("plan", "--output", "json").json["operations"]
    ]


@pytest.mark.parametrize(
    ("name", "leave"),
    [("ssosync", ssosync), ("ssosync-users-groups", users_groups), ("idp-scim-sync", idp_scim_sync)],
)
def test_the_first_plan_takes_over_all_who_are_there_and_names_what_differs(
    world: World,
    cli: Cli,
    google: GoogleSandbox,
    begin: Callable[[str], Said],
    name: str,
    leave: Callable[[Tool], None],
) -> None:
    leave(Tool(world, google))
    said = begin(name)
    assert said.code == 0, said.err
    assert "adopt: takeover" in world.config.read_text("utf-8")
    assert "there is no rule for enterprise.manager of users: " in said.out
    assert cli("mapping", "test", str(world.folder / "mapping.yaml")).code == 0
    assert {check["ok"] for check in cli("check", "--output", "json").json} == {True}

    plan = planned(cli)
    there = {f"u{number}@corp.example" for number in range(8)}
    # Who was never there: the admin, who is in no group, and who has no name that the tool could send.
    new = {google.admin} | ({f"{NAMELESS}@corp.example"} if name == "idp-scim-sync" else set())
    assert {o[:2] for o in plan if o[0].startswith(("create", "delete", "remove"))} == {("create_user", n) for n in new}
    document = cli("plan", "--output", "json").json
    assert document["conflicts"] == []
    left = {s["subject"] for s in document["skipped"] if "create_inactive: false" in s["reason"]}
    inactive = {f"{key}@corp.example" for key in (SUSPENDED, ARCHIVED)}
    if name == "ssosync-users-groups":
        assert {o[1] for o in plan if o[0] == "deactivate_user"} == inactive
        assert left == set()
    else:
        assert left == inactive
    adopted = {subject for kind, subject, _ in plan if kind == "adopt_user"}
    unmarked = there - inactive - {"u4@corp.example"} if name == "ssosync-users-groups" else {"u3@corp.example"}
    assert adopted == unmarked
    # What is changed beside the id: the invisible name, which the tool wrote as a space.
    changed = {subject: paths for kind, subject, paths in plan if kind in ("adopt_user", "update_user") and paths}
    assert set(changed) <= {f"{NAMELESS}@corp.example"}, changed
    assert cli("sync").code == 0
    assert [o for o in planned(cli) if o[0] != "deactivate_user"] == []
    held = world.held()["groups"]
    assert {who for _, members in held.values() for who in members} >= {"u0", "u1", "u2", "u3", "u4", "u5"}


def test_without_a_tool_the_ready_mapping_is_proposed(
    world: World, cli: Cli, begin: Callable[[str], Said], google: GoogleSandbox
) -> None:
    assert begin("").code == 0
    text = world.config.read_text("utf-8")
    assert ("adopt: first-run" in text, "create_inactive: false" in text) == (True, True)
    assert cli("check").code == 0
    assert sorted(o[0] for o in planned(cli) if o[0].startswith("create")) == ["create_group"] * 2 + ["create_user"] * 7


def test_another_tool_is_refused_in_one_sentence(begin: Callable[[str], Said]) -> None:
    said = begin("ssosink")
    assert (said.code, "--from: write ssosync, ssosync-users-groups, idp-scim-sync" in said.err) == (2, True)
