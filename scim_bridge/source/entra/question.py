"""The requests we know how to make, and what is asked about one user or group by itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from scim_bridge.model.identity import Kind
from scim_bridge.source.entra.graph import Graph, Request
from scim_bridge.source.entra.listing import Answers, ask_all, every_row, object_of
from scim_bridge.source.entra.memory import GROUP_TYPE, USER_TYPE, Revision
from scim_bridge.source.entra.property import Selection
from scim_bridge.source.entra.refusal import (
    READ_ASSIGNMENTS,
    READ_GROUPS,
    READ_USERS,
    Absent,
    Permission,
    PermissionMissing,
    unknown_property,
)

MOST_ROWS = 999
"""The largest page that Graph gives of users, groups and members."""
_NEEDS: dict[Kind, Permission] = {"user": READ_USERS, "group": READ_GROUPS}
_TYPES: dict[Kind, str] = {"user": USER_TYPE, "group": GROUP_TYPE}
_MANAGER = "$expand=manager($select=id)"


@dataclass(frozen=True, slots=True)
class Identity:
    """A user or a group by object id."""

    kind: Kind
    object_id: str

    @property
    def path(self) -> str:
        """Where Graph has it."""
        return f"{self.kind}s/{quote(self.object_id, safe='')}"


def changes_of(selection: Selection, page_size: int) -> Request:
    """The first request of a delta query (https://learn.microsoft.com/graph/api/user-delta, …/group-delta)."""
    names = [*selection.properties]
    names += ["manager"] if selection.has_manager else []
    names += ["members"] if selection.kind == "group" else []
    prefer = (("Prefer", f"odata.maxpagesize={min(page_size, MOST_ROWS)}"),)
    url = f"{selection.kind}s/delta?$select={','.join(names)}"
    return Request(url, _NEEDS[selection.kind], headers=prefer)


def all_of(selection: Selection, page_size: int) -> Request:
    """The first request of a plain listing."""
    return Request(f"{selection.kind}s?{_select(selection)}&$top={min(page_size, MOST_ROWS)}", _NEEDS[selection.kind])


def members_of(group_id: str) -> Request:
    """The direct members of a group: ids and types, for of what they are Graph may show nothing else."""
    return Request(f"{Identity('group', group_id).path}/members?$select=id&$top={MOST_ROWS}", READ_GROUPS)


def assigned_to(application: str) -> Request:
    """Who is assigned to an application (https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto)."""
    quoted = quote(application, safe="")
    return Request(f"servicePrincipals(appId='{quoted}')/appRoleAssignedTo?$top={MOST_ROWS}", READ_ASSIGNMENTS)


def itself(one: Identity, selection: Selection) -> Request:
    """One user or group."""
    return Request(f"{one.path}?{_select(selection)}", _NEEDS[one.kind])


def is_there(one: Identity) -> Request:
    """Whether there is such a user or group."""
    return Request(f"{one.path}?$select=id", _NEEDS[one.kind])


def _select(selection: Selection) -> str:
    chosen = f"$select={','.join(selection.properties)}"
    return f"{chosen}&{_MANAGER}" if selection.has_manager else chosen


def _groups_of(one: Identity) -> Request:
    return Request(f"{one.path}/memberOf?$select=id&$top={MOST_ROWS}", _NEEDS[one.kind])


def look_at(graph: Graph, revision: Revision, who: Iterable[Identity], selections: Mapping[Kind, Selection]) -> None:
    """Bring these into the revision as they are now, with the groups that they are in and the members that they have.

    Who is gone is so only if Graph says that there is no such object.
    """
    who = list(dict.fromkeys(who))
    questions = [itself(one, selections[one.kind]) for one in who]
    questions += [_groups_of(one) for one in who]
    questions += [members_of(one.object_id) for one in who if one.kind == "group"]
    answers = ask_all(graph, questions)
    there = [one for one in who if _put_as_shown(revision, one, selections[one.kind], answers)]
    for one in there:
        if one.kind == "group":
            asked = members_of(one.object_id)
            revision.put_members(one.object_id, every_row(graph, asked, answers[asked.url]))
    revision.drop_members({one.object_id for one in who} - {one.object_id for one in there})
    for one in there:
        groups = _told(graph, _groups_of(one), answers)
        if groups is not None:
            revision.put_memberships({"id": one.object_id, "@odata.type": _TYPES[one.kind]}, groups)


def _put_as_shown(revision: Revision, one: Identity, selection: Selection, answers: Answers) -> bool:
    """Put one object into the revision. Whether it is there."""
    shown = answers[itself(one, selection).url]
    if isinstance(shown, Absent):
        revision.remove(one.kind, one.object_id)
        return False
    if isinstance(shown, Exception):
        raise unknown_property(shown, selection.properties, one.kind)
    row = object_of(shown)
    if row["id"] != one.object_id:
        # Graph finds a user by the userPrincipalName too. What bore that as its id, in another source, is not there.
        revision.remove(one.kind, one.object_id)
        return False
    if one.kind == "user":
        revision.remove("user", one.object_id)  # what Graph does not show of it now, it has not
        revision.put_user(row)
    else:
        revision.put_group(row)
    return True


def bring_in(graph: Graph, revision: Revision, who: Iterable[Identity]) -> None:
    """The memberships that come with anyone who appears in a round of changes.

    Someone restored from the deleted items is in all groups again, and a group has its members again. Whether the
    groups' changes tell that is not documented, so anyone who appears is asked about.
    """
    who = list(who)
    questions = [_groups_of(one) for one in who]
    questions += [members_of(one.object_id) for one in who if one.kind == "group"]
    answers = ask_all(graph, questions)
    for one in who:
        if one.kind == "group":
            asked = members_of(one.object_id)
            answer = answers[asked.url]
            revision.put_members(one.object_id, () if isinstance(answer, Absent) else every_row(graph, asked, answer))
    for one in who:
        for group_id in _told(graph, _groups_of(one), answers) or ():
            revision.put_member(group_id, {"id": one.object_id, "@odata.type": _TYPES[one.kind]})


def _told(graph: Graph, asked: Request, answers: Answers) -> frozenset[str] | None:
    """The groups that it is directly in; None if Graph does not tell this application.

    That may need more permissions than all else; what the groups' changes tell has to do then.
    """
    answer = answers[asked.url]
    if isinstance(answer, (Absent, PermissionMissing)):
        return None
    rows = every_row(graph, asked, answer)
    return frozenset(row["id"] for row in rows if row.get("@odata.type", GROUP_TYPE) == GROUP_TYPE)
