"""Conflicts in words: what only a person can decide, about whom, and what they can do about it.

A conflict's key is made of its kind and of ids, never of names or values, so that it stays the same across runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from scim_bridge.model.conflict_kind import KIND_OF_TAKEN, UNREADABLE, remedy
from scim_bridge.model.identity import (
    ACTIVE,
    DISPLAY_NAME,
    EMAILS,
    USER_NAME,
    AmbiguousMember,
    Desired,
    Existing,
    Kind,
)
from scim_bridge.model.plan import Conflict, conflict_key
from scim_bridge.model.touch import member_of_path, member_path
from scim_bridge.model.wording import counted, listed

KIND_OF_DUPLICATE = {
    USER_NAME: "duplicate_user_name",
    EMAILS: "duplicate_email",
    DISPLAY_NAME: "duplicate_display_name",
}


def identity(desired: Desired) -> str:
    """What conflict keys are made of: a record's id, else its name, and only without either its place.

    A line of a file belongs to another record as soon as a line above it is gone. Then the decision about a record
    would be lost, or taken for one about its neighbour.
    """
    return f"{desired.kind}:{desired.source_id or f'name:{desired.name}'}"


def of_flaws(desired: Desired) -> list[Conflict]:
    """One conflict for each thing wrong with a record."""
    if not desired.flaws:
        return []
    where = listed(desired.places)
    return [
        Conflict(
            key=conflict_key(flaw.kind, [identity(desired), flaw.attribute]),
            kind=flaw.kind,
            subjects=(desired.name,),
            detail=f"{where}: {flaw.detail}"
            + ("" if flaw.fatal else "; this attribute is left as it is on the target"),
            remedy=flaw.remedy,
            resource=desired.kind,
            source_id=desired.source_id,
            path=flaw.attribute,
        )
        for flaw in desired.flaws
    ]


def left_open(conflicts: Iterable[Conflict], existing: Existing | None) -> tuple[Conflict, ...]:
    """The same; one that leaves an active user as they are, since nothing says whether they may sign in, names them."""
    if existing is None or not existing.is_open:
        return tuple(conflicts)
    return tuple(replace(c, target_id=existing.target_id) if _is_about_access(c) else c for c in conflicts)


def _is_about_access(conflict: Conflict) -> bool:
    return conflict.kind in UNREADABLE and conflict.path == ACTIVE


def of_match(desired: Desired, column: str, resources: Sequence[Existing]) -> Conflict:
    """Why a record cannot be given the resource, or one of the resources, that it points at.

    column: the target column of the situation table: "taken", "contested" or "several".
    """
    shown = ", ".join(f"{r.name} ({r.target_id})" for r in sorted(resources, key=lambda r: r.target_id))
    kind, detail = {
        "taken": ("match_taken", f"{desired.name} matches {shown}, which belongs to another record or connection"),
        "contested": ("match_contested", f"{desired.name} and another record both match {shown}"),
        "several": ("match_ambiguous", f"{desired.name} matches several resources: {shown}"),
    }[column]
    ids = [r.target_id for r in resources]
    return replace(_about(kind, desired, detail, ids), target_id=ids[0] if len(ids) == 1 else None)


def _about(kind: str, record: Desired, detail: str, ids: Iterable[str] = (), **names: str) -> Conflict:
    """A conflict about one record, with its key, and the remedy of its kind.

    ids: of all else that it is about. names: what the remedy leaves open.
    """
    return Conflict(
        key=conflict_key(kind, [identity(record), *ids]),
        kind=kind,
        subjects=(record.name,),
        detail=detail,
        remedy=remedy(kind, **names),
        resource=record.kind,
        source_id=record.source_id,
    )


def _about_pair(kind: str, record: Desired, target_id: str, detail: str, **names: str) -> Conflict:
    """A conflict about a record and one resource."""
    return replace(_about(kind, record, detail, [target_id], **names), target_id=target_id)


def ambiguous_member(ambiguous: AmbiguousMember, subjects: Iterable[str]) -> Conflict:
    """A reference fits several records, so no one is added or removed by it. subjects: the records it concerns."""
    kind = "ambiguous_member"
    ids = [ambiguous.reference, *(f"{resource}:{record}" for resource, record in ambiguous.fits)]
    return Conflict(
        key=conflict_key(kind, ids),
        kind=kind,
        subjects=tuple(subjects),
        detail=f"{ambiguous.detail}. Memberships that depend on it stay as they are on the target",
        remedy=ambiguous.remedy,
    )


def adopt(desired: Desired, existing: Existing, by: str) -> Conflict:
    """A match by name after the first run: a person decides whether they are the same."""
    held = ", ".join(f"{path} {existing.attributes[path]!r}" for path in sorted(existing.attributes))
    detail = (
        f"{desired.name} matches {existing.name} ({existing.target_id}) by {by}. That resource is not managed; "
        f"it has {held}"
    )
    return _about_pair("adopt?", desired, existing.target_id, detail)


def rehire_key(desired: Desired, target_id: str) -> str:
    """The key of the question whether a newcomer is someone who has left."""
    return conflict_key("rehire?", [identity(desired), target_id])


def rehire(desired: Desired, existing: Existing) -> Conflict:
    """A new record has the name or the email of someone whose record is gone: the same person, or a namesake?"""
    detail = (
        f"{desired.name} is new in the source, and {existing.name} ({existing.target_id}), whose record has left, "
        "has that name or email on the target; the newcomer is held"
    )
    return _about_pair("rehire?", desired, existing.target_id, detail, resource_id=existing.target_id)


def drift(desired: Desired, existing: Existing, paths: Iterable[str]) -> Conflict:
    """Attributes that someone changed on the target, left as they are under `drift: report`."""
    paths = sorted(paths)
    shown = ", ".join(f"{path} is {existing.attributes.get(path)!r}" for path in paths)
    detail = f"{desired.name} was changed on the target by someone else: {shown}; it stays until the source changes it"
    found = _about("drift", desired, detail, [existing.target_id, *paths])
    return replace(found, target_id=existing.target_id)


def stray(group: Desired, group_id: str, user_name: str, user_id: str, *, is_in: bool) -> Conflict:
    """Someone else put a user into a managed group, or took one out, left so under `drift: report`."""
    what = f"{user_name} was {'put into' if is_in else 'taken out of'} {group.name} on the target by someone else"
    found = _about("drift", group, f"{what}; it stays until the source changes it", [group_id, user_id])
    return replace(found, subjects=(group.name, user_name), target_id=group_id, path=member_path(user_id))


def strays(conflicts: Iterable[Conflict]) -> frozenset[tuple[str, str]]:
    """The memberships, (group, user) by target id, that these conflicts leave as they are."""
    found = ((c.target_id or "", member_of_path(c.path)) for c in conflicts if c.kind == "drift")
    return frozenset((group_id, user_id) for group_id, user_id in found if user_id is not None)


def missing(desired: Desired, target_id: str) -> Conflict:
    """A managed resource that someone deleted, not created again under `drift: report`."""
    detail = f"{desired.name} was deleted on the target by someone else (was {target_id})"
    return _about_pair("missing", desired, target_id, detail)


def mixed_identity(desired: Desired, other_id: str, other: Desired | None) -> Conflict:
    """The target shows one record's externalId on another record's resource."""
    kind, named = "external_id_mixed", other.name if other is not None else f"record {other_id}"
    return Conflict(
        key=conflict_key(kind, [identity(desired), f"{desired.kind}:{other_id}"]),
        kind=kind,
        subjects=tuple(sorted((desired.name, named))),
        detail=f"on the target, the externalIds of {desired.name} and {named} have been mixed up by someone else",
        remedy=remedy(kind),
    )


def duplicate(kind: Kind, path: str, records: Iterable[Desired], losers: Iterable[Desired]) -> Conflict:
    """One unique value claimed by several records."""
    records = sorted(records, key=identity)
    value = records[0].attributes[path]
    shown = listed([f"{d.name} ({', '.join(d.places)})" for d in records])
    waiting = {identity(d) for d in losers}
    keeping = [d for d in records if identity(d) not in waiting]
    losing = [d for d in records if identity(d) in waiting]
    is_email = path == EMAILS
    if keeping:
        others = "has the email it has on the target, or none" if is_email else "is held"
        effect = f"{_where(keeping)} holds it on the target and keeps it, {_where(losing)} {others}"
    else:
        effect = "they keep the email they have on the target, or none" if is_email else "all of them are held"
    whom, what = _where(losing) if keeping else "each of them", "email" if is_email else path
    return Conflict(
        key=conflict_key(KIND_OF_DUPLICATE[path], [identity(d) for d in records]),
        kind=KIND_OF_DUPLICATE[path],
        subjects=tuple(d.name for d in records),
        detail=f"{path} {value!r} is claimed by several {kind}s: {shown}; {effect}",
        remedy=remedy(KIND_OF_DUPLICATE[path], whom=whom, what=what),
    )


def _where(records: Sequence[Desired]) -> str:
    """Where records stand, the lines alone where they are of one file; two may have the same name."""
    places = [place for record in records for place in record.places]
    files = {place.rpartition(", line ")[0] for place in places}
    if len(files) == 1 and files != {""}:
        places = [f"line {line}" for line in (place.rpartition(", line ")[2] for place in places)]
    return listed(places)


def value_taken(desired: Desired, path: str, holder: Existing) -> Conflict:
    """A unique value that another resource of the target holds and keeps."""
    kind = KIND_OF_TAKEN[path]
    effect = "the email stays as it is on the target" if path == EMAILS else f"{desired.name} is held"
    return Conflict(
        key=conflict_key(kind, [identity(desired), holder.target_id]),
        kind=kind,
        subjects=(desired.name, holder.name),
        detail=f"{path} {desired.attributes[path]!r} of {desired.name} is held by {holder.name} ({holder.target_id}) "
        f"on the target, which keeps it; {effect}",
        remedy=remedy(kind, what=path),
        target_id=holder.target_id,
    )


def protected_name(desired: Desired, existing: Existing | None) -> Conflict:
    """A record maps to a name that the policy protects, and its own resource does not have that name."""
    who, keeps = desired.name, "it is not created"
    if existing is not None:
        who, keeps = existing.name, f"{existing.name} keeps its name"
    detail = (
        f"{listed(desired.places)}: the record's name on the target would be {desired.name}, which "
        f"`policy.protect` protects; {keeps}, and is held: revocations still pass, additions wait"
    )
    found = _about("protected_name", desired, detail)
    return replace(found, subjects=(who,), target_id=existing.target_id if existing is not None else None)


def disabled_there(desired: Desired, existing: Existing) -> Conflict:
    """Active in the source, inactive on the target, and not by our doing: someone may have locked a stolen account."""
    detail = (
        f"{desired.name} is active in the source, but inactive on the target, where an administrator may have locked "
        "the user. The user stays inactive, and new grants wait"
    )
    return replace(_about_pair("disabled_there", desired, existing.target_id, detail), path=ACTIVE)


def _unclaimed_by_any(kind: str, existing: Existing, detail: str, **names: str) -> Conflict:
    """A conflict about a resource that no record claims."""
    return Conflict(
        key=conflict_key(kind, [f"{existing.kind}:{existing.target_id}"]),
        kind=kind,
        subjects=(existing.name,),
        detail=detail,
        remedy=remedy(kind, **names),
        target_id=existing.target_id,
        resource=existing.kind,
    )


def unclaimed(existing: Existing, members: int = 0) -> Conflict:
    """An active user, or a group with members, that was managed once and that no record in scope and no link claims."""
    is_user = existing.kind == "user"
    state = "is active" if is_user else f"has {counted(members, 'member')}"
    under = f"under externalId {existing.external_id!r}" if existing.external_id else "and was managed"
    left = "The user may have left" if is_user else "The group may have left"
    effect = "deactivates the user and removes all memberships" if is_user else "removes all members"
    detail = (
        f"{existing.name} ({existing.target_id}) {state} on the target {under}, and no record in scope has that id. "
        f"{left} while the state was lost"
    )
    return _unclaimed_by_any("unclaimed", existing, detail, effect=effect)


def orphan_with_assignments(existing: Existing, count: int, held: str) -> Conflict:
    """No one in the source is this user or group, and it opens an account. held: its assignments in words."""
    is_shut = existing.kind == "user" and not existing.is_active
    shut = "; the user is inactive, so no one signs in with it" if is_shut else ""
    too = " `policy.orphans: deactivate` deactivates every such user." if existing.is_open else ""
    detail = (
        f"{existing.name} ({existing.target_id}) is a {existing.kind} that no record claims, "
        f"and it has {counted(count, 'assignment')}: {held}{shut}"
    )
    return _unclaimed_by_any("orphan_with_assignments", existing, detail, too=too)


def another_provisioner(desired: Desired, existing: Existing, paths: Iterable[str]) -> Conflict:
    """Someone else changed the same values back, several times in a row."""
    detail = (
        f"{desired.name}: {', '.join(sorted(paths))} was changed on the target by someone else and set back several "
        "times; another program writes here"
    )
    return _about_pair("another_provisioner", desired, existing.target_id, detail)
