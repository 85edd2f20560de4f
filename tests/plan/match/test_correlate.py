"""Who is who: links, then externalIds, then names."""

from dataclasses import replace

from scim_bridge.model.identity import Flaw, TargetKey
from scim_bridge.model.policy import Policy, Protect
from scim_bridge.model.remembered import Remembered
from tests.builders import directory, group, linked, matched, on_target, planned, target, terms, told, user


def _situations(matches: object) -> dict[str, str]:
    return {m.source_id or m.name: m.row.situation + (" held" if m.is_held else "") for m in matches}  # type: ignore[attr-defined]


def test_a_link_wins_over_every_name() -> None:
    desired = directory(user("a", userName="new@x"))
    existing = target(on_target("t1", user("a", userName="old@x")), on_target("t2", user("z", userName="else@x")))
    match = matched(desired, existing, linked(("user", "a", "t1"))).users[0]
    assert (match.existing and match.existing.target_id, match.by) == ("t1", "link")


def test_an_external_id_wins_over_a_name_and_is_compared_as_written() -> None:
    desired = directory(user("a"), user("A", userName="b@x"))
    existing = target(on_target("t1", user("a", userName="other@x")))
    found = {m.source_id: m.by for m in matched(desired, existing).users}
    assert found == {"a": "externalId", "A": ""}


def test_names_are_compared_without_regard_to_case_and_the_difference_is_an_update() -> None:
    desired = directory(user("a", userName="Anna@x"))
    existing = target(on_target("t1", user("a", userName="ANNA@x"), externalId=""))
    assert told(planned(desired, existing)) == ["adopt_user ANNA@x: externalId, userName"]


def test_the_name_of_somebody_who_left_is_taken() -> None:
    existing = target(on_target("t1", user("old", userName="sato@x"), active=False))
    desired = directory(user("new", userName="sato@x"))
    assert _situations(matched(desired, existing, linked(("user", "old", "t1"))).users) == {
        "new": "taken held",
        "old": "departed",
    }


def test_one_resource_claimed_by_two_unknown_records_is_given_to_neither() -> None:
    existing = target(on_target("t1", user("x", userName="a@x", emails="b@x"), externalId=""))
    desired = directory(user("u1", userName="a@x"), user("u2", userName="c@x", emails="b@x"))
    matches = matched(desired, existing, given=terms(match_users=("userName", "emails"))).users
    assert _situations(matches)["u1"] == "contested held"
    assert _situations(matches)["u2"] == "contested held"


def test_one_record_that_matches_two_resources_is_held() -> None:
    existing = target(
        on_target("t1", user("x", userName="a@x"), externalId=""),
        on_target("t2", user("y", userName="b@x", emails="m@x"), externalId=""),
    )
    desired = directory(user("u", userName="a@x", emails="m@x"))
    matches = matched(desired, existing, given=terms(match_users=("userName", "emails"))).users
    assert _situations(matches)["u"] == "ambiguous held"


def test_what_another_connection_has_is_taken_and_never_an_orphan() -> None:
    existing = target(on_target("t1", user("x", userName="a@x"), externalId=""))
    known = Remembered(is_fresh=False, linked_elsewhere=frozenset({TargetKey("user", "t1")}))
    desired = directory(user("u", userName="a@x"))
    assert _situations(matched(desired, existing, known).users)["u"] == "taken held"
    assert planned(directory(), existing, known).skipped == ()


def test_after_the_first_run_a_match_by_name_asks_first() -> None:
    existing = target(on_target("t1", group("x", displayName="dev"), externalId=""))
    plan = planned(directory(group("g", displayName="Dev")), existing, linked())
    assert plan.operations == ()
    assert [c.kind for c in plan.conflicts] == ["adopt?"]


def test_mixed_up_external_ids_hold_both() -> None:
    desired = directory(user("a"), user("b"))
    existing = target(on_target("t1", user("a"), externalId="b"), on_target("t2", user("b"), externalId="zzz"))
    plan = planned(desired, existing, linked(("user", "a", "t1"), ("user", "b", "t2")))
    assert plan.operations == ()
    assert {c.kind for c in plan.conflicts} == {"external_id_mixed"}


def test_a_record_that_lost_its_id_keeps_its_account() -> None:
    nameless = replace(
        user("", userName="a@x", externalId=""), flaws=(Flaw("missing_id", "externalId", "d", "r", fatal=True),)
    )
    existing = target(on_target("t1", user("a", userName="a@x")), on_target("s1", group("g")), members={"s1": ["t1"]})
    known = linked(("user", "a", "t1"), ("group", "g", "s1"))
    plan = planned(directory(nameless, group("g"), members={"g": []}), existing, known)
    assert plan.operations == ()


def test_who_has_left_is_shut_out_although_somebody_protected_bears_the_same_email() -> None:
    policy = Policy(rehire="link", protect=Protect(users=("admin*",)))
    existing = target(on_target("t", user("left", emails="x@corp.example")))
    newcomer = user("n", userName="admin", emails="x@corp.example")
    plan = planned(directory(newcomer), existing, linked(("user", "left", "t")), policy)
    assert told(plan) == ["deactivate_user left@corp.example: active"]


def test_none_of_the_accounts_that_a_held_record_may_be_is_an_orphan() -> None:
    """Its values name two of them, and nothing says which it is: `orphans: deactivate` spares both."""
    flaw = Flaw("several_held", "userName", "d", "r", fatal=True)
    held = replace(user("n", userName="a@x"), flaws=(flaw,), may_be=("t1", "t2"))
    accounts = [on_target(f"t{n}", user("x", userName=f"{name}@x"), externalId="") for n, name in enumerate("abc", 1)]
    plan = planned(directory(held), target(*accounts), linked(), Policy(orphans="deactivate"))
    assert told(plan) == ["deactivate_user c@x: active"]
