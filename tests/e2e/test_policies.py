"""What the policies mean, from the files to the target: grace, rehire, adoption, drift, orphans, window, decisions."""

from typing import Any

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.world import People, World, organization, person
from tests.state_on_server import lose_state, move_back


def allow(world: World, policy: str) -> None:
    world.configure(extra=f"    policy: {{{policy}}}\n")


def age(world: World, hours: float) -> None:
    """Everything in the state happened this much earlier."""
    columns: dict[str, tuple[str, ...]] = {
        "links": ("departed", "left_at"),
        "operations": ("sent_at", "answered_at"),
        "runs": ("started", "ended"),
    }
    columns |= {"readings": ("began",), "resources": ("seen_at", "members_at")}
    for table, names in columns.items():
        for name in names:
            move_back(world.state, table, name, hours)


def user_of(world: World, external_id: str) -> Any:
    found = world.sandbox.app.store.users.find("externalId", external_id)
    assert found is not None, f"no user has {external_id}"
    return found


def conflicts(cli: Cli) -> dict[str, str]:
    return {c["kind"]: c["key"] for c in cli("conflicts", "--output", "json").json}


@pytest.fixture
def people(world: World, cli: Cli) -> People:
    """Ten people and a group, synced."""
    people = People()
    for name in "abcdefghij":
        people.add(name)
    people.group("g", "dev", "a", "b").group("h", "ops", "a", "b", "c")
    world.write(people)
    assert cli("sync").code == 0
    return people


def leave(world: World, people: People, *who: str) -> None:
    for name in who:
        del people.users[name]
        people.members = [m for m in people.members if m[1] != name]
    world.write(people)


def test_who_left_is_deactivated_then_deleted_when_the_grace_is_over(world: World, people: People, cli: Cli) -> None:
    allow(world, "deprovision: {action: deactivate, delete_after: 30d}")
    leave(world, people, "a")
    assert cli("sync").code == 0
    assert user_of(world, "a").attributes["active"] is False
    age(world, 29 * 24)
    assert cli("sync").code == 0
    assert world.sandbox.counts.invalid == 0
    assert world.sandbox.app.store.users.find("externalId", "a") is not None
    age(world, 25)
    assert cli("plan").out.startswith("corp: delete 1 user")
    assert cli("sync").code == 0
    assert world.sandbox.app.store.users.find("externalId", "a") is None
    world.sandbox.forget_requests()
    assert cli("sync", "--full").code == 0
    assert world.sandbox.counts.writes == 0


def test_who_returns_within_the_grace_has_the_same_id_and_the_memberships(
    world: World, people: People, cli: Cli
) -> None:
    allow(world, "deprovision: {action: delete}")
    before = user_of(world, "b").id
    kept, members = dict(people.users["b"]), list(people.members)
    leave(world, people, "b")
    assert cli("sync").code == 0
    age(world, 29 * 24)
    people.users["b"], people.members = kept, members
    world.write(people)
    assert cli("sync").code == 0
    assert user_of(world, "b").id == before
    world.assert_equal_to(people)


def test_a_group_that_left_is_emptied_and_deleted_after_the_same_grace(world: World, people: People, cli: Cli) -> None:
    allow(world, "deprovision: {delete_after: 24h}, limits: {remove_members: 100%}")
    del people.groups["g"]
    people.members = [m for m in people.members if m[0] != "g"]
    world.write(people)
    assert cli("sync").code == 0
    assert world.held()["groups"]["g"] == ("dev", set())
    age(world, 25)
    assert cli("sync").code == 0
    assert set(world.held()["groups"]) == {"h"}


def test_a_namesake_under_ask_waits_and_a_person_decides_for_the_same_person(
    world: World, people: People, cli: Cli
) -> None:
    before = user_of(world, "a").id
    leave(world, people, "a")
    people.add("a2", login="a@corp.example", mail="a@corp.example")
    people.members.append(("g", "a2", "user"))
    world.write(people)
    assert cli("sync").code == 5
    assert user_of(world, "a").attributes["active"] is False
    key = conflicts(cli)["rehire?"]
    assert cli("conflicts", "resolve", key, "--link", before, "--note", "back from leave").code == 0
    assert cli("sync").code == 0
    assert (user_of(world, "a2").id, user_of(world, "a2").attributes["active"]) == (before, True)
    world.assert_equal_to(people)
    assert conflicts(cli) == {}


