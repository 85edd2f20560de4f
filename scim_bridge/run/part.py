"""The part of both sides that a run about some is made from: those it begins with, and all who have a say.

Subjects are planned; the others are loaded only so that the plan for the subjects is the one that a plan for all would
have (docs/design.md §1.3). Of a group that is not itself a subject, only the memberships of subjects are looked at.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from scim_bridge.model.identity import (
    MANAGER,
    AmbiguousMember,
    Desired,
    Directory,
    Inventory,
    Kind,
    Members,
    OutOfScope,
    SourceKey,
    Whom,
)
from scim_bridge.model.remembered import Remembered
from scim_bridge.plan.match.correlate import correlate
from scim_bridge.plan.match.pairing import Terms
from scim_bridge.plan.match.related import Related, related
from scim_bridge.run.desired_changes import Changes
from scim_bridge.run.overlay import Edges, Overlay


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What was loaded. subjects: who is planned.

    whole: target ids of the groups that are compared whole. inside: group → who is in it, by target ids: of whole
    groups everyone, of others the subjects; sizes: how many are in it altogether.
    """

    subjects: frozenset[Whom]
    directory: Directory
    inventory: Inventory
    known: Remembered
    whole: frozenset[str]
    inside: Members
    sizes: Mapping[str, int]


CONCERNED = "more than a quarter of the directory is concerned"


class TooMuch(Exception):
    """So much is concerned, or in such a way, that a run about everyone is in place. Its text is the reason."""


@dataclass(slots=True, kw_only=True)
class Loading:
    """Those found so far. users, groups: the subjects; around: with all who have a say. beside: target ids of groups
    that are loaded too, for memberships that the target shows now. possible: edges, with all that an ambiguous
    reference may mean."""

    overlay: Overlay
    edges: Edges
    possible: Edges
    changes: Changes
    known: Remembered
    terms: Terms
    most: int
    beside: frozenset[str] = frozenset()
    users: Related = field(default_factory=Related)
    groups: Related = field(default_factory=Related)
    around: dict[Kind, Related] = field(default_factory=dict)

    def remembered(self) -> Remembered:
        """What is remembered, with the links of those that were loaded."""
        links, elsewhere = self.overlay.links, frozenset(self.overlay.elsewhere)
        return replace(self.known, users=dict(links["user"]), groups=dict(links["group"]), linked_elsewhere=elsewhere)

    def check(self, number: int) -> None:
        """Raises TooMuch if these are too many."""
        if number > self.most:
            raise TooMuch(CONCERNED)


def load(loading: Loading, seeds: frozenset[Whom], read: Callable[[list[str]], Members]) -> Part:
    """Load what concerns these. read: asks the target who is in these groups now. Raises TooMuch."""
    overlay, edges = loading.overlay, loading.edges
    loading.check(len(seeds))
    seen_in = _find_subjects(loading, seeds)
    whole_ids, whole = _whole_groups(loading)
    # Where it is open whom a reference means, all that it may mean decides. So these are subjects too, to the end.
    while more := _left_open(loading, whole_ids) - seeds:
        seeds |= more
        seen_in = _find_subjects(loading, seeds)
        whole_ids, whole = _whole_groups(loading)
    below = edges.users_below(whole_ids)
    stored = _members(loading, whole, read)
    people = set[str]().union(*below.values(), loading.users.ids)
    there = set[str]().union(*stored.values(), loading.users.targets)
    managers, managers_there = _managers(loading)
    loading.around["user"] = related("user", overlay, people | managers, there | managers_there)
    inside = {g: frozenset(u) for g, u in seen_in.items()} | {g: frozenset(u) for g, u in stored.items()}
    subjects = frozenset(
        [Whom("source", "user", each) for each in loading.users.ids]
        + [Whom("target", "user", each) for each in loading.users.targets]
        + [Whom("source", "group", each) for each in (loading.groups.ids | whole_ids)]
        + [Whom("target", "group", each) for each in loading.groups.targets]
    )
    return Part(
        subjects=subjects,
        directory=_directory(loading, below),
        inventory=_inventory(loading),
        known=loading.remembered(),
        whole=frozenset(whole),
        inside=inside,
        sizes={g: n for g, n in overlay.lookup.sizes(loading.around["group"].targets).items() if g not in whole},
    )


