"""Pairs each desired resource with an existing one: by link, then externalId, then the mapping's match attributes.

Here it is found out who is who. Who must wait because a unique value is claimed twice is decided in
unique_values.py; what is done about each pair, in decide/actions.py. Users and groups go through the same code.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from scim_bridge.model.identity import (
    EMAILS,
    EXTERNAL_ID,
    Desired,
    Directory,
    Existing,
    Inventory,
    Kind,
    SourceKey,
    Whom,
)
from scim_bridge.model.plan import Conflict
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Link, Remembered
from scim_bridge.model.text import folded, normal
from scim_bridge.plan.match.candidates import find
from scim_bridge.plan.match.pairing import Pairing, RecordRow, Terms
from scim_bridge.plan.match.situation import Facts, LinkColumn, RecordColumn, Row, TargetColumn, situation
from scim_bridge.plan.match.unique_values import settle


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """How a record has left. scope: where the scope rule is that leaves it out, "" if the source does not show it.

    is_separated: it gives its name up to a namesake. is_decided: it has left, as a person decided.
    """

    scope: str = ""
    is_separated: bool = False
    is_decided: bool = False


_STAYS = Leaving()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What correlation found for one identity.

    key: the record; its id is "" for a resource that no record and no link claims. existing: its resource, if there is
    exactly one. candidates: resources it may be, while it is held. by: how the resource was found ("link",
    "externalId", a match attribute, "rehire" or "decision"). kept: paths whose value stays as it is on the target.
    conflicts: why the object is held, or an attribute kept; is_held says which. link: of a rehire, that of the user who
    left; of an orphan, one that a restored state remembers and the target has not confirmed. is_deactivated_by_us: its
    resource is inactive because we last left it so. leaving: of a record that is departed.
    """

    key: SourceKey
    row: Row
    desired: Desired | None = None
    link: Link | None = None
    existing: Existing | None = None
    candidates: tuple[str, ...] = ()
    by: str = ""
    kept: frozenset[str] = frozenset()
    is_held: bool = False
    conflicts: tuple[Conflict, ...] = ()
    is_deactivated_by_us: bool = False
    leaving: Leaving = _STAYS

    @property
    def kind(self) -> Kind:
        """User or group."""
        return self.key.kind

    @property
    def source_id(self) -> str:
        """The record's id, "" for a resource that no record and no link claims."""
        return self.key.id

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
    def emails(self) -> frozenset[str]:
        """Its emails in the source and on the target, without regard to case."""
        sides = (side.attributes.get(EMAILS) for side in (self.desired, self.existing) if side is not None)
        return frozenset(folded(str(email)) for email in sides if email)

    @property
    def whom(self) -> Whom:
        """Who this is: the record, or a resource that no record and no link claims."""
        if self.existing is not None and self.desired is None and not self.source_id:
            return Whom("target", self.kind, self.existing.target_id)
        return Whom.record(self.key)

    @property
    def departure(self) -> str:
        """What a departed record has done: left the source, or only the scope."""
        scope = self.leaving.scope
        return f"left the scope ({scope})" if scope else "left the source"

    @property
    def is_managed(self) -> bool:
        """Created or adopted by us: a link says so, or the externalId that we gave it."""
        return self.existing is not None and self.by in ("link", EXTERNAL_ID)

    @property
    def was_ours(self) -> bool:
        """Something says that we once managed it, though no record and no link claims it: they may have left."""
        return self.existing is not None and (bool(self.existing.external_id) or self.link is not None)

    def is_kept_by(self, policy: Policy) -> bool:
        """Its record has left and the policy keeps leavers, so nothing changes. A person's decision comes first."""
        return policy.deprovision == "keep" and not self.leaving.is_decided


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


def called(matches: Iterable[Match], who: str) -> list[Match]:
    """Those whom people, the source or the target call so: by a name or an id, else by an email.

    Names and emails are compared without regard to case.
    """
    everyone = list(matches)
    found = [match for match in everyone if _is_called(match, who)]
    # An email comes second: it may be the name of another user, who is meant then.
    return found or [match for match in everyone if folded(who) in match.emails]


def _is_called(match: Match, who: str) -> bool:
    is_id = normal(who) in (match.source_id, match.existing.target_id if match.existing is not None else None)
    return is_id or folded(who) in {folded(name) for name in match.names}


