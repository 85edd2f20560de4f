"""What the pages show of access, row by row, is what everything together shows, in pages of any size."""

from itertools import islice

import pytest

from scim_bridge.access.graph import access_rows
from scim_bridge.access.wanted import Wanted, choose
from scim_bridge.model.access import AccessRow
from scim_bridge.run.access_question import START, Answers, Question
from scim_bridge.state.access_memory import remember_here
from tests.state.test_access_lookup import made


def paged(answers: Answers, size: int) -> list[AccessRow]:
    """All rows, by pages of this size."""
    found: list[AccessRow] = []
    after = START
    while page := list(islice(answers.rows(after), size)):
        found += [row for _, row in page]
        after = page[-1][0]
    return found


def key(row: AccessRow) -> tuple[str, ...]:
    return (row.user_id, row.via or "", row.account_id, row.permission_set)


@pytest.mark.parametrize("seed", range(8))
def test_pages_of_rows_are_all_rows_each_once(seed: int) -> None:
    reading = made(seed)
    wanted = sorted(access_rows(reading), key=key)
    with remember_here(reading).lookup() as lookup:
        for size in (1, 3, 1_000):
            assert sorted(paged(Answers(lookup, Question()), size), key=key) == wanted
        for name in ("Admin", "read"):
            chosen = choose(reading, Wanted(permission_set=name)).rows
            assert sorted(paged(Answers(lookup, Question(permission_set=name)), 2), key=key) == sorted(chosen, key=key)
        for user in ("u1", "u2", "u3"):
            mine = [row for row in wanted if row.user_id == user]
            assert sorted(paged(Answers(lookup, Question(users=frozenset([user]))), 1), key=key) == mine
        group = [row for row in wanted if row.via == "Group 2"]
        assert sorted(paged(Answers(lookup, Question(group="group 2")), 2), key=key) == group
        assert paged(Answers(lookup, Question(users=frozenset())), 2) == []