def _find_subjects(loading: Loading, seeds: frozenset[Whom]) -> dict[str, set[str]]:
    """The subjects, and the groups around them. Gives the groups in which they were last seen, with those in each."""
    overlay = loading.overlay
    loading.users = related_to("user", overlay, seeds)
    loading.check(len(loading.users.ids))
    loading.users.ids |= _reports(loading)
    loading.check(len(loading.users.ids))
    loading.groups = related_to("group", overlay, seeds)
    seen_in = overlay.lookup.inside(loading.users.targets | _targets_of(loading))
    loading.around["group"] = related(
        "group",
        overlay,
        loading.groups.ids | _above(loading),
        loading.groups.targets | seen_in.keys() | loading.beside,
    )
    return seen_in


def related_to(kind: Kind, overlay: Overlay, seeds: frozenset[Whom]) -> Related:
    """All of a kind whom these concern, those of them that are of this kind included."""
    ids = {whom.id for whom in seeds if whom.kind == kind and whom.side == "source"}
    targets = {whom.id for whom in seeds if whom.kind == kind and whom.side == "target"}
    return related(kind, overlay, ids, targets)


def _reports(loading: Loading) -> set[str]:
    """Users whose manager may have become, or may no longer be, someone whom others can name."""
    overlay, changes = loading.overlay, loading.changes
    keys = [SourceKey("user", source_id) for source_id in loading.users.ids if source_id]
    before = overlay.before(keys)
    links = overlay.links["user"]
    there = overlay.seen("user", (link.target_id for link in links.values()))
    moved = set()
    for key in keys:
        then, now = before.get(key), changes.now.get(key, before.get(key))
        link = links.get(key.id)
        is_steady = then is not None and now is not None and bool(then.desired) and bool(now.desired)
        is_there = (
            link is not None and link.target_id in there and not any(t.id == link.target_id for t in overlay.again)
        )
        if not (is_steady and is_there):
            moved.add(key.id)
    found = overlay.lookup.reports(moved) if moved else set()
    return found | {key.id for key, mapped in changes.now.items() if mapped.manager in moved and mapped.rows}


def _targets_of(loading: Loading) -> set[str]:
    """The resources of the subjects that were added last."""
    _, targets = loading.overlay.bound("user", loading.users.ids, ())
    return targets


def _above(loading: Loading) -> set[str]:
    """Ids of all groups that the source shows a subject (user) in, or may mean, now or before."""
    users = [SourceKey("user", source_id) for source_id in loading.users.ids if source_id]
    now, before = loading.possible.above(users), loading.edges.above(users, before=True)
    return set[str]().union(*now.values(), *before.values())


def _left_open(loading: Loading, whole_ids: set[str]) -> set[Whom]:
    """All that the references may mean, or meant before, that concern a subject or a group that is compared whole."""
    if not loading.changes.left_open:
        return set()
    above, inner = loading.around["group"].ids, loading.possible.groups_below(whole_ids)
    found: set[Whom] = set()
    for each in loading.changes.left_open:
        is_about = not loading.users.ids.isdisjoint(each.users) or not above.isdisjoint(each.nested)
        if is_about or not inner.isdisjoint(each.groups):
            found |= meant_by(each)
            groups = [SourceKey("group", group) for group in each.groups]
            for over in loading.possible.above(groups).values():
                found |= {Whom("source", "group", group) for group in over}
    return found


def meant_by(reference: AmbiguousMember) -> set[Whom]:
    """The users and groups that a reference may mean, and the groups that it is a member of."""
    groups = {Whom("source", "group", group) for group in (*reference.nested, *reference.groups) if group}
    return groups | {Whom("source", "user", user) for user in reference.users if user}


def _members(loading: Loading, whole: set[str], read: Callable[[list[str]], Members]) -> dict[str, frozenset[str]]:
    """Who is in these groups: as last seen, or now where that was never asked or is in doubt."""
    found = loading.overlay.lookup.members(whole)
    doubtful = {key.id for key in loading.overlay.again if key.kind == "group"}
    unknown = sorted(group for group in whole if group not in found or group in doubtful)
    return found | dict(read(unknown) if unknown else {})


