"""Compares what two mappings would make of the same directory and the same target. Values in, values out.

Both plans are looked at by their end: what each resource and each group would hold after a sync. So whatever decides
about a resource (held, kept, protected, departed) counts without a rule of its own here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from scim_bridge.model.identity import MANAGER, Desired, Directory, Kind, Members, SourceKey, TargetKey, Value
from scim_bridge.model.mapping_comparison import (
    TIMEZONE,
    AttributeChange,
    Comparison,
    MemberChange,
    RuleChange,
    ScopeChange,
)
from scim_bridge.model.operation import Change, Operation
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.model.plan import Conflict, Plan
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.match.correlate import Match, Matches

Identity = SourceKey | TargetKey
"""One identity under both mappings: its record, or the resource if no record and no link claims it.

Both are keys of one dictionary here, so the id of a record that reads like the id of an unclaimed resource would be
taken for it. Target ids are random UUIDs; and nothing is written by what a comparison says.
"""


@dataclass(frozen=True)
class Outlook:
    """One mapping over the reading: the plan, and what it was made from."""

    matches: Matches
    sides: Sides
    plan: Plan

    @cached_property
    def match_of(self) -> Mapping[Identity, Match]:
        """Every identity's match."""
        return {_identity(m): m for m in self.matches}

    @cached_property
    def changes_of(self) -> Mapping[Identity, Mapping[str, Change]]:
        """What the plan does to each resource's attributes; of several operations the end counts."""
        found: dict[Identity, dict[str, Change]] = {}
        for operation in self.plan.operations:
            if operation.changes:
                changes = found.setdefault(_key(operation), {})
                for path, (old, new) in operation.changes.items():
                    # A temporary name is not a difference that anyone asked about.
                    changes[path] = (changes[path][0] if path in changes else old, new)
        return found

    @cached_property
    def operation_of(self) -> Mapping[Identity, OperationKind]:
        """The first thing the plan does to each resource; a member operation counts as the group's."""
        return {_key(operation): operation.kind for operation in reversed(self.plan.operations)}

    @cached_property
    def member_changes(self) -> Mapping[tuple[str, str], tuple[bool, str, str]]:
        """(group, user) → whether the user is then in it, and both names."""
        return {
            (_key(operation).id, member.source_id or member.target_id or ""): (
                operation.kind == "add_members",
                operation.subject,
                member.name,
            )
            for operation in self.plan.operations
            for member in operation.members
        }

    def is_member(self, group: str, user: str, members: Members) -> bool:
        """Whether the user would be in the group after this plan. members: of all groups that were read."""
        planned = self.member_changes.get((group, user))
        if planned is not None:
            return planned[0]
        group_id, user_id = self._target_id("group", group), self._target_id("user", user)
        is_in = self._moved.get((group_id, user_id))  # by another name: a record may claim the resource here only
        return user_id in members.get(group_id, ()) if is_in is None else is_in

    @cached_property
    def _moved(self) -> Mapping[tuple[str | None, str | None], bool]:
        """The same by target ids."""
        return {
            (operation.target_id, member.target_id): operation.kind == "add_members"
            for operation in self.plan.operations
            for member in operation.members
            if operation.target_id and member.target_id
        }

    def _target_id(self, kind: Kind, key: str) -> str:
        match = self.match_of.get(SourceKey(kind, key))
        return key if match is None else _target_id(match) or ""


def compare(now: Outlook, changed: Outlook, rules: Sequence[RuleChange]) -> Comparison:
    """What would be different under the changed mapping. rules: those that are written differently."""
    entered = _in_scope(changed.sides.directory, now.sides.directory)
    left = _in_scope(now.sides.directory, changed.sides.directory)
    reasons = _Reasons(now, changed, rules, _keys(entered), _keys(left))
    return Comparison(
        connection=now.plan.connection,
        rules=tuple(rules),
        entered=tuple(_scope_change(record, changed, reasons) for record in entered),
        left=tuple(_scope_change(record, changed, reasons) for record in left),
        attributes=tuple(_attribute_changes(now, changed, reasons)),
        members=tuple(_member_changes(now, changed, reasons)),
        held=_only(changed.plan.conflicts, now.plan.conflicts),
        released=_only(now.plan.conflicts, changed.plan.conflicts),
        now=now.plan.summary,
        changed=changed.plan.summary,
        verdict=now.plan.verdict,
    )


def _key(operation: Operation) -> Identity:
    return operation.key if operation.source_id else TargetKey(operation.resource, operation.target_id or "")


def _identity(match: Match) -> Identity:
    return match.key if match.source_id or match.existing is None else match.existing.key


def _target_id(match: Match | None) -> str | None:
    return match.existing.target_id if match is not None and match.existing is not None else None


def _keys(records: Iterable[Desired]) -> frozenset[Identity]:
    return frozenset(record.key for record in records)


def _in_scope(directory: Directory, other: Directory) -> list[Desired]:
    """The records in scope here that are not in scope there; one without an id is known by its place."""
    there = {(d.kind, d.source_id or d.places[0]) for d in (*other.users, *other.groups)}
    here = (*directory.users, *directory.groups)
    return [record for record in here if (record.kind, record.source_id or record.places[0]) not in there]


def _scope_change(record: Desired, changed: Outlook, reasons: "_Reasons") -> ScopeChange:
    operation = changed.operation_of.get(record.key) if record.source_id else None
    why = reasons.of_rule(record.kind, "scope") or reasons.of_timezone() or _INDIRECT
    return ScopeChange(
        kind=record.kind,
        source_id=record.source_id,
        name=record.name,
        place=record.places[0],
        operation=operation,
        why=why,
    )


def _only(conflicts: Iterable[Conflict], others: Iterable[Conflict]) -> tuple[Conflict, ...]:
    known = {conflict.key for conflict in others}
    return tuple(conflict for conflict in conflicts if conflict.key not in known)


