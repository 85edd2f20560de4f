"""What limits have counted, by the names that people know."""

from collections.abc import Iterable, Mapping
from typing import Any

from scim_bridge.model.effect import Changed, Effect, Entering, Lost, Recreated, Removed, Shrunk
from scim_bridge.model.identity import SourceKey
from scim_bridge.model.operation_kind import OPERATION_KINDS
from scim_bridge.model.plan import Plan
from scim_bridge.model.wording import counted
from scim_bridge.view.translation import _

CONCERNS: Mapping[str, str] = {
    "lose_access": "take access from %(name)s",
    "lose_admin": "take administration from %(name)s",
    "gain_admin": "give administration to %(name)s",
    "last_door": "take the last way to administer from %(name)s",
}


class EffectNames:
    """Resources and records of a plan by their names; whatever the plan does not touch, by its id."""

    def __init__(self, resources: Mapping[str | None, str], records: Mapping[SourceKey, str]) -> None:
        self._resources = resources
        self._records = records

    @classmethod
    def of(cls, plan: Plan) -> "EffectNames":
        """Those of a plan."""
        named = ((o.target_id, o.subject) for o in plan.operations if not o.members)
        members = ((m.target_id, m.name) for o in plan.operations for m in o.members)
        groups = ((o.target_id, o.subject) for o in plan.operations if o.members)
        steps = (*plan.impact.gained, *plan.impact.lost) if plan.impact is not None else ()
        access = ((step.row.user_id, step.row.user) for step in steps if step.row.user_id and step.row.user)
        return cls(dict((*members, *groups, *named, *access)), {o.key: o.subject for o in plan.operations})

    @classmethod
    def of_document(cls, document: Mapping[str, Any], operations: Iterable[Mapping[str, Any]]) -> "EffectNames":
        """Those of a plan document. operations: its own, which `document` need not have."""
        names: dict[str | None, str] = {}
        records: dict[SourceKey, str] = {}
        for operation in operations:
            names.update((member["target_id"], member["name"]) for member in operation.get("members", ()))
            names[operation["target_id"]] = operation["subject"]
            resource = OPERATION_KINDS[operation["kind"]].resource
            records[SourceKey(resource, operation["source_id"])] = operation["subject"]
        access = document.get("access", {})
        rows = (*access.get("gained", ()), *access.get("lost", ()))
        names.update((row["user_id"], row["user"]) for row in rows if row.get("user_id"))
        return cls(names, records)

    def say(self, effect: Effect) -> str:
        """One effect, as the operator would call it."""
        match effect:
            case Lost(what="empty", target_id=target_id):
                return _("remove the last member of %(group)s", group=self._resource(target_id))
            case Lost(what="deactivate", target_id=target_id):
                return _("deactivate %(name)s", name=self._resource(target_id))
            case Lost(target_id=target_id):
                return _("delete %(name)s", name=self._resource(target_id))
            case Removed(user_id=user_id, group_id=group_id):
                user, group = self._resource(user_id), self._resource(group_id)
                return _("remove %(user)s from %(group)s", user=user, group=group)
            case Recreated(key=key):
                name = f"{_(key.kind)} {self._records.get(key, key.id)}"
                return _("create %(name)s again", name=name)
            case Changed(source_id=source_id):
                return _("change user %(name)s", name=self._records.get(SourceKey("user", source_id), source_id))
            case Entering(what=what, user_id=user_id):
                return _(CONCERNS[what], name=self._resource(user_id))
            case Shrunk(what=what, left=left):
                return _("a source that shows only %(what)s", what=counted(left, what.removesuffix("s")))

    def _resource(self, target_id: str) -> str:
        return self._resources.get(target_id, target_id)
