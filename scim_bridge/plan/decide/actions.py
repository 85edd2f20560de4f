"""From situations to steps: what is done about each user and group, and what is left alone, with the reason.

Memberships are in group_members.py; the order of the steps in plan/order.py.
"""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scim_bridge.model.conflict_kind import Decision
from scim_bridge.model.identity import ACTIVE, EMAILS, MANAGER, NAMES, Existing, Notice, Value, Whom
from scim_bridge.model.operation import Change
from scim_bridge.model.operation_kind import OperationKind
from scim_bridge.model.plan import Conflict, Skipped
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import Remembered
from scim_bridge.plan import conflict
from scim_bridge.plan.decide.diff import diff
from scim_bridge.plan.decide.draft_operation import Draft
from scim_bridge.plan.drift import has_drifted, leaves_drift, left_alone
from scim_bridge.plan.match.correlate import Match, Matches
from scim_bridge.plan.match.situation import Action

_IN_A_ROW = 3
"""So often someone else changes a value back before they are taken for another provisioner."""
ORPHAN = "orphan: on the target, and claimed by no record"
"""Why an orphan that is reported is left alone."""
LEFT_OUT = "inactive in the source and not on the target, so no user is created (create_inactive: false)"


@dataclass(slots=True, kw_only=True)
class Steps:
    """The drafts, and everything deliberately not done. waiting: source ids of users whose grants wait.

    once_ours: orphaned groups that we seem to have managed; who is in them decides whether anyone is asked.
    """

    drafts: list[Draft] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    once_ours: list[Match] = field(default_factory=list)

    def say_about(self, whom: Whom, before: tuple[int, int, int]) -> None:
        """What was added since is about this one. before: how many conflicts, skipped lines and notices there were."""
        conflicts, skipped, notices = before
        for at in range(conflicts, len(self.conflicts)):
            found = self.conflicts[at]
            self.conflicts[at] = replace(found, about=found.about | {whom})
        self.skipped[skipped:] = [replace(each, about=each.about or whom) for each in self.skipped[skipped:]]
        self.notices[notices:] = [replace(each, about=each.about or whom) for each in self.notices[notices:]]


def decide(
    matches: Matches, known: Remembered, policy: Policy, now: datetime, only: Container[Whom] | None = None
) -> Steps:
    """What each identity's row of the situation table means under this policy. now: UTC, what a grace is counted to.

    only: those that are to change, None for all. Of the others it counts who waits, since no one is added to a group
    meanwhile.
    """
    steps, others = Steps(), Steps()
    of_some, of_others = _Decision(matches, known, policy, now, steps), _Decision(matches, known, policy, now, others)
    for match in matches:
        decision = of_some if only is None or match.whom in only else of_others
        decision.take(match)
    steps.waiting |= others.waiting
    return steps