def _attribute_changes(now: Outlook, changed: Outlook, reasons: "_Reasons") -> Iterator[AttributeChange]:
    """Resources that end with other attributes. Records that enter or leave scope have a list of their own."""
    for key in dict.fromkeys((*changed.changes_of, *now.changes_of)):
        if key in reasons.entered or key in reasons.left:
            continue
        differences = _differences(key, now, changed)
        if differences:
            match = changed.match_of.get(key) or now.match_of[key]
            why = "; ".join(dict.fromkeys(reasons.of_attribute(key, path) for path in sorted(differences)))
            yield AttributeChange(key.kind, key.id, match.name, differences, why)


def _differences(key: Identity, now: Outlook, changed: Outlook) -> dict[str, Change]:
    ours, theirs = now.changes_of.get(key, {}), changed.changes_of.get(key, {})
    resource, other = now.match_of.get(key), changed.match_of.get(key)
    # Under another mapping the record may match another resource; then the values of the one say nothing of the other.
    is_same = _target_id(resource) == _target_id(other)
    if is_same and ours == theirs:
        return {}
    found = {}
    for path in dict.fromkeys((*theirs, *ours)):
        old = _value(path, ours, theirs if is_same else {}, resource)
        new = _value(path, theirs, ours if is_same else {}, other)
        if old != new:
            found[path] = (old, new)
    return found


def _value(path: str, changes: Mapping[str, Change], same: Mapping[str, Change], match: Match | None) -> Value | None:
    """What the attribute is after a plan with these changes. same: what the other plan does to the same resource."""
    if path in changes:
        return changes[path][1]
    if path in same:
        return same[path][0]
    return match.existing.attributes.get(path) if match is not None and match.existing is not None else None


def _member_changes(now: Outlook, changed: Outlook, reasons: "_Reasons") -> Iterator[MemberChange]:
    """Memberships that would exist under one mapping only, gathered by group and reason."""
    gathered: dict[tuple[str, str, Literal["joins", "leaves"], str], list[str]] = defaultdict(list)
    members = {**now.sides.members, **changed.sides.members}
    for group, user in dict.fromkeys((*changed.member_changes, *now.member_changes)):
        is_in = changed.is_member(group, user, members)
        if now.is_member(group, user, members) != is_in:
            told = changed.member_changes.get((group, user)) or now.member_changes[group, user]
            why = reasons.of_member(group, user)
            gathered[group, told[1], "joins" if is_in else "leaves", why].append(told[2])
    for (_, name, verb, why), users in gathered.items():
        yield MemberChange(name, verb, tuple(users), why)


_INDIRECT = "follows from what changes for others"


@dataclass
class _Reasons:
    """Why something is different: the rule that changed if one did, else what it follows from."""

    now: Outlook
    changed: Outlook
    rules: Sequence[RuleChange]
    entered: frozenset[Identity]
    left: frozenset[Identity]

    @cached_property
    def _causes(self) -> Mapping[tuple[Kind, str], str]:
        return {(rule.kind, rule.path): rule.cause for rule in self.rules}

    def of_rule(self, kind: Kind, path: str) -> str:
        """The changed rule's place, "" if this rule has not changed."""
        return self._causes.get((kind, path), "")

    def of_attribute(self, key: Identity, path: str) -> str:
        """Why one attribute would be different."""
        moved = self._of_identity(key)
        of_manager = self._of_manager() if path == MANAGER else ""
        return self.of_rule(key.kind, path) or moved or of_manager or self.of_timezone() or _INDIRECT

    def of_timezone(self) -> str:
        """The time zone, if it has changed: dates may then be other days in every rule."""
        return self.of_rule("user", TIMEZONE)

    def of_member(self, group: str, user: str) -> str:
        """Why one membership would be different."""
        of_user, of_group = SourceKey("user", user), SourceKey("group", group)
        told = (self._of_scope(of_user, "the user"), self._of_scope(of_group, "the group"))
        moved = (self._of_identity(of_user, "the user: "), self._of_identity(of_group, "the group: "))
        return next(filter(None, (*told, self._of_nesting(group, user), *moved)), _INDIRECT)

    def _of_scope(self, key: Identity, who: str) -> str:
        if key in self.entered:
            return f"{who} enters scope"
        return f"{who} leaves scope" if key in self.left else ""

    def _of_nesting(self, group: str, user: str) -> str:
        was, is_ = (user in o.sides.directory.members.get(group, ()) for o in (self.now, self.changed))
        return self.of_rule("group", "nested") if was != is_ else ""

    def _of_manager(self) -> str:
        return "the manager is provisioned under one mapping only"

    def _of_identity(self, key: Identity, before: str = "") -> str:
        """What correlation finds differently: who waits, with the conflict; or the situation."""
        was, is_ = self.now.match_of.get(key), self.changed.match_of.get(key)
        # A resource that no record claims under one mapping has no match of that key there.
        if was is None or is_ is None:
            return f"{before}claimed by another record" if was is not is_ else ""
        old, new = ({c.key: c for c in m.conflicts} for m in (was, is_))
        if new.keys() - old.keys():
            return f"{before}waits: {_kinds(new[k] for k in new.keys() - old.keys())}"
        if old.keys() - new.keys():
            return f"{before}no longer waits: {_kinds(old[k] for k in old.keys() - new.keys())}"
        if was.row.situation != is_.row.situation:
            return f"{before}situation {was.row.situation} → {is_.row.situation}"
        return f"{before}another resource matches" if _target_id(was) != _target_id(is_) else ""


def _kinds(conflicts: Iterable[Conflict]) -> str:
    return ", ".join(sorted({conflict.kind for conflict in conflicts}))
