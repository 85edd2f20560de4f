"""Pairs each desired resource with an existing one: by link, then externalId, then the mapping's match attributes.

Here it is found out who is who. Who must wait because a unique value is claimed twice is decided in
unique_values.py; what is done about each pair, in decide/actions.py. Users and groups go through the same code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scim_bridge.model.identity import EXTERNAL_ID, Desired, Directory, Existing, Inventory, Kind
from scim_bridge.model.plan import Conflict
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Link, Remembered
from scim_bridge.model.text import folded, normal
from scim_bridge.plan.match.candidates import Pairing, Terms
from scim_bridge.plan.match.situation import Facts, LinkColumn, RecordColumn, Row, TargetColumn, situation
from scim_bridge.plan.match.unique_values import settle

Key = tuple[Kind, str]
"""Kind, and source id; of what no record claims, the target id."""


@dataclass(frozen=True, slots=True)
class Match:
    """What correlation found for one identity.

    existing: its resource, if there is exactly one. candidates: resources it may be, while it is held. by: how the
    resource was found ("link", "externalId", a match attribute, "rehire" or "decision"). kept: paths whose value stays
    as it is on the target. conflicts: why the object is held, or an attribute kept; is_held says which. is_separated:
    it has left and gives up its name for a new user of that name. link: of a rehire, that of the leaver; of an orphan,
    one that a restored state remembers and the target has not confirmed. is_decided_left: it has left, as decided.
    is_deactivated_by_us: its resource is inactive because we last left it so. scope: of a departed record that the
    source still shows, where the scope rule is that leaves it out.
    """

    kind: Kind
    source_id: str
    row: Row
    desired: Desired | None = None
    link: Link | None = None
    existing: Existing | None = None
    candidates: tuple[str, ...] = ()
    by: str = ""
    kept: frozenset[str] = frozenset()
    is_held: bool = False
    is_separated: bool = False
    conflicts: tuple[Conflict, ...] = ()
    is_deactivated_by_us: bool = False
    scope: str = ""
    is_decided_left: bool = False

    @property
    def name(self) -> str:
        """The name on the target, which is the one that others know it by; of what is not there yet, the desired one.

        A record's name may belong to another resource until this plan has been carried out.
        """
        if self.existing is not None:
            return self.existing.name
        return self.desired.name if self.desired is not None else self.source_id

    @property
    def names(self) -> frozenset[str]:
        """Every name that people may mean it by: the one on the target and the one in the source."""
        return frozenset({self.name, self.desired.name if self.desired is not None else self.name})

    @property
    def departure(self) -> str:
        """What a departed record has done: left the source, or only the scope."""
        return f"left the scope ({self.scope})" if self.scope else "left the source"

    @property
    def is_managed(self) -> bool:
        """Created or adopted by us: a link says so, or the externalId that we gave it."""
        return self.existing is not None and self.by in ("link", EXTERNAL_ID)

    @property
    def was_ours(self) -> bool:
        """Something says that we once managed it, though no record and no link claims it: they may have left."""
        return self.existing is not None and (bool(self.existing.external_id) or self.link is not None)

    def is_kept_by(self, policy: Policy) -> bool:
        """It has left, and the policy keeps anyone who has: nothing changes. What a person decided goes before that."""
        return policy.deprovision == "keep" and not self.is_decided_left


def key_of(match: Match) -> Key:
    """What names this match among all."""
    return match.kind, match.source_id or (match.existing.target_id if match.existing is not None else "")


def is_called(match: Match, who: str) -> bool:
    """Whether people, the source or the target call it so. Names are compared without regard to case."""
    is_id = normal(who) in (match.source_id, match.existing.target_id if match.existing is not None else None)
    return is_id or folded(who) in {folded(name) for name in match.names}


@dataclass(frozen=True, slots=True)
class Matches:
    """Every identity of both sides, each once. is_relinking: the state was lost, and the target still knows our ids."""

    users: tuple[Match, ...]
    groups: tuple[Match, ...]
    is_relinking: bool = False

    def __iter__(self) -> Iterator[Match]:
        yield from self.users
        yield from self.groups

    @property
    def member_groups(self) -> tuple[str, ...]:
        """Target ids of the groups whose members must be known before a plan can be made."""
        changing = ("update", "adopt", "revoke only", "deprovision")
        return tuple(
            m.existing.target_id
            for m in self.groups
            if m.existing is not None and (m.row.action in changing or (m.row.situation == "orphan" and m.was_ours))
        )


def correlate(directory: Directory, inventory: Inventory, known: Remembered, terms: Terms) -> Matches:
    """Pair both sides and name each identity's situation. terms: how this connection matches, and what it protects."""
    users = Pairing.begin("user", directory.users, inventory.users, known, terms)
    groups = Pairing.begin("group", directory.groups, inventory.groups, known, terms)
    is_relinking = known.is_fresh and bool(users.by_external_id or groups.by_external_id)
    # A lost state looks like a first run, but adopting by name then could give a leaver's resource to a namesake. Our
    # ids on the target tell the two apart.
    is_first = not known.has_applied and not is_relinking
    adopt = terms.policy.adopt
    by_name = adopt == "always" or (adopt == "first-run" and is_first)
    # After both are paired, and each on its own: users and groups share no values.
    for pairing in (users, groups):
        settle(pairing, adopts_by_name=by_name)
    scopes = {(out.kind, out.source_id): out.rule for out in directory.out_of_scope}
    return Matches(tuple(_matches(users, scopes)), tuple(_matches(groups, scopes)), is_relinking)