class _Decision:
    def __init__(self, matches: Matches, known: Remembered, policy: Policy, now: datetime, steps: Steps) -> None:
        self.known = known
        self.policy = policy
        self.now = now
        self.steps = steps
        self.handlers: Mapping[Action, Callable[[Match], None]] = {
            "update": self.update,
            "adopt": self.update,
            "create": self.create,
            "deprovision": self.deprovision,
            "orphan policy": self.orphan,
            "nothing": self.leave_alone,
            "forget": self.forget,
        }
        # The target names managers by its own ids. Translated back, an unchanged manager is not a difference.
        ours = (m for m in matches.users if m.source_id and (m.is_managed or not m.is_held))
        self.source_of = {m.existing.target_id: m.source_id for m in ours if m.existing is not None}
        self.held_names = {m.source_id: m.name for m in matches.users if m.is_held and m.desired is not None}
        self.provisioned = {
            m.source_id for m in matches.users if _has_or_gets_resource(m) and self._question_if_missing(m) is None
        }

    def take(self, match: Match) -> None:
        """Decide about one identity, and note whom each line is about."""
        steps = self.steps
        before = len(steps.conflicts), len(steps.skipped), len(steps.notices)
        # Before the row is acted on: a held match never reaches `act`, and its reasons must be listed all the same.
        steps.conflicts += conflict.left_open(match.conflicts, match.existing if match.is_managed else None)
        if match.is_held:
            self.revoke_only(match)
        else:
            self.act(match)
        steps.say_about(match.whom, before)

    def act(self, match: Match) -> None:
        """Do what the row says. The actions that hold are not here: a held match goes to revoke_only."""
        self.handlers[match.row.action](match)

    def revoke_only(self, match: Match) -> None:
        """A held object: a deactivation still passes, if the resource is ours; everything else waits."""
        self.steps.waiting.add(match.source_id)
        desired, existing = match.desired, match.existing
        # Only what is ours: a held record that only matches someone by name must not deactivate that user.
        if desired is None or existing is None or match.kind != "user" or not match.is_managed:
            return
        if desired.attributes.get(ACTIVE) is False and existing.is_active:
            reason = "disabled in the source (the rest of the record is held)"
            self._add("deactivate_user", match, reason, {ACTIVE: (True, False)})

    def create(self, match: Match) -> None:
        """Absent: create; missing: create again, which gives it another id."""
        was_there = match.row.situation == "missing"
        question = self._question_if_missing(match)
        if question is not None:
            self.steps.conflicts.append(question)
            self.steps.waiting.add(match.source_id)
            return
        reason = "it was deleted on the target by someone else; it gets a new id" if was_there else "new in the source"
        changes = diff({}, self._wanted(match))
        self._add("create_user" if match.kind == "user" else "create_group", match, reason, changes)

    def _question_if_missing(self, match: Match) -> Conflict | None:
        """Under `report`, what someone deleted is not created again until a person says so."""
        is_to_be_made = match.row.situation == "missing" and match.row.action == "create"
        if not is_to_be_made or self.policy.drift != "report" or match.desired is None or match.link is None:
            return None
        found = conflict.missing(match.desired, match.link.target_id)
        return None if self._is_decided(found.key, "source") else found

    def update(self, match: Match) -> None:
        """Linked or found: change what differs. What one request can carry rides together."""
        existing = match.existing
        if existing is None:
            return
        shown = dict(existing.attributes)
        if MANAGER in shown:
            shown[MANAGER] = self.source_of.get(str(shown[MANAGER]), shown[MANAGER])
        changes = diff(shown, self._wanted(match))
        # Taken out before drift is looked at: `drift: overwrite` would otherwise reopen a stolen account as a repair.
        if self._is_disabled_there(match, changes):
            del changes[ACTIVE]
        decided = self._leave_drift(match, changes)
        drifted = _drifted(match, changes)
        # What a person decided is done once, for one reason: it does not count towards "set back again and again".
        repaired = tuple(path for path in drifted if path not in decided and not self._is_let_in(match, path))
        self._see_others(match, repaired)
        if changes:
            kind, reason = _kind_and_reason(match, changes, drifted)
            self._add(kind, match, reason, changes, repaired)

    def deprovision(self, match: Match) -> None:
        """Departed: a user is deactivated, a group emptied (group_members.py); both are deleted after the grace."""
        existing = match.existing
        if existing is None:
            return
        is_kept = match.is_kept_by(self.policy)
        if is_kept:
            self.steps.skipped.append(Skipped(match.name, "departed, and kept as it is (deprovision: keep)"))
        # Three conditions beside the time. Open: someone enabled the account again, so it is closed once more and a
        # new grace begins. Separated: the name must be given up first, for the namesake waits for it.
        elif self._is_grace_over(match) and not existing.is_open and not match.leaving.is_separated:
            reason = f"{match.departure} more than {_in_words(self.policy.delete_after)} ago"
            self._add("delete_user" if match.kind == "user" else "delete_group", match, reason, {})
            return
        changes: dict[str, Change] = {}
        reason = "has left, as decided" if match.leaving.is_decided else match.departure
        if existing.is_open and not is_kept:
            changes[ACTIVE] = (True, False)
        if match.leaving.is_separated:
            changes |= _names_given_up(existing)
            reason += ", and gives up its name for a new user of that name"
        if changes:
            kind: OperationKind = "deactivate_user" if ACTIVE in changes else "update_user"
            self._add(kind if match.kind == "user" else "update_group", match, reason, changes)

    def _is_grace_over(self, match: Match) -> bool:
        """Counted in elapsed hours from the deactivation that landed, or from the removal of a group's last member."""
        departed = match.link.departed if match.link is not None else None
        after = self.policy.delete_after
        return after is not None and departed is not None and self.now - departed >= after

    def orphan(self, match: Match) -> None:
        """A resource that no record and no link claims."""
        existing = match.existing
        if existing is None:
            return
        # Whether a group that was ours matters depends on who is in it, and members are not known here.
        if existing.kind == "group" and match.was_ours:
            self.steps.once_ours.append(match)
        elif existing.is_open and match.was_ours and not self._is_policys(existing):
            self.steps.conflicts.append(conflict.unclaimed(existing))
        elif existing.is_open and self.policy.orphans == "deactivate":
            self._add("deactivate_user", match, "an orphan: claimed by no record", {ACTIVE: (True, False)})
        elif self.policy.orphans == "report":
            self.steps.skipped.append(Skipped(match.name, ORPHAN))

    def _is_policys(self, existing: Existing) -> bool:
        """`orphans: deactivate` settles who is unclaimed, but not while the state cannot tell who was managed."""
        # Without state everyone whom we once managed looks like an orphan. `orphans: deactivate` would turn a lost
        # file into a mass deactivation.
        is_asked = self.known.is_fresh or existing.target_id in self.known.unclaimed
        return self.policy.orphans == "deactivate" and not is_asked

    def forget(self, match: Match) -> None:
        """Record and resource are both gone."""
        self.steps.skipped.append(Skipped(match.name, "gone from the source and the target: the link is removed"))

    def leave_alone(self, match: Match) -> None:
        """Protected; inactive and not there; or what another record points at, whose question stays open meanwhile."""
        if match.row.situation == "protected":
            self.steps.skipped.append(Skipped(match.name, "protected"))
        elif match.row.situation == "inactive":
            self.steps.skipped.append(Skipped(match.name, LEFT_OUT))
        elif match.existing and match.existing.is_open and match.existing.target_id in self.known.unclaimed:
            self.steps.conflicts.append(conflict.unclaimed(match.existing))

    def _wanted(self, match: Match) -> Mapping[str, Value]:
        """The desired attributes without those that must stay as they are, the manager only if provisioned."""
        if match.desired is None:
            return {}
        wanted = match.desired.attributes
        if match.kept:
            wanted = {path: value for path, value in wanted.items() if path not in match.kept}
        manager = wanted.get(MANAGER)
        # An id that the target does not know would refuse the whole request, and the user with it.
        if not manager or manager in self.provisioned:
            return wanted
        name, wanted = self.held_names.get(str(manager)), dict(wanted)
        if name is not None and match.existing is not None:
            del wanted[MANAGER]  # the manager's record waits; until it is clear who that is, the manager stays
            detail = f"manager {name} is held: the manager stays as it is on the target"
        else:
            wanted[MANAGER] = ""
            detail = f"manager {name or repr(manager)} is not provisioned: left out"
        self.steps.notices.append(Notice("manager_not_provisioned", match.name, detail))
        return wanted

    def _is_disabled_there(self, match: Match, changes: Mapping[str, Change]) -> bool:
        """A user is inactive and we did not leave it so: not ours to undo, managed before or only taken over now.

        A state that was lost cannot tell, so what it would have refused is refused.
        """
        desired, existing = match.desired, match.existing
        if desired is None or existing is None or ACTIVE not in changes or changes[ACTIVE][1] is not True:
            return False
        # What we deactivated ourselves may be undone: a user who returns within the grace signs in again without a
        # question.
        if match.kind != "user" or existing.is_active or match.is_deactivated_by_us:
            return False
        found = conflict.disabled_there(desired, existing)
        if self._is_let_in(match, ACTIVE):
            return False
        self.steps.conflicts.append(found)
        self.steps.waiting.add(match.source_id)
        return True

    def _is_let_in(self, match: Match, path: str) -> bool:
        """A person decided that this user may sign in again."""
        if path != ACTIVE or match.desired is None or match.existing is None:
            return False
        return self._is_decided(conflict.disabled_there(match.desired, match.existing).key, "source")

    def _leave_drift(self, match: Match, changes: dict[str, Change]) -> Collection[str]:
        """Under `report`: what someone changed on the target stays until the source changes it. Never `active`.

        Gives the paths of which a person decided that the source's value is set all the same.
        """
        is_relinked = self.known.is_fresh and match.is_managed
        if not leaves_drift(self.policy, match.link, is_relinked=is_relinked):
            return ()
        left = left_alone(changes, match.link)
        if not left or match.desired is None or match.existing is None:
            return ()
        found = conflict.drift(match.desired, match.existing, left)
        if self._is_decided(found.key, "source"):
            return left
        self.steps.conflicts.append(found)
        for path in left:
            del changes[path]
        return ()

    def _see_others(self, match: Match, drifted: Iterable[str]) -> None:
        """What was set back again and again is not drift any more: someone else writes here too."""
        if match.desired is None or match.existing is None:
            return
        # Two programs that set each other right would send requests forever, and each looks right in its own log.
        times = dict(self.known.earlier.repaired.get(match.existing.target_id, {}))
        for path in drifted:
            times[path] = times.get(path, 0) + 1
        fought_over = [path for path, n in times.items() if n >= _IN_A_ROW]
        if fought_over:
            self.steps.conflicts.append(conflict.another_provisioner(match.desired, match.existing, fought_over))

    def _is_decided(self, key: str, decision: Decision) -> bool:
        resolution = self.known.resolutions.get(key)
        return resolution is not None and resolution.decision == decision

    def _add(
        self,
        kind: OperationKind,
        match: Match,
        reason: str,
        changes: dict[str, Change],
        drifted: tuple[str, ...] = (),
    ) -> None:
        self.steps.drafts.append(Draft(kind=kind, match=match, reason=reason, changes=changes, drifted=drifted))