def test_a_namesake_under_separate_inherits_nothing(world: World, people: People, cli: Cli) -> None:
    allow(world, "rehire: separate")
    before = user_of(world, "a").id
    leave(world, people, "a")
    people.add("a2", login="a@corp.example", mail="a@corp.example")
    world.write(people)
    assert cli("sync").code == 0
    old = user_of(world, "a")
    assert old.id == before
    assert old.attributes["userName"] == f"a@corp.example.left-{before[-6:]}"
    assert (old.attributes["active"], old.attributes.get("emails")) == (False, None)
    assert user_of(world, "a2").id != before
    assert user_of(world, "a2").attributes["userName"] == "a@corp.example"
    world.sandbox.forget_requests()
    assert cli("sync", "--full").code == 0
    assert world.sandbox.counts.writes == 0


def test_ids_that_all_change_under_link_count_as_a_change_of_mapping(world: World, people: People, cli: Cli) -> None:
    allow(world, "rehire: link")
    ids = {user["userName"]: user["id"] for user in world.sandbox.state()["users"]}
    people.users = {f"new-{name}": columns | {"id": f"new-{name}"} for name, columns in people.users.items()}
    people.members = [(g, f"new-{m}", kind) for g, m, kind in people.members]
    world.write(people)
    said = cli("sync")
    assert said.code == 4
    assert "10 of 10 managed users would be changed by the mapping or by a new source id" in said.err
    assert cli("sync", "--approve").code == 0
    assert {user["userName"]: user["id"] for user in world.sandbox.state()["users"]} == ids
    world.assert_equal_to(people)


def test_a_match_by_name_after_the_first_run_is_asked_for_and_adopted(world: World, people: People, cli: Cli) -> None:
    world.sandbox.seed({"users": [person("k@corp.example")]})
    people.add("k")
    world.write(people)
    assert cli("sync", "--full").code == 5
    assert cli("conflicts", "resolve", conflicts(cli)["adopt?"], "--adopt").code == 0
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_under_always_a_match_by_name_is_adopted_at_any_time(world: World, people: People, cli: Cli) -> None:
    allow(world, "adopt: always")
    world.sandbox.seed({"users": [person("k@corp.example")]})
    people.add("k")
    world.write(people)
    assert cli("sync", "--full").code == 0
    world.assert_equal_to(people)


def test_who_changes_the_same_value_three_times_in_a_row_is_another_provisioner(
    world: World, people: People, cli: Cli
) -> None:
    for expected in (0, 0, 5):
        user_of(world, "a").attributes["title"] = "by hand"
        assert cli("sync", "--full").code == expected
        assert "title" not in user_of(world, "a").attributes
        age(world, 23)
    assert cli("sync").code == 5
    key = conflicts(cli)["another_provisioner"]
    assert cli("conflicts", "resolve", key, "--ignore").code == 0
    assert cli("sync").code == 0
    age(world, 50)
    assert cli("sync").code == 0
    assert conflicts(cli) == {}


def test_what_a_person_decides_again_and_again_is_no_other_provisioners_work(
    world: World, people: People, cli: Cli
) -> None:
    """Under `drift: report` each value is set back because a person said so, and so is each user who is let in."""
    allow(world, "drift: report")
    people.users["a"]["title"] = "Engineer"
    world.write(people)
    assert cli("sync").code == 0
    for path, value, kind in [("title", "by hand", "drift")] * 4 + [("active", False, "disabled_there")] * 4:
        user_of(world, "a").attributes[path] = value
        assert cli("sync", "--full").code == 5
        assert list(conflicts(cli)) == [kind]
        assert cli("conflicts", "resolve", kind, "--source").code == 0
        assert cli("sync").code == 0
        assert user_of(world, "a").attributes[path] != value
        assert conflicts(cli) == {}
        age(world, 1)