def correlate(directory: Directory, inventory: Inventory, known: Remembered, terms: Terms) -> Matches:
    """Pair both sides and name each identity's situation. terms: how this connection matches, and what it protects."""
    users = Pairing.empty("user", directory.users, inventory.users, known, terms)
    groups = Pairing.empty("group", directory.groups, inventory.groups, known, terms)
    for pairing in (users, groups):
        find(pairing)
    # A lost state looks like a first run, but adopting by name then could give a leaver's resource to a namesake. Our
    # ids on the target tell the two apart.
    is_relinking = known.is_fresh and bool(users.by_external_id or groups.by_external_id)

    def adopts(existing: Existing) -> bool:
        """Whether a resource that a name has found is adopted unasked."""
        adopt = terms.policy.adopt
        if adopt in ("always", "ask") or known.has_applied:
            return adopt == "always"
        # Another tool has written the same ids as we would, but not to everyone. What has another id belongs to
        # another record, so that stays a question even then.
        return not is_relinking or (adopt == "takeover" and not existing.external_id)

    # After both are paired, and each on its own: users and groups share no values.
    for pairing in (users, groups):
        settle(pairing, adopts=adopts)
    scopes = {out.key: out.rule for out in directory.out_of_scope}
    return Matches(tuple(_matches(users, scopes)), tuple(_matches(groups, scopes)), is_relinking)


def _matches(pairing: Pairing, scopes: Mapping[SourceKey, str]) -> Iterator[Match]:
    links, resources = pairing.links, pairing.resources
    for row in pairing.rows:
        yield _of_record(pairing, row)
    for link in links.of.values():
        # A resource that a newcomer takes over is the newcomer's. But while the newcomer is held nothing is taken over,
        # and the leaver must be deactivated in the meantime.
        newcomer = links.relinked.get(link.source_id)
        is_over = newcomer is not None and not pairing.by_id[newcomer].is_held
        if link.source_id not in pairing.by_id and not is_over:
            yield _of_link(pairing, link, scopes.get(link.key, ""))
    for target_id, existing in resources.existing.items():
        if target_id not in resources.owner:
            column: TargetColumn = "taken" if resources.is_spoken_for(target_id) else "one"
            row_of_table = situation(Facts("none", "no", column, is_protected=target_id in resources.protected))
            nobody = SourceKey(pairing.kind, "")
            yield Match(key=nobody, row=row_of_table, link=links.aside.get(target_id), existing=existing)


def _of_record(pairing: Pairing, row: RecordRow) -> Match:
    desired, existing = row.desired, None
    link = pairing.links.of.get(desired.source_id)
    if row.target_id is not None:
        existing = pairing.resources.existing[row.target_id]
    record: RecordColumn = "valid" if desired.is_valid else "invalid"
    found = situation(Facts(record, _link_column(pairing, link), row.column, is_protected=row.is_protected))
    # Two ways to be held: by the situation, and by a unique value that cannot be had (unique_values.py).
    is_held = found.action in ("hold", "revoke only") or (found.action != "nothing" and row.is_held)
    return Match(
        key=desired.key,
        row=found,
        desired=desired,
        link=link if row.found_by != "rehire" else row.returned,
        existing=existing,
        candidates=tuple(sorted(row.candidates)) if is_held else (),
        by=row.found_by,
        kept=row.kept,
        is_held=is_held,
        conflicts=() if found.action == "nothing" else row.conflicts,
        is_deactivated_by_us=existing is not None and not existing.is_active and pairing.is_deactivated_by_us(row),
    )


def _of_link(pairing: Pairing, link: Link, scope: str) -> Match:
    """The match of a link whose record is gone, or out of scope."""
    resources = pairing.resources
    # A record that lost its id names this resource. Its user has not left; "departed" would lock out someone over an
    # empty cell.
    lost = resources.shielded.get(link.target_id)
    record: RecordColumn = "none" if lost is None else "invalid"
    is_protected = link.target_id in resources.protected
    return Match(
        key=link.key,
        row=situation(Facts(record, _link_column(pairing, link), "nothing", is_protected=is_protected)),
        link=link,
        existing=resources.existing.get(link.target_id),
        by="link",
        is_held=lost is not None,
        conflicts=lost.conflicts if lost is not None else (),
        leaving=Leaving(
            scope=scope,
            is_separated=link.source_id in pairing.links.separated,
            is_decided=link.target_id in pairing.links.decided_left,
        ),
    )


def _link_column(pairing: Pairing, link: Link | None) -> LinkColumn:
    if link is None:
        return "no"
    return "there" if link.target_id in pairing.resources.existing else "gone"
