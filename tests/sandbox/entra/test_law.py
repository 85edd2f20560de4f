"""A client that follows the documented rules never drifts from the directory, whatever Graph makes of a round."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.server import EntraSandbox
from tests.sandbox.entra.conftest import Caller

USERS = [f"u{number}" for number in range(3)]
GROUPS = [f"g{number}" for number in range(2)]
KNOBS = st.builds(
    EntraKnobs,
    delta_page=st.integers(1, 4),
    delta_members=st.integers(1, 3),
    empty_pages=st.booleans(),
    scattered=st.booleans(),
    duplicates=st.booleans(),
    replays=st.integers(0, 20),
    history=st.booleans(),
    removed_at_first=st.booleans(),
)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put_user"), st.sampled_from(USERS)),
        st.tuples(st.sampled_from(["delete_user", "purge_user", "restore_user"]), st.sampled_from(USERS)),
        st.tuples(st.just("rename"), st.sampled_from(USERS), st.text("abc", max_size=3)),
        st.tuples(st.sampled_from(["add_member", "remove_member"]), st.sampled_from(GROUPS), st.sampled_from(USERS)),
        st.tuples(st.sampled_from(["put_group", "delete_group"]), st.sampled_from(GROUPS)),
    ),
    max_size=12,
)


class Mirror:
    """What such a client holds: merged by id, the last entry wins, users who are gone count nowhere."""

    def __init__(self, graph: Caller) -> None:
        self._graph = graph
        self.users: dict[str, dict[str, Any]] = {}
        self._members: dict[str, set[str]] = {}
        self._links = {
            "users": "users/delta?$select=id,displayName",
            "groups": "groups/delta?$select=id,members",
        }

    def follow(self) -> None:
        rows, self._links["users"] = self._graph.delta(self._links["users"])
        for row in rows:
            if "@removed" in row:
                self.users.pop(row["id"], None)
            else:
                self.users[row["id"]] = row
        rows, self._links["groups"] = self._graph.delta(self._links["groups"])
        for row in rows:
            if "@removed" in row:
                self._members.pop(row["id"], None)
                continue
            held = self._members.setdefault(row["id"], set())
            for change in row.get("members@delta", ()):
                (held.discard if "@removed" in change else held.add)(change["id"])

    @property
    def members(self) -> dict[str, set[str]]:
        return {group: held & self.users.keys() for group, held in self._members.items()}


def full(graph: Caller) -> tuple[dict[str, Any], dict[str, set[str]]]:
    users = {row["id"]: row for row in graph.rows("users?$select=id,displayName")}
    groups = graph.ids("groups?$select=id")
    return users, {group: set(graph.ids(f"groups/{group}/members?$select=id")) for group in groups}


def change(entra: EntraSandbox, step: tuple[str, ...]) -> None:
    """Carry out a change that makes sense now; one that does not is left out, as no administrator could do it."""
    name, *arguments = step
    try:
        if name == "rename":
            entra.directory.put_user(arguments[0], displayName=arguments[1])
        else:
            getattr(entra.directory, name)(*arguments)
    except (KeyError, ValueError):
        return


@given(knobs=KNOBS, rounds=st.lists(CHANGES, min_size=1, max_size=4))
def test_a_client_that_follows_the_rules_never_drifts(
    running: EntraSandbox, knobs: EntraKnobs, rounds: list[list[tuple[str, ...]]]
) -> None:
    running.reset(knobs)
    running.directory.seed({"users": [{"id": user} for user in USERS], "groups": [{"id": GROUPS[0]}]})
    graph = Caller(running)
    try:
        mirror = Mirror(graph)
        for steps in rounds:
            for step in steps:
                change(running, step)
            mirror.follow()
            users, members = full(graph)
            assert mirror.users == users
            assert mirror.members == members
    finally:
        graph.http.close()
