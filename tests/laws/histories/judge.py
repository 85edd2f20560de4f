"""Judges a history by the target and the request log alone, whatever the program says of itself.

The judge knows what the sources show, what was done by hand on the target, and what a person decided. After each
command it looks at the emulator and says what should not be so.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from scim_bridge.sandbox.server import Sandbox
from scim_bridge.sandbox.traffic import Logged
from tests.e2e.world import People

PROTECTED_USER = "breakglass@corp.example"
PROTECTED_GROUP = "AWSControlTowerAdmins"
_USERS, _GROUPS = (PROTECTED_USER,), ("AWSControlTower*",)
_MORE_USERS, _MORE_GROUPS = ("b@corp.example", "x@corp.example"), ("dev",)
_LIMITS = ("deactivate", "delete", "remove_members", "shrink_source", "missing", "mapping_change")


@dataclass(frozen=True)
class Policy:
    """The policy of one history, as far as the judge needs it.

    limits: "off"; "default", where up to three objects never trip; or "tight", where they do. protects_more: a user of
    each source and a group are protected as well.
    """

    drift: str = "overwrite"
    rehire: str = "ask"
    deprovision: str = "deactivate"
    delete_after_hours: int | None = None
    orphans: str = "report"
    limits: str = "off"
    protects_more: bool = False

    @property
    def users(self) -> tuple[str, ...]:
        """The protected users' globs."""
        return (*_USERS, *_MORE_USERS) if self.protects_more else _USERS

    @property
    def groups(self) -> tuple[str, ...]:
        """The protected groups' globs."""
        return (*_GROUPS, *_MORE_GROUPS) if self.protects_more else _GROUPS

    def protects(self, kind: str, name: str) -> bool:
        """Whether a user ("users") or a group ("groups") of this name is protected."""
        return any(fnmatch(name.lower(), glob.lower()) for glob in (self.users if kind == "users" else self.groups))

    @property
    def yaml(self) -> str:
        """The policy as it stands in the configuration."""
        deprovision = f"action: {self.deprovision}"
        if self.delete_after_hours and self.deprovision == "deactivate":
            deprovision += f", delete_after: {self.delete_after_hours}h"
        bold = ", ".join(f"{name}: 100%" for name in _LIMITS)
        limits = {"off": bold, "default": "", "tight": "floor: 0"}[self.limits]
        protect = f"protect: {{users: {json.dumps(self.users)}, groups: {json.dumps(self.groups)}}}"
        return (
            f"drift: {self.drift}, rehire: {self.rehire}, deprovision: {{{deprovision}}}, orphans: {self.orphans}, "
            f"{protect}, limits: {{{limits}}}"
        )


@dataclass(frozen=True)
class Shown:
    """What one source shows. people: those in scope, with an id; raw: everybody. marks: ids that are this source's."""

    connection: str
    people: People
    raw: People
    marks: str


@dataclass(frozen=True)
class Ended:
    """A command that has ended. conflicts: the open ones of its connection."""

    arguments: tuple[str, ...]
    code: int
    out: str
    conflicts: list[Any]

    @property
    def waiting(self) -> list[Any]:
        """The conflicts no one has decided to leave as they are."""
        return [c for c in self.conflicts if c["resolution"] not in ("ignore", "target")]

    @property
    def is_sync_of_all(self) -> bool:
        """A sync about everybody."""
        return self.arguments[0] == "sync" and "--only" not in self.arguments

    @property
    def only(self) -> str:
        """Whom a sync named."""
        return self.arguments[self.arguments.index("--only") + 1] if "--only" in self.arguments else ""


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


