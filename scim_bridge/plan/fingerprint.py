"""What a plan is bound to: hashes of the desired state and of the resources it touches (docs/design.md §5.2).

The hash of the desired state is that of a set, which is moved on (model/desired_side.py); it comes with the directory.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import orjson

from scim_bridge.model.identity import (
    INDEXED,
    Directory,
    Existing,
    Inventory,
    Kind,
    Members,
)
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Basis, Plan
from scim_bridge.model.policy import Policy
from scim_bridge.model.text import folded


def fingerprint_settings(policy: Policy, endpoint: str) -> str:
    """A hash of what an operator has decided: a plan made under one policy is not applied under another."""
    # A plan approved under one policy would otherwise be applied under another, with limits that no one has seen it
    # pass.
    return hashlib.sha256(f"{policy!r}\n{endpoint}".encode()).hexdigest()


def basis_of(
    directory: Directory,
    operations: Sequence[Operation],
    inventory: Inventory,
    members: Members,
    *,
    read_at: str,
    settings: str,
    today: str,
) -> Basis:
    """The basis of a plan over these operations."""
    resources = hash_resources(operations, inventory, members)
    whole = hashlib.sha256(orjson.dumps(resources, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Basis(
        source=directory.digest,
        target=whole,
        target_read=read_at,
        settings=settings,
        resources=resources,
        today=today,
    )


def changed_since(saved: Plan, now: Basis, inventory: Inventory, members: Members, begun: frozenset[str]) -> str:
    """What moved since a plan was made, in words, "" if nothing did. now: what a plan of this moment is made from.

    begun: ids of operations that an earlier run of this plan has sent: what they touch has changed by our own hand.
    """
    if now.source != saved.basis.source:
        return "the source changed"
    if now.settings != saved.basis.settings:
        return "the policy or the target's address changed"
    # A plan that was cut has changed these itself. What others did to them is asked of the journal
    # (run/touched_since.py).
    ours = {key for operation in saved.operations if operation.id in begun for key in _keys(operation)}
    shown = hash_resources(saved.operations, inventory, members)
    subjects = {key: operation.subject for operation in saved.operations for key in _keys(operation)}
    moved = [subjects[key] for key, seen in saved.basis.resources.items() if key not in ours and shown.get(key) != seen]
    if not moved:
        return ""
    named = ", ".join(list(dict.fromkeys(moved))[:5]) + (f" and {len(moved) - 5} more" if len(moved) > 5 else "")
    return f"{named} changed on the target"


def with_whole_groups(basis: Basis, members: Members) -> Basis:
    """The same, where the plan was made of some of the members of these groups: they are hashed whole."""
    whole = {f"members of {group_id}": _hash(sorted(users)) for group_id, users in members.items()}
    resources = {key: whole.get(key, seen) for key, seen in basis.resources.items()}
    target = hashlib.sha256(orjson.dumps(resources, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return replace(basis, resources=resources, target=target)


def _keys(operation: Operation) -> tuple[str, ...]:
    """The names under which a basis remembers what an operation touches."""
    if operation.target_id is None:
        return (f"{operation.resource} {operation.source_id}",)
    return (operation.target_id, f"members of {operation.target_id}")


def hash_resources(operations: Iterable[Operation], inventory: Inventory, members: Members) -> dict[str, str]:
    """Target id → hash of what it shows now, for each resource touched, its members included where they change.

    Something to be created stands under "kind source-id", with the ids of the resources that already have its names.
    """

    # Asked for by creates alone, and most plans over a large target have none.
    @cache
    def named(kind: Kind) -> dict[tuple[str, str], list[str]]:
        return _names(inventory.of(kind).values())

    resources: dict[str, str] = {}
    for operation in operations:
        if operation.target_id is not None:
            existing = inventory.of(operation.resource).get(operation.target_id)
            shown: object = dict(existing.attributes) if existing is not None else None
            resources.setdefault(operation.target_id, _hash(shown))
            if operation.members:
                resources[f"members of {operation.target_id}"] = _hash(sorted(members.get(operation.target_id, ())))
        elif operation.is_create:
            # Something to be created has no id to hash. If its name is taken by then, the create would be a 409, or an
            # adoption that no one approved.
            bearers = _bearers(named(operation.resource), operation)
            resources[f"{operation.resource} {operation.source_id}"] = _hash(bearers) if bearers else _NOBODY
    return resources


def _names(resources: Iterable[Existing]) -> dict[tuple[str, str], list[str]]:
    names: dict[tuple[str, str], list[str]] = {}
    for existing in resources:
        for path in INDEXED[existing.kind]:
            value = existing.attributes.get(path)
            if value:
                names.setdefault((path, folded(str(value))), []).append(existing.target_id)
    return names


def _bearers(names: Mapping[tuple[str, str], list[str]], operation: Operation) -> list[str]:
    """The resources that have one of the names a new one is to have."""
    if not names:
        return []
    found: set[str] = set()
    for path in INDEXED[operation.resource]:
        new = operation.changes.get(path, (None, None))[1]
        found.update(names.get((path, folded(str(new))), ()))
    return sorted(found)


def _hash(shown: object) -> str:
    return hashlib.sha256(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


_NOBODY = _hash([])