def _names_given_up(existing: Existing) -> dict[str, Change]:
    """Who has left is renamed, so that a namesake can be created and inherits nothing (docs/design.md §3.4)."""
    path = NAMES[existing.kind]
    name = str(existing.attributes.get(path, ""))
    # Six characters of the id keep two users of one name apart who left one after the other.
    changes: dict[str, Change] = {path: (name, f"{name[:100]}.left-{existing.target_id[-6:]}")}
    email = existing.attributes.get(EMAILS)
    return changes | ({EMAILS: (email, None)} if email else {})


def _in_words(grace: timedelta | None) -> str:
    hours = round((grace or timedelta()).total_seconds() / 3600)
    return f"{hours // 24} days" if hours >= 48 and hours % 24 == 0 else f"{hours} h"


def _has_or_gets_resource(match: Match) -> bool:
    """Whether others may name this user as their manager: in scope, and ours now or after this plan."""
    if match.desired is None or match.row.situation == "protected":
        return False
    return match.is_managed or (not match.is_held and match.row.action in ("create", "adopt"))


def _kind_and_reason(match: Match, changes: Mapping[str, Change], drifted: Sequence[str]) -> tuple[OperationKind, str]:
    """Where several kinds fit one user: deactivate, reactivate, adopt, update; the other changes ride along."""
    # The most serious word for a request wins: an operator who filters for deactivations must see one that also carries
    # a new title, and the limits count by kind.
    if match.kind == "user" and ACTIVE in changes:
        if changes[ACTIVE][1] is False:
            return "deactivate_user", "disabled in the source"
        return "reactivate_user", "active in the source"
    if not match.is_managed:
        kind: OperationKind = "adopt_user" if match.kind == "user" else "adopt_group"
        found = {"rehire": "the same user as before, under a new id", "decision": "linked, as decided"}
        return kind, found.get(match.by, f"found on the target by {match.by}")
    return ("update_user" if match.kind == "user" else "update_group"), _why_updated(changes, drifted)


def _drifted(match: Match, changes: Mapping[str, Change]) -> tuple[str, ...]:
    applied = match.link.applied if match.link is not None else {}
    return tuple(path for path, change in changes.items() if has_drifted(applied, path, change))


def _why_updated(changes: Mapping[str, Change], drifted: Sequence[str]) -> str:
    ours = [path for path, (old, new) in changes.items() if old != new and path not in drifted]
    told = [f"{_listed(ours)} changed in the source"] if ours else []
    told += [f"{_listed(drifted)} changed on the target by someone else"] if drifted else []
    return "; ".join(told)


def _listed(paths: Iterable[str]) -> str:
    return ", ".join(sorted(paths))