def _whole_groups(loading: Loading) -> tuple[set[str], set[str]]:
    """The groups whose whole membership is compared: source ids, and target ids of those that are there."""
    overlay, touched = loading.overlay, loading.around["group"]
    desired, outside = _wanted(overlay, "group", touched.ids)
    counts = loading.changes.whole.counts
    part = Directory(users=(), groups=desired, members={}, counts=counts, out_of_scope=outside)
    inventory = Inventory({}, overlay.resources("group", touched.targets))
    matches = correlate(part, inventory, loading.remembered(), loading.terms)
    read = overlay.lookup.sizes(inventory.groups)
    asked = overlay.lookup.groups_in_conflict(touched.ids)
    ids: set[str] = set()
    targets: set[str] = set()
    may_change = set(matches.member_groups)
    for match in matches.groups:
        target_id = match.existing.target_id if match.existing is not None else ""
        is_subject = match.source_id in loading.groups.ids if match.source_id else target_id in loading.groups.targets
        # Held, in question, or not read yet: what is to be said of it follows from all of its members.
        is_unread = target_id in may_change and (target_id not in read or match.existing.key in overlay.again)  # type: ignore[union-attr]
        is_doubtful = match.is_held or match.source_id in asked or is_unread
        if is_subject or (is_doubtful and match.source_id):
            ids |= {match.source_id} if match.source_id else set()
            targets |= {target_id} if target_id in may_change else set()
    return ids | loading.groups.ids, targets


def _managers(loading: Loading) -> tuple[set[str], set[str]]:
    """The managers of the subjects: by their records, and on the target."""
    overlay = loading.overlay
    records = overlay.records("user", loading.users.ids)
    ids = {mapped.manager for mapped in records if mapped.manager}
    targets = loading.users.targets | {link.target_id for link in overlay.links["user"].values()}
    shown = overlay.resources("user", targets).values()
    return ids, {str(manager) for existing in shown if (manager := existing.attributes.get(MANAGER))}


def _directory(loading: Loading, below: Mapping[str, set[str]]) -> Directory:
    """The desired side as far as it was loaded. members: of whole groups all, of others the subjects."""
    overlay, whole = loading.overlay, loading.changes.whole
    users, groups = (_wanted(overlay, kind, loading.around[kind].ids) for kind in ("user", "group"))
    now = loading.edges.above([SourceKey("user", each) for each in loading.users.ids if each])
    in_scope = {desired.source_id for desired in users[0] if desired.source_id}
    members: dict[str, set[str]] = {desired.source_id: set() for desired in groups[0] if desired.source_id}
    for key, found in now.items():
        for group in found & members.keys():
            members[group].add(key.id)
    members |= {group: set(people) for group, people in below.items() if group in members}
    decided = {group: frozenset(people & in_scope) for group, people in members.items()}
    undecided = _undecided(loading, decided, below, in_scope) if whole.ambiguous else {}
    return Directory(
        users=users[0],
        groups=groups[0],
        members=decided,
        counts=whole.counts,
        out_of_scope=(*users[1], *groups[1]),
        undecided=undecided,
        ambiguous=tuple(each for each in whole.ambiguous if _matters(loading, each, undecided)),
        digest=whole.digest,
    )


def _undecided(
    loading: Loading, decided: Members, whole: Iterable[str], in_scope: set[str]
) -> dict[str, frozenset[str]]:
    """Group → users in scope who may be in it, by a reference that fits several records. whole: groups that were loaded
    with all of their users."""
    found: dict[str, set[str]] = defaultdict(set)
    users = [SourceKey("user", each) for each in loading.users.ids & in_scope]
    for key, groups in loading.possible.above(users).items():
        for group in groups:
            found[group].add(key.id)
    for group, people in loading.possible.users_below(whole).items():
        found[group] |= people & in_scope
    return {g: rest for g, people in found.items() if g in decided and (rest := frozenset(people - decided[g]))}


def _matters(loading: Loading, reference: AmbiguousMember, undecided: Members) -> bool:
    """Whether a membership depends on what the reference means (mapping/membership.py)."""
    possible = loading.possible
    meant = set(reference.users).union(*possible.users_below(reference.nested).values() if possible.is_flat else ())
    groups = [SourceKey("group", group) for group in reference.groups]
    over = set(reference.groups).union(*possible.above(groups).values() if possible.is_flat else ())
    return any(not meant.isdisjoint(undecided.get(group, ())) for group in over)


def _wanted(overlay: Overlay, kind: Kind, ids: Iterable[str]) -> tuple[tuple[Desired, ...], tuple[OutOfScope, ...]]:
    records = overlay.records(kind, ids)
    desired = tuple(desired for mapped in records for desired in mapped.desired)
    return desired, tuple(out for mapped in records for out in mapped.outside)


def _inventory(loading: Loading) -> Inventory:
    overlay, around = loading.overlay, loading.around
    return Inventory(
        overlay.resources("user", around["user"].targets), overlay.resources("group", around["group"].targets)
    )