def test_under_report_drift_stays_until_a_person_or_the_source_decides(world: World, people: People, cli: Cli) -> None:
    allow(world, "drift: report")
    people.users["a"]["title"] = "Engineer"
    world.write(people)
    assert cli("sync").code == 0
    user_of(world, "a").attributes["title"] = "by hand"
    assert cli("sync", "--full").code == 5
    assert user_of(world, "a").attributes["title"] == "by hand"
    key = conflicts(cli)["drift"]
    assert cli("conflicts", "resolve", key, "--target").code == 0
    assert cli("sync").code == 0
    assert user_of(world, "a").attributes["title"] == "by hand"
    people.users["a"]["title"] = "Lead"
    world.write(people)
    assert cli("sync").code == 0
    assert user_of(world, "a").attributes["title"] == "Lead"


def test_under_report_a_lost_state_writes_no_difference_that_others_may_have_made(
    world: World, people: People, cli: Cli
) -> None:
    allow(world, "drift: report")
    user_of(world, "a").attributes["title"] = "by hand"
    people.users["b"]["enabled"] = "false"
    world.write(people)
    lose_state(world.state)
    for _ in range(2):
        assert cli("sync", "--full").code == 5
        assert user_of(world, "a").attributes["title"] == "by hand"
    assert user_of(world, "b").attributes["active"] is False
    assert cli("conflicts", "resolve", conflicts(cli)["drift"], "--source").code == 0
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def _members(world: World, group: str) -> set[str]:
    members: set[str] = world.held()["groups"][group][1]
    return members


def _move(world: World, group: str, user: str, *, into: bool) -> None:
    store = world.sandbox.app.store
    found = store.groups.find("externalId", group)
    assert found is not None
    (store.add_member if into else store.remove_member)(found.id, user_of(world, user).id)


def test_under_report_memberships_that_others_changed_stay_until_a_person_or_the_source_decides(
    world: World, people: People, cli: Cli
) -> None:
    allow(world, "drift: report")
    assert cli("sync").code == 0
    age(world, 0.2)  # what we wrote less than five minutes ago is not taken for drift
    group = people.members[0][0]
    inside = _members(world, group)
    gone, stranger = min(inside), min(people.users.keys() - inside)
    _move(world, group, gone, into=False)
    _move(world, group, stranger, into=True)
    for _ in range(2):
        assert cli("sync", "--full").code == 5
        assert _members(world, group) == inside - {gone} | {stranger}
    keys = [c["key"] for c in cli("conflicts", "--output", "json").json if c["kind"] == "drift"]
    assert len(keys) == 2
    for key in keys:
        assert cli("conflicts", "resolve", key, "--source").code == 0
    assert cli("sync").code == 0
    assert _members(world, group) == inside


def test_under_report_a_stranger_in_a_group_goes_with_the_record_and_a_lost_state_changes_nothing(
    world: World, people: People, cli: Cli
) -> None:
    allow(world, "drift: report")
    assert cli("sync").code == 0
    group = people.members[0][0]
    inside = _members(world, group)
    gone, stranger = min(inside), min(people.users.keys() - inside)
    _move(world, group, gone, into=False)
    _move(world, group, stranger, into=True)
    lose_state(world.state)
    for _ in range(2):
        assert cli("sync", "--full").code == 5
        assert _members(world, group) == inside - {gone} | {stranger}
    leave(world, people, stranger)
    assert cli("sync").code == 5
    assert _members(world, group) == inside - {gone}


def test_a_user_deleted_behind_our_back_is_held_under_report_and_made_anew_by_decision(
    world: World, people: People, cli: Cli
) -> None:
    allow(world, "drift: report")
    world.sandbox.app.store.delete("User", user_of(world, "j").id, with_assignments=True)
    assert cli("sync", "--full").code == 5
    assert world.sandbox.app.store.users.find("externalId", "j") is None
    assert cli("conflicts", "resolve", conflicts(cli)["missing"], "--source").code == 0
    assert cli("sync").code == 0
    world.assert_equal_to(people)


def test_who_was_disabled_there_is_reactivated_by_decision_once(world: World, people: People, cli: Cli) -> None:
    user_of(world, "a").attributes["active"] = False
    assert cli("sync", "--full").code == 5
    assert cli("conflicts", "resolve", conflicts(cli)["disabled_there"], "--source").code == 0
    assert cli("sync").code == 0
    assert user_of(world, "a").attributes["active"] is True
    user_of(world, "a").attributes["active"] = False
    assert cli("sync", "--full").code == 5
    assert user_of(world, "a").attributes["active"] is False


