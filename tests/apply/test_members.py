"""One membership request, pursued until only those who are refused one by one are left."""

from collections.abc import Callable

import pytest

from scim_bridge.apply.members import MemberAnswer, MemberSender
from scim_bridge.errors import NotAnswered, NotThere, Refused
from tests.builders import group, on_target, user
from tests.fakes import MemoryTarget, Write

NAMES = [f"t-{number}" for number in range(8)]


@pytest.fixture
def target() -> MemoryTarget:
    target = MemoryTarget()
    for number, name in enumerate(NAMES):
        target.put(on_target(name, user(f"u{number}")))
    target.put(on_target("s-1", group("dev")))
    return target


def refusing(*names: str, before: Callable[[], None] = lambda: None) -> Callable[[Write], None]:
    """A hook that refuses every membership request in which one of these users is."""

    def look(write: Write) -> None:
        if set(names) & set(write.members):
            before()
            raise Refused("400")

    return look


def add(target: MemoryTarget, *staying: str) -> MemberAnswer:
    return MemberSender(target, {"s-1": set(staying)}).change("s-1", NAMES, is_adding=True)


def test_all_of_a_request_that_is_taken_are_in(target: MemoryTarget) -> None:
    assert add(target).refused == {}
    assert (target.members["s-1"], len(target.log)) == (set(NAMES), 1)


def test_of_a_refused_request_only_who_is_refused_alone_is_left_out(target: MemoryTarget) -> None:
    target.before = refusing("t-5")
    assert set(add(target).refused) == {"t-5"}
    assert target.members["s-1"] == set(NAMES) - {"t-5"}


def test_finding_one_among_many_takes_two_requests_a_halving(target: MemoryTarget) -> None:
    target.before = refusing("t-5")
    add(target)
    assert len(target.log) <= 1 + 2 * 3


def test_who_falls_out_by_a_refusal_is_put_back(target: MemoryTarget) -> None:
    target.put(on_target("t-9", user("u9")))
    target.put(on_target("s-1", group("dev")), "t-9")
    target.before = refusing("t-5", before=target.members["s-1"].clear)
    answer = add(target, "t-9")
    assert target.members["s-1"] == {*NAMES, "t-9"} - {"t-5"}
    assert not answer.is_unsure


def test_what_landed_although_it_was_refused_is_no_refusal(target: MemoryTarget) -> None:
    target.after = refusing("t-5")
    assert add(target).refused == {}
    assert target.members["s-1"] == set(NAMES)


def test_a_group_that_is_gone_is_said_so(target: MemoryTarget) -> None:
    target.vanish("group", "s-1")
    with pytest.raises(NotThere):
        add(target)


def test_a_group_that_never_answers_is_given_up_and_not_asked_for_each_user(target: MemoryTarget) -> None:
    def silent(write: Write) -> None:
        raise NotAnswered("no answer")

    target.before = silent
    assert set(add(target).refused) == set(NAMES)
    assert len(target.log) <= 1 + 6 + 6


def test_a_removal_is_pursued_likewise(target: MemoryTarget) -> None:
    target.put(on_target("s-1", group("dev")), *NAMES)
    target.before = refusing("t-2")
    answer = MemberSender(target, {"s-1": set()}).change("s-1", NAMES, is_adding=False)
    assert (set(answer.refused), target.members["s-1"]) == ({"t-2"}, {"t-2"})
