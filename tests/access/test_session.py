"""Sessions after a revocation: whose, for how long at the latest, and the policy that stops them."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.access.graph import access_rows
from scim_bridge.access.session import deny_policy, sessions_after, sessions_of, together
from scim_bridge.model.access import (
    AccessReading,
    Account,
    Allowed,
    Application,
    Edge,
    Instance,
    People,
    PermissionSet,
    Person,
    Use,
)
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.session import Revoked, RoleSession, Sessions, UserSessions
from tests.access.conftest import NOW
from tests.access.test_difference import ids, readings

HOUR = timedelta(hours=1)
NOTHING = Allowed("unknown", ())
pairs = st.sets(st.tuples(ids, ids), max_size=4)


def held(name: str, hours: int, *, is_role: bool = False) -> PermissionSet:
    return PermissionSet(arn=name, name=name, allowed=NOTHING, centrally=NOTHING, seconds=hours * 3600, is_role=is_role)


READING = AccessReading(
    as_of=NOW,
    instance=Instance("arn:i", "d-1", management="1"),
    people=People(
        {
            "a": Person("a", "ann", "Ann"),
            "b": Person("b", "ben", "Ben"),
            "c": Person("c", "cy*", "Cy", is_active=False),
        },
        {"g": "dev", "h": "ops"},
        {"g": frozenset("abc"), "h": frozenset("a")},
    ),
    accounts={"1": Account("1", "main"), "2": Account("2", "2"), "9": Account("9", "closed", "CLOSED")},
    sets={"Admin": held("Admin", 12), "Read": held("Read", 2), "role X": held("role X", 1, is_role=True)},
    edges=frozenset(
        {
            Edge("1", "Admin", TargetKey("group", "g")),
            Edge("2", "Read", TargetKey("group", "g")),
            Edge("2", "Read", TargetKey("group", "h")),
            Edge("9", "Admin", TargetKey("group", "g")),
            Edge("2", "role X", TargetKey("user", "a")),
        }
    ),
    applications={"w": Application("w", "Wiki"), "k": Application("k", "KiroProfile-us-east-1")},
    uses=frozenset({Use("w", TargetKey("group", "g")), Use("k", TargetKey("user", "b"))}),
)


def only(sessions: Sessions) -> UserSessions:
    [each] = sessions.users
    return each


def lasting(user: UserSessions) -> dict[str, float]:
    return {f"{r.permission_set} on {r.account}": r.lasts / HOUR for r in user.roles} | {
        one.application: one.lasts / HOUR for one in user.applications
    }


def test_whoever_is_deactivated_may_renew_what_is_still_assigned() -> None:
    found = only(
        sessions_after(READING, Revoked(deactivated=frozenset("a"), removed=frozenset({("g", "a")})), 4 * HOUR)
    )
    # Admin came through dev alone, which is lost with the deactivation; Read is left through ops, the role directly.
    assert lasting(found) == {"Admin on main": 12, "Read on 2": 2 + 4, "role X on 2": 12 + 4, "Wiki": 2}
    assert [r.permission_set for r in found.roles if r.is_renewable] == ["role X", "Read"]
    assert [r.account for r in found.roles if r.is_management] == ["main"]
    assert (found.how, found.portal, found.lasts) == ("deactivated", 4 * HOUR, 16 * HOUR)


def test_a_user_who_stays_active_loses_only_what_no_other_way_opens() -> None:
    found = only(sessions_after(READING, Revoked(removed=frozenset({("g", "a")})), None))
    assert lasting(found) == {"Admin on main": 12, "Wiki": 0.5}
    assert (found.how, found.portal) == ("loses access", None)


def test_without_a_portal_setting_the_default_is_assumed_and_said() -> None:
    assert sessions_of(READING, [READING.people.users["b"]], None).assumed_portal == 8 * HOUR
    assert sessions_of(READING, [READING.people.users["b"]], 2 * HOUR).assumed_portal is None
    assert sessions_after(READING, Revoked(removed=frozenset({("g", "b")})), None).assumed_portal is None


def test_sessions_of_kiro_last_ninety_days() -> None:
    assert only(sessions_of(READING, [READING.people.users["b"]], HOUR)).lasts == timedelta(days=90)


def test_who_was_deleted_is_taken_for_the_worst_case_and_one_that_is_not_known_is_counted() -> None:
    found = sessions_after(READING, Revoked(deleted=frozenset({"b", "x"})), HOUR)
    assert (only(found).how, lasting(only(found))["Admin on main"], found.not_known) == ("deleted", 13, 1)


def test_an_inactive_user_who_leaves_a_group_has_nothing_that_runs() -> None:
    assert sessions_after(READING, Revoked(removed=frozenset({("g", "c")})), HOUR).users == ()


def test_the_policy_names_everyone_in_one_statement_and_no_name_is_a_pattern() -> None:
    users = sessions_of(READING, READING.people.users.values(), HOUR).users
    policy = deny_policy(users)
    by_id, by_name = (statement["Condition"] for statement in policy["Statement"])
    assert by_id == {"StringEquals": {"identitystore:UserId": ["a", "b", "c"]}}
    assert by_name == {"StringLike": {"aws:userid": ["*:ann", "*:ben", "*:cy${*}"]}}
    assert {(s["Effect"], s["Action"], s["Resource"]) for s in policy["Statement"]} == {("Deny", "*", "*")}
    assert deny_policy(()) == {}
    one, two = (sessions_of(READING, [READING.people.users[name]], HOUR) for name in "ab")
    assert together([one, two]).deny == sessions_of(READING, [READING.people.users[n] for n in "ab"], HOUR).deny


def test_who_stays_active_is_denied_the_lost_roles_alone() -> None:
    removed = frozenset({("g", "a"), ("g", "b"), ("h", "a")})
    policy = sessions_after(READING, Revoked(removed=removed), HOUR).deny
    assert [s["Sid"] for s in policy["Statement"]] == ["DenyLostRoles1", "DenyLostRoles1ByName"]
    by_id, by_name = (statement["Condition"] for statement in policy["Statement"])
    assert by_id["StringEquals"] == {"identitystore:UserId": ["a", "b"]}
    assert by_name["StringLike"] == {"aws:userid": ["*:ann", "*:ben"]}
    path = "role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO"
    lost = [f"arn:aws:iam::1:{path}_Admin_*", f"arn:aws:iam::2:{path}_Read_*"]
    assert by_id["ArnLike"] == by_name["ArnLike"] == {"aws:PrincipalArn": lost}
    one = sessions_after(READING, Revoked(removed=frozenset({("g", "a"), ("g", "b")})), HOUR).deny
    assert len(one["Statement"]) == 4, "ann keeps Read through ops"
    only_application = sessions_after(READING, Revoked(removed=frozenset({("x", "b")})), HOUR)
    assert (only_application.users, only_application.deny) == ((), {})


def _doors(reading: AccessReading, user_id: str) -> set[tuple[str, str]]:
    return {(row.account_id, row.permission_set) for row in access_rows(reading) if row.user_id == user_id}


def _without(reading: AccessReading, removed: set[tuple[str, str]]) -> AccessReading:
    members = {
        group: frozenset(user for user in users if (group, user) not in removed)
        for group, users in reading.people.members.items()
    }
    return replace(reading, people=replace(reading.people, members=members))


def _role_doors(roles: tuple[RoleSession, ...]) -> set[tuple[str, str]]:
    return {(role.account_id, role.permission_set) for role in roles}


@given(readings(), pairs)
def test_the_sessions_are_those_of_the_ways_that_are_lost(reading: AccessReading, drawn: set[tuple[str, str]]) -> None:
    """Worked out from the rows of `access` before and after. It does not matter which of the two the reading is."""
    removed = {(g, u) for g, u in drawn if u in reading.people.members.get(g, ())}
    after = _without(reading, removed)
    revoked = Revoked(removed=frozenset(removed))
    found = sessions_after(reading, revoked, None)
    shown = {each.user_id: _role_doors(each.roles) for each in found.users}
    for user_id in reading.people.users:
        assert shown.get(user_id, set()) == _doors(reading, user_id) - _doors(after, user_id)
    assert sessions_after(after, revoked, None).users == found.users


@given(readings(), pairs, st.sets(ids))
def test_who_is_deactivated_keeps_every_way_until_its_session_is_over(
    reading: AccessReading, drawn: set[tuple[str, str]], users: set[str]
) -> None:
    removed = frozenset((g, u) for g, u in drawn if g in reading.people.groups)
    found = sessions_after(reading, Revoked(deactivated=frozenset(users), removed=removed), 3 * HOUR)
    before = replace(reading, people=replace(reading.people, users={
        key: replace(user, is_active=True) for key, user in reading.people.users.items()
    }))  # fmt: skip
    for each in found.users:
        if each.how == "deactivated":
            assert _role_doors(each.roles) >= _doors(before, each.user_id)
            assert all(role.lasts == HOUR + (3 * HOUR if role.is_renewable else timedelta()) for role in each.roles)
            assert each.lasts >= 3 * HOUR
