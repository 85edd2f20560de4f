"""Reading assignments: bounded, paged, and honest about what was not read."""

import os
from collections.abc import Iterator

import pytest

from scim_bridge.access.assignment import LONGEST, MOST, AwsAccess
from scim_bridge.access.refusal import NotReadable
from scim_bridge.model.assignment import Assignment, Principal
from scim_bridge.model.identity import TargetKey
from tests.aws import REGION, Aws, environment_of, served
from tests.fakes import FakeClock


@pytest.fixture(scope="module")
def server() -> Iterator[Aws]:
    with served() as aws:
        yield aws


@pytest.fixture
def aws(server: Aws) -> Iterator[Aws]:
    server.begin()
    with environment_of(server):
        yield server


@pytest.fixture
def access(aws: Aws) -> Iterator[AwsAccess]:
    made = AwsAccess(REGION, 1000)
    yield made
    made.close()


def _user(number: int) -> Principal:
    return TargetKey("user", f"00000000-0000-0000-0000-{number:012d}")


def _group(number: int) -> Principal:
    return TargetKey("group", _user(number).id)


def test_who_holds_nothing_was_looked_up_all_the_same(access: AwsAccess, aws: Aws) -> None:
    aws.assign("user", _user(1)[1], "111122223333", "Billing")
    found = access.look_up([_user(1), _user(2)])
    assert found.of == {_user(1): (Assignment("111122223333", "Billing"),), _user(2): ()}
    assert (found.not_read, found.reason, found.is_asked) == (0, "", True)


def test_assignments_beyond_the_first_page_are_seen(access: AwsAccess, aws: Aws) -> None:
    for number in range(101):
        aws.assign("group", _user(1)[1], f"{number:012d}", "Billing")
    assert len(access.look_up([_group(1)]).of[_group(1)]) == 101


def test_a_run_looks_up_so_many_and_says_how_many_are_left(access: AwsAccess) -> None:
    found = access.look_up([_user(number) for number in range(MOST + 2)])
    assert (len(found.of), found.not_read, found.reason) == (MOST, 2, f"a run looks up {MOST} at most")


def test_a_slow_aws_does_not_keep_a_revocation_waiting(aws: Aws) -> None:
    clock = FakeClock()

    def hours_pass() -> float:
        clock.wait(LONGEST / 2)
        return clock()

    access = AwsAccess(REGION, 1000, hours_pass)
    found = access.look_up([_user(number) for number in range(5)])
    access.close()
    assert (len(found.of), found.not_read, found.reason) == (2, 3, "AWS took longer than 20 s")


def test_nobody_is_asked_about_twice_in_a_run(access: AwsAccess, aws: Aws) -> None:
    aws.assign("user", _user(1)[1], "111122223333", "Billing")
    first = access.look_up([_user(1)])
    aws.begin()
    assert access.look_up([_user(1)]) == first


def test_names_that_may_not_be_read_leave_the_ids(access: AwsAccess, aws: Aws) -> None:
    account = aws.account("production")
    aws.assign("user", _user(1)[1], account, "Billing")
    aws.allow_only("sso:ListInstances", "sso:ListAccountAssignmentsForPrincipal")
    found = access.look_up([_user(1)])
    [assignment] = found.of[_user(1)]
    assert assignment.account == account
    assert assignment.permission_set.startswith("ps-")
    assert found.reason == ""


def test_a_profile_that_does_not_exist_is_named_as_what_it_is(access: AwsAccess) -> None:
    os.environ["AWS_PROFILE"] = "nobodys"
    with pytest.raises(NotReadable, match=r"could not be asked for sso:ListInstances \(ProfileNotFound\)"):
        access.check()