def _matches(pairing: Pairing, scopes: Mapping[tuple[Kind, str], str]) -> Iterator[Match]:
    for desired in pairing.desired:
        yield _of_record(pairing, desired)
    for link in pairing.links.values():
        newcomer = pairing.relinked.get(link.source_id)
        # A resource that a newcomer takes over is the newcomer's. But while the newcomer is held nothing is taken over,
        # and the leaver must be deactivated in the meantime.
        if link.source_id not in pairing.by_id and (newcomer is None or newcomer in pairing.held):
            yield _of_link(pairing, link, scopes.get((link.kind, link.source_id), ""))
    for target_id, existing in pairing.existing.items():
        if target_id not in pairing.owner:
            column: TargetColumn = "taken" if pairing.is_spoken_for(target_id) else "one"
            row = situation(Facts("none", "no", column, is_protected=target_id in pairing.protected))
            yield Match(pairing.kind, "", row, link=pairing.aside.get(target_id), existing=existing)


def _of_record(pairing: Pairing, desired: Desired) -> Match:
    key = desired.source_id
    by = pairing.found_by.get(key, "")
    link = pairing.links.get(key)
    facts = Facts(
        "valid" if desired.is_valid else "invalid",
        _link_column(pairing, link),
        pairing.column(desired),
        is_protected=pairing.is_protected(desired),
    )
    row = situation(facts)
    target_id = pairing.target_of.get(key) if key else None
    existing = pairing.existing[target_id] if target_id is not None else None
    # Two ways to be held: by the situation, and by a unique value that cannot be had (unique_values.py).
    is_held = row.action in ("hold", "revoke only") or (row.action != "nothing" and key in pairing.held)
    return Match(
        pairing.kind,
        key,
        row,
        desired,
        link if by != "rehire" else pairing.returned[key],
        existing,
        tuple(sorted(pairing.candidates.get(id(desired), ()))) if is_held else (),
        by,
        frozenset(pairing.kept.get(key, ())),
        is_held,
        is_separated=False,
        conflicts=() if row.action == "nothing" else tuple(pairing.conflicts.get(id(desired), ())),
        is_deactivated_by_us=existing is not None and not existing.is_active and pairing.is_deactivated_by_us(desired),
    )


def _of_link(pairing: Pairing, link: Link, scope: str) -> Match:
    existing = pairing.existing.get(link.target_id)
    lost = pairing.shielded.get(link.target_id)
    is_protected = link.target_id in pairing.protected
    # A record that lost its id names this resource. Its user has not left; "departed" would lock out someone over an
    # empty cell.
    record: RecordColumn = "none" if lost is None else "invalid"
    row = situation(Facts(record, _link_column(pairing, link), "nothing", is_protected=is_protected))
    is_separated = link.source_id in pairing.separated
    return Match(
        pairing.kind,
        link.source_id,
        row,
        None,
        link,
        existing,
        by="link",
        is_held=lost is not None,
        is_separated=is_separated,
        conflicts=() if lost is None else tuple(pairing.conflicts.get(id(lost), ())),
        scope=scope,
        is_decided_left=link.target_id in pairing.decided_left,
    )


def _link_column(pairing: Pairing, link: Link | None) -> LinkColumn:
    if link is None:
        return "no"
    return "there" if link.target_id in pairing.existing else "gone"
