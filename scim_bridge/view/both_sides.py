"""Both sides of a conflict next to each other: for each attribute, what each record and resource has."""

from collections.abc import Sequence
from dataclasses import dataclass

from scim_bridge.model.conflict_side import Subject
from scim_bridge.view import words
from scim_bridge.view.translation import _
from scim_bridge.view.words import printable

_FIRST = ("userName", "displayName", "emails", "active", "externalId", "title", "enterprise.department", "meta.created")
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class SideView:
    """One record or resource. id: of a resource, "" for a record. rows: attribute, value, whether it differs."""

    title: str
    name: str
    id: str
    rows: tuple[tuple[str, str, bool], ...]


def both_sides(subjects: Sequence[Subject], path: str) -> tuple[SideView, ...]:
    """The records, then the resources. path: the attribute that it is about, which stands first."""
    if not any(subject.attributes for subject in subjects):
        return ()
    paths = dict.fromkeys((path, *_FIRST) if path else _FIRST)
    known = [p for p in paths if any(p in subject.attributes for subject in subjects)][:_SHOWN]
    differing = {p for p in known if len({words.value(s.attributes.get(p)) for s in subjects}) > 1}
    return tuple(_side(subject, known, differing) for subject in subjects)


def _side(subject: Subject, paths: Sequence[str], differing: set[str]) -> SideView:
    is_record = subject.whom.side == "source"
    where = _("In the source") if is_record else _("On the target")
    attributes = subject.attributes
    name = attributes.get("userName" if subject.whom.kind == "user" else "displayName") or subject.whom.id
    return SideView(
        title=f"{where}: {printable(subject.place)}" if subject.place else where,
        name=printable(str(name)),
        id="" if is_record else subject.whom.id,
        rows=tuple((p, words.value(attributes.get(p)), p in differing) for p in paths),
    )
