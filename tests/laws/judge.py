"""Judges a history by the target and the request log alone, whatever the program says of itself.

The judge knows what the source shows, what was done by hand on the target, and what a person decided. After each
command it looks at the emulator and says what should not be so.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scim_bridge.sandbox.server import Sandbox
from scim_bridge.sandbox.traffic import Logged
from tests.e2e.world import People

PROTECTED_USER = "breakglass@corp.example"
PROTECTED_GROUP = "AWSControlTowerAdmins"


@dataclass(frozen=True)
class Policy:
    """The policy of one history, as far as the judge needs it."""

    drift: str = "overwrite"
    rehire: str = "ask"
    delete_after_hours: int | None = None
    is_bold: bool = True

    @property
    def yaml(self) -> str:
        grace = f"delete_after: {self.delete_after_hours}h" if self.delete_after_hours else "action: deactivate"
        limits = "limits: {" + ", ".join(f"{name}: 100%" for name in _LIMITS) + "}" if self.is_bold else "limits: {}"
        protect = f"protect: {{users: ['{PROTECTED_USER}'], groups: ['AWSControlTower*']}}"
        return f"drift: {self.drift}, rehire: {self.rehire}, deprovision: {{{grace}}}, {protect}, {limits}"


_GRANTS, _REVOCATIONS = ("create", "add", "activate"), ("remove", "deactivate", "delete")


def _steps(request: Logged) -> Iterator[str]:
    """What a request does, as far as the order of revocations and grants goes."""
    if request.method == "POST":
        yield "create"
    elif request.method == "DELETE":
        yield "delete"
    for operation in (request.body or {}).get("Operations", ()) if request.method == "PATCH" else ():
        if operation.get("path") == "active":
            yield "activate" if operation["value"] else "deactivate"
        elif operation.get("path", "").startswith("members"):
            yield operation["op"].lower()


_LIMITS = ("deactivate", "delete", "remove_members", "shrink_source", "missing", "mapping_change")


@dataclass
class Judge:
    """What has happened so far, besides what the program did.

    managed: externalIds that the target has borne while a record had that id. locked: target ids that someone locked
    by hand, and no one since said may be active. unlocked_by: target ids for which a person or the source said so.
    decided: target ids that a person gave to a record. shut_at: target id → hours of the history's clock when it was
    last found inactive. clock: hours.
    """

    sandbox: Sandbox
    policy: Policy
    managed: set[str] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)
    decided: set[str] = field(default_factory=set)
    shut_at: dict[str, float] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)
    clock: float = 0.0
    by_hand: set[str] = field(default_factory=set)

    def users(self) -> dict[str, dict[str, Any]]:
        """The target's users by target id."""
        return {user["id"]: user for user in self.sandbox.state()["users"]}

    def look(self, people: People) -> None:
        """Take note of what the target shows now, after something was done by hand or by the program."""
        for target_id, user in self.users().items():
            mark = user.get("externalId")
            if mark and mark in people.users:
                self.managed.add(mark)
            if mark and target_id not in self.by_hand:
                self.persons[target_id] = mark
            if user["active"]:
                self.shut_at.pop(target_id, None)
            else:
                self.shut_at.setdefault(target_id, self.clock)

    def never(self, before: dict[str, Any]) -> list[str]:
        """What should not be so after any command, in any weather. before: the emulator's state before it."""
        return [
            *self._activated(before),
            *self._persons(before),
            *self._protected(before),
            *self._deleted(before),
            *self._doubles(),
        ]

    def in_calm(self, people: People, code: int, named: str, conflicts: list[Any]) -> list[str]:
        """What should not be so after a command when nothing went wrong on the way. named: the command."""
        found = []
        if self.sandbox.counts.invalid:
            found.append(f"invalid requests: {self.sandbox.counts.told}")
        found += self._revoked_late()
        if named == "sync --full" and code in (0, 5):  # any other trusts what was last seen
            found += self._leavers(people, conflicts)
            found += self._memberships(people, conflicts)
        waiting = [c for c in conflicts if c["resolution"] not in ("ignore", "target")]
        if named.startswith("sync") and "--only" not in named and code == 0 and waiting:
            found.append(f"exit 0, and {[c['kind'] for c in waiting]} wait")
        return found

    def _revoked_late(self) -> Iterator[str]:
        """Revocations go first: no one is deactivated or taken out of a group after someone was let in."""
        granted = ""
        for request in self.sandbox.requests:
            for step in _steps(request):
                if step in _GRANTS:
                    granted = granted or f"{request.method} {request.path}"
                elif step in _REVOCATIONS and granted:
                    yield f"{request.method} {request.path} revokes after {granted}"

    def _activated(self, before: dict[str, Any]) -> Iterator[str]:
        shown = self.users()
        for target_id in self.locked & {user["id"] for user in before["users"] if not user["active"]}:
            if target_id in shown and shown[target_id]["active"]:
                yield f"{shown[target_id]['userName']} was locked by hand and is active"

    def _persons(self, before: dict[str, Any]) -> Iterator[str]:
        for target_id, user in self.users().items():
            person, mark = self.persons.get(target_id), user.get("externalId")
            is_allowed = target_id in self.decided or self.policy.rehire == "link" or target_id in self.by_hand
            if person and mark and mark != person and not is_allowed:
                yield f"the account {target_id} of {person} is {mark}'s now"

    def _protected(self, before: dict[str, Any]) -> Iterator[str]:
        now = self.sandbox.state()
        for kind, name, protected in (
            ("users", "userName", PROTECTED_USER), ("groups", "displayName", PROTECTED_GROUP)
        ):  # fmt: skip
            was = [r for r in before[kind] if r[name] == protected]
            if was and was != [r for r in now[kind] if r[name] == protected]:
                yield f"{protected} was touched"
            for resource in was:
                for group_id, members in before["members"].items():
                    inside = set(now["members"].get(group_id, members))
                    if kind == "users" and (resource["id"] in members) != (resource["id"] in inside):
                        yield f"a membership of {protected} was touched"
                if kind == "groups" and before["members"][resource["id"]] != now["members"].get(resource["id"]):
                    yield f"the members of {protected} were touched"

    def _deleted(self, before: dict[str, Any]) -> Iterator[str]:
        grace, there = self.policy.delete_after_hours, self.users()
        for user in before["users"]:
            if user["id"] in there:
                continue
            shut = self.shut_at.get(user["id"])
            if grace is None or shut is None or self.clock - shut < grace:
                yield f"{user['userName']} was deleted before the grace was over"

    def _doubles(self) -> Iterator[str]:
        marks = [u["externalId"] for u in self.users().values() if "externalId" in u and u["id"] not in self.by_hand]
        for mark in {m for m in marks if marks.count(m) > 1}:
            yield f"two users have the externalId {mark}"

    def _leavers(self, people: People, conflicts: list[Any]) -> Iterator[str]:
        told = json.dumps(conflicts, ensure_ascii=False)
        for user in self.users().values():
            mark, name = user.get("externalId"), user["userName"]
            record = people.users.get(mark or "")
            is_out = record is None or record["enabled"] != "true"
            is_told = user["id"] in told or name in told or self._is_held(people, mark or "", conflicts)
            if user["active"] and mark in self.managed and is_out and not is_told and name != PROTECTED_USER:
                yield f"{name} ({mark}) has left or is disabled, is active, and no conflict tells of it"

    def _is_held(self, people: People, mark: str, conflicts: list[Any]) -> bool:
        record = people.users.get(mark)
        names = {record["login"].lower()} if record is not None else set()
        return any(names & {str(s).lower() for s in c["subjects"]} for c in conflicts)

    def _memberships(self, people: People, conflicts: list[Any]) -> Iterator[str]:
        users, told = self.users(), json.dumps(conflicts, ensure_ascii=False)
        state = self.sandbox.state()
        for group in state["groups"]:
            mark = group.get("externalId")
            if mark not in people.groups or group["id"] in self.by_hand or group["displayName"] in told:
                continue
            wanted = people.flattened(mark)
            for user_id in state["members"][group["id"]]:
                user = users[user_id]
                member = user.get("externalId")
                is_told = user_id in told or user["userName"] in told or user["userName"] == PROTECTED_USER
                is_told = is_told or user_id in self.by_hand
                if member not in wanted and not is_told and not self._is_held(people, member or "", conflicts):
                    yield f"{user['userName']} is in {group['displayName']}, which the source does not say"
