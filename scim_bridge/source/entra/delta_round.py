"""What was read of everyone becomes entries: the first round of changes, a later one, or plain listings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from scim_bridge.model.identity import Kind
from scim_bridge.model.protocol import Progress
from scim_bridge.source.entra.graph import Graph, Request
from scim_bridge.source.entra.listing import Tally, ask_all, changes, every_row, listing, rows_of
from scim_bridge.source.entra.memory import GraphObject, Revision, Watermark, last_of_each
from scim_bridge.source.entra.property import Selection
from scim_bridge.source.entra.question import Identity, all_of, bring_in, changes_of, members_of
from scim_bridge.source.entra.refusal import Absent, Unusable, unknown_property

Selections = Mapping[Kind, Selection]


@dataclass(frozen=True, slots=True)
class Rounds:
    """One round of changes of each kind, rows in the order in which they came, and where the next ones begin."""

    users: list[GraphObject]
    groups: list[GraphObject]
    users_link: str
    groups_link: str


def first_rounds(graph: Graph, selections: Selections, page_size: int, progress: Progress) -> Rounds:
    """Everything there is, as the first round of changes tells it."""
    first = {kind: changes_of(chosen, page_size) for kind, chosen in selections.items()}
    return _rounds(graph, first["group"], first["user"], selections, progress)


def next_rounds(graph: Graph, since: Watermark, selections: Selections, progress: Progress) -> Rounds:
    """What has changed since. One request of each kind, if nothing has."""
    first = {kind: changes_of(chosen, 1) for kind, chosen in selections.items()}
    groups = Request(since.groups, first["group"].permission)
    users = Request(since.users, first["user"].permission)
    return _rounds(graph, groups, users, selections, progress)


def _rounds(graph: Graph, groups: Request, users: Request, selections: Selections, progress: Progress) -> Rounds:
    # Groups go first: who joins between the two readings is then a user without a group for one run, not a member that
    # no one knows.
    with about_properties(selections["group"]):
        group_rows, groups_link = changes(graph, groups, Tally("groups", progress))
    with about_properties(selections["user"]):
        user_rows, users_link = changes(graph, users, Tally("users", progress))
    return Rounds(user_rows, group_rows, users_link, groups_link)


@contextmanager
def about_properties(selection: Selection) -> Iterator[None]:
    """A refusal of the request is one of the mapping, if it names a property that the mapping uses."""
    try:
        yield
    except Unusable as error:
        raise unknown_property(error, selection.properties, selection.kind) from None


def merge(graph: Graph, revision: Revision, rounds: Rounds, *, is_first: bool) -> None:
    """Put the rows of a round into the revision, in the order in which they came: the last one of an object holds.

    An object told of as removed is gone from all groups too. In a later round, anyone who appears brings memberships.
    """
    for row in rounds.users:
        _put(revision, "user", row)
    if not is_first:
        bring_in(graph, revision, _appeared(revision, rounds))
    for row in rounds.groups:
        _put(revision, "group", row)
    last = [*last_of_each(rounds.users).values(), *last_of_each(rounds.groups).values()]
    revision.drop_members({row["id"] for row in last if "@removed" in row})


def _put(revision: Revision, kind: Kind, row: GraphObject) -> None:
    if "@removed" in row:
        revision.remove(kind, row["id"])
    elif kind == "user":
        revision.put_user(row)
    else:
        revision.put_group(row)


def _appeared(revision: Revision, rounds: Rounds) -> list[Identity]:
    kinds: tuple[tuple[Kind, list[GraphObject]], ...] = (("user", rounds.users), ("group", rounds.groups))
    return [
        Identity(kind, object_id)
        for kind, rows in kinds
        for object_id, row in last_of_each(rows).items()
        if "@removed" not in row and not revision.knows(kind, object_id)
    ]


@dataclass(frozen=True, slots=True)
class Listing:
    """What to list. roots: the groups whose members are asked for, with those of the groups in them; None for all."""

    selections: Selections
    page_size: int
    roots: frozenset[str] | None


def listed(graph: Graph, revision: Revision, what: Listing, progress: Progress) -> None:
    """Bring the revision to what plain listings show."""
    rows: dict[Kind, list[GraphObject]] = {}
    for kind, chosen in what.selections.items():
        with about_properties(chosen):
            rows[kind] = listing(graph, all_of(chosen, what.page_size), Tally(f"{kind}s", progress))
    revision.forget_others({kind: {row["id"] for row in rows[kind]} for kind in rows})
    for row in rows["user"]:
        revision.remove("user", row["id"])  # what the listing does not show of it, it has not
        revision.put_user(row)
    for row in rows["group"]:
        revision.put_members(row["id"], ())
        revision.put_group(row)
    there = {row["id"] for row in rows["group"]}
    _follow(graph, revision, there, there if what.roots is None else there & what.roots, progress)


def _follow(graph: Graph, revision: Revision, there: set[str], roots: set[str], progress: Progress) -> None:
    """Ask for the members of these groups and of those in them, level by level, each group once."""
    tally, asked, level = Tally("members", progress), set[str](), roots
    while level:
        asked |= level
        questions = {group_id: members_of(group_id) for group_id in sorted(level)}
        answers = ask_all(graph, list(questions.values()))
        inner: set[str] = set()
        for group_id, question in questions.items():
            answer = answers[question.url]
            if isinstance(answer, Absent):
                revision.remove("group", group_id)  # deleted since the listing
                continue
            members = every_row(graph, question, answer)
            revision.put_members(group_id, members)
            tally.add(len(members))
            group = revision.group(group_id)
            inner |= set(group.groups) if group is not None else set()
        level = (inner & there) - asked


def first_page(graph: Graph, selections: Selections, page_size: int) -> Revision:
    """A page of users and one of groups, without memberships."""
    revision = Revision({})
    for kind, chosen in selections.items():
        with about_properties(chosen):
            page = graph.send(all_of(chosen, page_size))
        for row in rows_of(page):
            _put(revision, kind, row)
    return revision
