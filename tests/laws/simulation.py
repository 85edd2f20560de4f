"""A target as plain values: applies operations one at a time and refuses whatever breaks uniqueness at that moment."""

from dataclasses import dataclass, field

from scim_bridge.model.capabilities import fold
from scim_bridge.model.identity import Existing, Kind, Value
from scim_bridge.model.operation import Operation
from tests.builders import CAPABILITIES, Target


@dataclass
class Simulation:
    """Resources and members that change. created: (kind, source id) → the id given to it."""

    resources: dict[str, Existing]
    members: dict[str, set[str]]
    created: dict[tuple[Kind, str], str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, target: Target) -> "Simulation":
        return cls(
            {resource.target_id: resource for resource in target.resources},
            {group_id: set(ids) for group_id, ids in target.members.items()},
        )

    def as_target(self) -> Target:
        return Target(tuple(self.resources.values()), {g: frozenset(ids) for g, ids in self.members.items()})

    def apply(self, operation: Operation, owners: dict[tuple[Kind, str], str]) -> None:
        """One operation; owners: (kind, source id) → target id of what existed before."""
        if operation.is_create:
            assert (operation.resource, str(operation.source_id)) not in self.created, "created twice"
            target_id = f"new-{operation.resource}-{operation.source_id}"
            while target_id in self.resources:  # an earlier run's, whose record has changed since
                target_id += "+"
            self._put(operation, target_id, {}, owners)
            self.created[operation.resource, str(operation.source_id)] = target_id
            return
        target_id = operation.target_id or self.created[operation.resource, str(operation.source_id)]
        if operation.is_delete:
            assert not self.members.get(target_id), "a group that still has members"
            del self.resources[target_id]
            self.members = {g: ids - {target_id} for g, ids in self.members.items() if g != target_id}
            self.deleted.add(target_id)
            return
        if operation.members:
            ids = {m.target_id or self.created["user", str(m.source_id)] for m in operation.members}
            assert len(operation.members) <= CAPABILITIES.changes_per_patch
            assert ids <= set(self.resources), "a member that does not exist"
            group = self.members.setdefault(target_id, set())
            if operation.kind == "add_members":
                assert not ids & group, "added again"
                group |= ids
            else:
                assert ids <= group, "removed though not in it"
                group -= ids
            return
        existing = self.resources[target_id]
        self._put(operation, target_id, dict(existing.attributes), owners)

    def _put(
        self, operation: Operation, target_id: str, shown: dict[str, Value], owners: dict[tuple[Kind, str], str]
    ) -> None:
        for path, (_, new) in operation.changes.items():
            value = new
            if path == "enterprise.manager" and new is not None:
                key: tuple[Kind, str] = ("user", str(new))
                value = self.created.get(key) or owners[key]
            shown.pop(path, None)
            if value is not None:
                shown[path] = value
        for path, how in CAPABILITIES.unique(operation.resource):
            for other in self.resources.values():
                if other.kind == operation.resource and other.target_id != target_id and path in shown:
                    clash = fold(other.attributes.get(path, ""), how) == fold(shown[path], how)
                    assert not clash, f"{operation.id} {operation.kind}: {path} {shown[path]!r} is held at this moment"
        self.resources[target_id] = Existing(operation.resource, target_id, shown)
