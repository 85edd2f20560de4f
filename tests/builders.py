"""Short ways to say a directory, a target and what is remembered, so that a test shows only what matters to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scim_bridge.model.capabilities import Capabilities, Characteristic, Uniqueness
from scim_bridge.model.identity import (
    Desired,
    Directory,
    Existing,
    Inventory,
    Kind,
    SourceCounts,
    Value,
)
from scim_bridge.model.operation import Operation
from scim_bridge.model.plan import Plan
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Link, Remembered
from scim_bridge.plan.compare_mappings import Outlook
from scim_bridge.plan.fit import fit
from scim_bridge.plan.inputs import Sides
from scim_bridge.plan.make import Occasion, make_plan
from scim_bridge.plan.match.correlate import Matches, correlate
from scim_bridge.plan.match.pairing import Terms

NO_SPACE = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]"
TEXT = r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r\u0020\u00A0\u3000]"
CAPABILITIES = Capabilities(
    attributes={
        "user": {
            "externalId": Characteristic(
                required=True, max_length=256, characters=NO_SPACE, allowed="no spaces", uniqueness="exact"
            ),
            "userName": Characteristic(
                required=True,
                max_length=128,
                characters=NO_SPACE,
                allowed="no spaces",
                uniqueness="folded",
                reserved=frozenset({"administrator"}),
            ),
            "name.givenName": Characteristic(required=True, max_length=1024, characters=TEXT),
            "name.familyName": Characteristic(required=True, max_length=1024, characters=TEXT),
            "displayName": Characteristic(required=True, max_length=1024, characters=TEXT),
            "emails": Characteristic(max_length=1024, characters=TEXT, uniqueness="folded"),
            "title": Characteristic(max_length=20, characters=TEXT),
            "addresses.locality": Characteristic(max_length=1024, characters=TEXT),
            "addresses.country": Characteristic(max_length=1024, characters=TEXT),
            "enterprise.manager": Characteristic(max_length=1024, characters=TEXT),
            "active": Characteristic(is_boolean=True),
        },
        "group": {
            "externalId": Characteristic(
                required=True, max_length=256, characters=NO_SPACE, allowed="no spaces", uniqueness="exact"
            ),
            "displayName": Characteristic(required=True, max_length=1024, characters=TEXT, uniqueness="folded"),
        },
    },
    changes_per_patch=100,
)
"""A target like Identity Center, with fewer attributes."""


def user(source_id: str, **attributes: Value) -> Desired:
    """A desired user named like its id; underscores stand for dots (name_givenName)."""
    base: dict[str, Value] = {
        "externalId": source_id,
        "userName": f"{source_id}@corp.example",
        "name.givenName": "Given",
        "name.familyName": "Family",
        "displayName": source_id,
        "active": True,
    }
    return Desired(
        kind="user", source_id=source_id, attributes={**base, **_paths(attributes)}, places=(f"users.csv, {source_id}",)
    )


def group(source_id: str, **attributes: Value) -> Desired:
    """A desired group named like its id."""
    base: dict[str, Value] = {"externalId": source_id, "displayName": source_id}
    return Desired(
        kind="group",
        source_id=source_id,
        attributes={**base, **_paths(attributes)},
        places=(f"groups.csv, {source_id}",),
    )


def _paths(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {name.replace("_", "."): value for name, value in attributes.items()}


def on_target(target_id: str, desired: Desired, **attributes: Value) -> Existing:
    """The resource as the target shows it when it equals this desired one, but for these attributes ("" = absent)."""
    shown = {path: v for path, v in {**desired.attributes, **_paths(attributes)}.items() if v != ""}
    return Existing(desired.kind, target_id, shown)


def directory(*records: Desired, members: Mapping[str, Iterable[str]] | None = None) -> Directory:
    """A desired state of these users and groups; members: group id → user ids."""
    users = tuple(r for r in records if r.kind == "user")
    groups = tuple(r for r in records if r.kind == "group")
    given = {group_id: frozenset(ids) for group_id, ids in (members or {}).items()}
    counts = SourceCounts(len(users), len(groups), sum(map(len, given.values())))
    return Directory(users=users, groups=groups, members=given, counts=counts)


@dataclass
class Target:
    """What a target holds: resources, and members by group target id."""

    resources: tuple[Existing, ...] = ()
    members: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def inventory(self) -> Inventory:
        return Inventory(
            {r.target_id: r for r in self.resources if r.kind == "user"},
            {r.target_id: r for r in self.resources if r.kind == "group"},
        )


def target(*resources: Existing, members: Mapping[str, Iterable[str]] | None = None) -> Target:
    """A target that holds these."""
    return Target(resources, {group_id: frozenset(ids) for group_id, ids in (members or {}).items()})


def linked(*pairs: tuple[Kind, str, str], has_applied: bool = True, **applied: Value) -> Remembered:
    """A state that knows these (kind, source id, target id) pairs, each last applied as active."""
    links = [
        Link(kind=kind, source_id=source_id, target_id=target_id, applied={"active": True} | applied)
        for kind, source_id, target_id in pairs
    ]
    return Remembered(
        users={link.source_id: link for link in links if link.kind == "user"},
        groups={link.source_id: link for link in links if link.kind == "group"},
        is_fresh=False,
        has_applied=has_applied,
    )


FRESH = Remembered()
LENIENT = Policy()
OCCASION = Occasion(
    connection="corp",
    endpoint="endpoint",
    mapping="mapping",
    created="2027-03-13T09:00:00Z",
    today="2027-03-13",
    target_read="2027-03-13T09:00:00Z",
)


def terms(policy: Policy = LENIENT, match_users: tuple[str, ...] = ("userName",)) -> Terms:
    """How the connections of these tests match."""
    unique: dict[Kind, tuple[tuple[str, Uniqueness], ...]] = {
        "user": CAPABILITIES.unique("user"),
        "group": CAPABILITIES.unique("group"),
    }
    return Terms({"user": match_users, "group": ("displayName",)}, unique, policy)


def matched(desired: Directory, existing: Target, known: Remembered = FRESH, given: Terms | None = None) -> Matches:
    """Correlation of both sides, after `fit`."""
    return correlate(fit(desired, CAPABILITIES), existing.inventory, known, given or terms())


def planned(desired: Directory, existing: Target, known: Remembered = FRESH, policy: Policy = LENIENT) -> Plan:
    """The plan for these two sides, with the members of the matched groups as the target holds them."""
    return outlook(desired, existing, known, policy).plan


def outlook(desired: Directory, existing: Target, known: Remembered = FRESH, policy: Policy = LENIENT) -> Outlook:
    """One mapping's plan over this reading, with what it was made from."""
    fitted = fit(desired, CAPABILITIES)
    matches = correlate(fitted, existing.inventory, known, terms(policy))
    members = {group_id: existing.members.get(group_id, frozenset()) for group_id in matches.member_groups}
    sides = Sides(fitted, existing.inventory, members, known)
    return Outlook(matches, sides, make_plan(matches, sides, policy, CAPABILITIES, OCCASION))


def told(plan: Plan) -> list[str]:
    """The operations in words: "update_user b: title" or "add_members dev: a, b"."""
    return [_told(operation) for operation in plan.operations]


def _told(operation: Operation) -> str:
    if operation.members:
        return f"{operation.kind} {operation.subject}: {', '.join(member.name for member in operation.members)}"
    changed = sorted(path for path, (old, new) in operation.changes.items() if old != new)
    return f"{operation.kind} {operation.subject}" + ("" if operation.is_create else f": {', '.join(changed)}")