def test_an_ignored_conflict_holds_what_it_held_and_asks_nobody(world: World, people: People, cli: Cli) -> None:
    people.add("x", login="a@corp.example")
    world.write(people)
    assert cli("sync").code == 5
    for key in conflicts(cli).values():
        assert cli("conflicts", "resolve", key, "--ignore", "--note", "known").code == 0
    assert cli("sync").code == 0
    assert "decided: ignore, decided by" in cli("conflicts").out


def test_orphans_are_deactivated_only_when_asked_and_within_the_limit(world: World, people: People, cli: Cli) -> None:
    world.sandbox.seed({"users": [person("old@corp.example")]})
    assert cli("sync", "--full").code == 0
    allow(world, "orphans: deactivate")
    assert cli("sync").code == 0
    old = next(u for u in world.sandbox.state()["users"] if u["userName"] == "old@corp.example")
    assert old["active"] is False


def test_many_small_runs_cannot_do_what_one_may_not(world: World, cli: Cli) -> None:
    people = organization(100, 0)
    world.write(people)
    assert cli("sync").code == 0
    for number in range(99, 93, -1):
        people.users[f"u{number}"]["enabled"] = "false"
    world.write(people)
    assert cli("sync").code == 0
    for number in range(93, 88, -1):
        people.users[f"u{number}"]["enabled"] = "false"
    world.write(people)
    said = cli("sync")
    assert said.code == 4
    assert "5 of 100 active managed users would be deactivated, after 6 within the last 24 h (11.0 %" in said.err
    age(world, 25)
    assert cli("sync").code == 0


def test_many_who_are_gone_from_the_target_are_not_made_anew_unasked(world: World, people: People, cli: Cli) -> None:
    for name in "abcd":
        world.sandbox.app.store.delete("User", user_of(world, name).id, with_assignments=True)
    said = cli("sync", "--full")
    assert said.code == 4
    assert "4 of 12 linked users and groups are gone from the target" in said.err
    assert cli("sync", "--approve").code == 0
    world.assert_equal_to(people)


def test_a_changed_mapping_that_changes_many_is_stopped(world: World, people: People, cli: Cli) -> None:
    mapping = world.folder / "csv.yaml"
    rules = mapping.read_text().partition("\ntests:")[0]
    mapping.write_text(rules.replace("title: title", "title: '\"Employee\"'"))
    said = cli("sync")
    assert said.code == 4
    assert "10 of 10 managed users would be changed by the mapping" in said.err


def test_an_idle_run_costs_one_request_and_a_verifying_one_its_pages(world: World, people: People, cli: Cli) -> None:
    world.sandbox.forget_requests()
    assert cli("sync").code == 0
    assert world.sandbox.counts.total == 1
    world.sandbox.forget_requests()
    age(world, 25)
    assert cli("sync").code == 0
    assert world.sandbox.counts.total == 4  # users, groups, members of two groups
    world.sandbox.forget_requests()
    assert cli("sync").code == 0
    assert world.sandbox.counts.total == 1


def test_a_plan_says_how_old_its_reading_of_the_target_is(world: World, people: People, cli: Cli) -> None:
    assert "target as read" not in cli("plan").out
    world.configure(extra="    schedule: {verify: 24h}\n")
    age(world, 3)
    assert "target as read 3 h ago" in cli("plan").out
    assert "target as read" not in cli("plan", "--full").out


def test_a_paused_connection_says_so(world: World, people: People, cli: Cli) -> None:
    assert "corp is paused" in cli("pause", "corp", "--reason", "change freeze").err
    assert cli("sync").code == 0
    assert "corp goes on" in cli("resume", "corp").err
    assert "corp was neither paused nor quarantined" in cli("resume", "corp").err


def test_a_conflict_that_is_none_cannot_be_decided(world: World, people: People, cli: Cli) -> None:
    said = cli("conflicts", "resolve", "c-0", "--ignore")
    assert (said.code, said.err) == (2, "scim-bridge: no conflict c-0 is open. See: scim-bridge conflicts\n")