@dataclass
class Judge:
    """What has happened so far, besides what the program did.

    managed: externalIds that the target has borne while a record had that id. locked: target ids that someone locked
    by hand, and no one since said may be active. decided: target ids that a person gave to a record. shut_at: target id
    → hours of the history's clock when it was last found inactive. persons: target id → whose it was last. clock:
    hours. by_hand: target ids whose externalId someone else has written. unseen: connections that have not read the
    target in full since something was done there by hand, or since their state was lost or restored. given: target ids
    that a decision may have given to another connection than the one whose record they were made for: without state the
    accounts of both look alike, and who says of the branch's at corp that they have left makes them corp's. Whose they
    are from then on depends on which of the two runs first, so nothing is asked of either about them.
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
    unseen: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)

    def users(self) -> dict[str, dict[str, Any]]:
        """The target's users by target id."""
        return {user["id"]: user for user in self.sandbox.state()["users"]}

    def look(self, sides: Mapping[str, Shown]) -> None:
        """Take note of what the target shows now, after something was done by hand or by the program."""
        in_scope = {mark for shown in sides.values() for mark in shown.people.users}
        for target_id, user in self.users().items():
            mark = user.get("externalId")
            if mark in in_scope:
                self.managed.add(mark)
            if mark and target_id not in self.by_hand:
                self.persons[target_id] = mark
            if user["active"]:
                self.shut_at.pop(target_id, None)
            else:
                self.shut_at.setdefault(target_id, self.clock)

    def never(self, before: dict[str, Any]) -> list[str]:
        """What should not be so after any command, in any weather. before: the emulator's state before it."""
        found = [
            *self._activated(before),
            *self._persons(before),
            *self._protected(before),
            *self._deleted(before),
            *self._doubles(),
        ]
        self.locked -= self._deactivated()
        return found

    def _deactivated(self) -> set[str]:
        """Target ids of users whom the program has just deactivated.

        Where it did not know of a lock by hand, its own deactivation has covered it: the target shows both alike, and
        a rollback of that run gives back what was known before it.
        """
        return {request.path.rpartition("/")[2] for request in self.sandbox.requests if "deactivate" in _steps(request)}

    def in_calm(self, shown: Shown, ended: Ended) -> list[str]:
        """What should not be so after a command when nothing went wrong on the way."""
        found = []
        if self.sandbox.counts.invalid:
            found.append(f"invalid requests: {self.sandbox.counts.told}")
        found += self._revoked_late()
        if ended.code not in (0, 5):
            return found
        if ended.is_sync_of_all:
            if "--full" in ended.arguments:
                self.unseen.discard(shown.connection)
            if shown.connection not in self.unseen:  # it trusts what was last seen
                found += self._leavers(shown, ended.conflicts)
                found += self._memberships(shown, ended.conflicts)
            found += self._exit_code(ended)
        elif ended.only:
            found += self._leavers(shown, ended.conflicts, ended.only)
        return found

    def _exit_code(self, ended: Ended) -> Iterator[str]:
        """The exit code and the conflicts say the same."""
        kinds = [c["kind"] for c in ended.waiting]
        if ended.code == 0 and kinds:
            yield f"exit 0, and {kinds} wait"
        if ended.code == 5 and not kinds and "failed" not in ended.out:
            yield "exit 5, and no conflict waits"

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
        """Who bears a protected name is as before, and so are the memberships."""
        now = self.sandbox.state()
        for kind, name in (("users", "userName"), ("groups", "displayName")):
            after = {each["id"]: each for each in now[kind]}
            for was in before[kind]:
                if not self.policy.protects(kind, was[name]):
                    continue
                if was != after.get(was["id"]):
                    yield f"{was[name]} is protected and was touched"
                for group_id, members in before["members"].items():
                    inside = set(now["members"].get(group_id, members))
                    if kind == "users" and (was["id"] in members) != (was["id"] in inside):
                        yield f"a membership of {was[name]} was touched, who is protected"
                there = {user["id"] for user in now["users"]}  # who is deleted after the grace is in no group any more
                if kind == "groups" and {*before["members"][was["id"]]} & there != {*now["members"].get(was["id"], ())}:
                    yield f"the members of {was[name]} were touched, which is protected"

    def _deleted(self, before: dict[str, Any]) -> Iterator[str]:
        grace, there = self.policy.delete_after_hours, self.users()
        for user in before["users"]:
            if user["id"] in there:
                continue
            shut = self.shut_at.get(user["id"])
            is_early = grace is None or shut is None or self.clock - shut < grace
            if is_early or self.policy.deprovision != "deactivate":
                yield f"{user['userName']} was deleted before the grace was over"

    def _doubles(self) -> Iterator[str]:
        marks = [u["externalId"] for u in self.users().values() if "externalId" in u and u["id"] not in self.by_hand]
        for mark in {m for m in marks if marks.count(m) > 1}:
            yield f"two users bear the externalId {mark}"

    def _leavers(self, shown: Shown, conflicts: list[Any], only: str = "") -> Iterator[str]:
        """No one who has left or is disabled is active, but those whom a conflict or the policy tells of."""
        told = json.dumps(conflicts, ensure_ascii=False)
        for user in self.users().values():
            mark, name = user.get("externalId") or "", user["userName"]
            if only and only != mark:
                continue
            owner = self.persons.get(user["id"], mark)  # someone else may have written another's mark on it
            if mark not in self.managed or not {mark, owner} <= set(shown.marks) or user["id"] in self.given:
                continue
            records = [shown.people.users.get(each) for each in (mark, owner)]
            is_out = not any(record is not None and record["enabled"] == "true" for record in records)
            is_kept = self.policy.deprovision == "keep" and records == [None, None]
            is_told = user["id"] in told or name in told or _is_held(shown, mark, conflicts) or is_kept
            if user["active"] and is_out and not is_told and not self.policy.protects("users", name):
                yield f"{name} ({mark}) has left or is disabled, is active, and no conflict tells of it"

    def _memberships(self, shown: Shown, conflicts: list[Any]) -> Iterator[str]:
        """No one is in a managed group whom the source does not put there, but those whom a conflict tells of."""
        users, told = self.users(), json.dumps(conflicts, ensure_ascii=False)
        state = self.sandbox.state()
        for group in state["groups"]:
            mark, name = group.get("externalId"), group["displayName"]
            is_exempt = group["id"] in self.by_hand | self.given or name in told or group["id"] in told
            # Renamed by hand, a group is protected still: what counts is the name that we gave it, too.
            names = (name, shown.people.groups.get(mark, ""))
            if mark not in shown.people.groups or is_exempt or any(self.policy.protects("groups", n) for n in names):
                continue
            wanted = shown.people.flattened(mark) & shown.people.users.keys()
            for user_id in state["members"][group["id"]]:
                user = users[user_id]
                member = user.get("externalId") or ""
                is_told = user_id in told or user["userName"] in told or user_id in self.by_hand
                is_told = is_told or self.policy.protects("users", user["userName"])
                is_told = is_told or (self.policy.deprovision == "keep" and member not in shown.people.users)
                if member not in wanted and not is_told and not _is_held(shown, member, conflicts):
                    yield f"{user['userName']} is in {name}, which the source does not say"


def _is_held(shown: Shown, mark: str, conflicts: list[Any]) -> bool:
    """A conflict is about this record, by the name that the source gives it."""
    record = shown.raw.users.get(mark)
    names = {record["login"].lower()} if record is not None else set()
    return any(names & {str(s).lower() for s in c["subjects"]} for c in conflicts)
