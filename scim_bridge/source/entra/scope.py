"""The scope, asked of Graph: who is assigned to an application, and whether the listed groups are there at all."""

from collections.abc import Iterable

from scim_bridge.config.source import EntraScope
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.protocol import silent
from scim_bridge.source.entra.graph import Graph
from scim_bridge.source.entra.listing import Tally, ask_all, listing, principal_of
from scim_bridge.source.entra.memory import Assigned
from scim_bridge.source.entra.question import Identity, assigned_to, is_there
from scim_bridge.source.entra.refusal import Absent
from scim_bridge.source.entra.snapshot import Reach


def assignments(graph: Graph, application: str) -> Assigned:
    """Whom the application is assigned to now. No delta query tells that, so it is read in full each time."""
    try:
        rows = listing(graph, assigned_to(application), Tally("assignments", silent))
    except Absent as absent:
        raise SourceUnreadable(
            f"the tenant has no enterprise application {application} ({absent}), which source.scope names",
            "Write the application id of the enterprise application, not an object id.",
        ) from None
    found: dict[str, set[str]] = {"User": set(), "Group": set()}
    for kind, object_id in map(principal_of, rows):
        found.get(kind, set()).add(object_id)
    return Assigned(frozenset(found["User"]), frozenset(found["Group"]))


def reach_of(scope: EntraScope, assigned: Assigned) -> Reach:
    """Whom the scope takes in."""
    if scope.application:
        return Reach(assigned.users, assigned.groups)
    return Reach(frozenset(), frozenset(scope.groups)) if scope.groups else Reach()


def require_groups(graph: Graph, groups: Iterable[str]) -> None:
    """Raises SourceUnreadable if the tenant does not have one of these groups."""
    questions = {group_id: is_there(Identity("group", group_id)) for group_id in groups}
    answers = ask_all(graph, list(questions.values()))
    for group_id, question in questions.items():
        answer = answers[question.url]
        if isinstance(answer, Absent):
            raise not_there(group_id)
        if isinstance(answer, Exception):
            raise answer


def not_there(group_id: str) -> SourceUnreadable:
    """A group of the scope is missing. No one is taken for departed because of that: it may be a slip of the pen."""
    return SourceUnreadable(
        f"the tenant has no group {group_id}, which source.scope names",
        "Write its object id; if the group was deleted on purpose, take it out of source.scope.",
    )
