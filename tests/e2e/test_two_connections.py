"""Two connections with one target and one state: what one of them does, concludes or reads is not the other's."""

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.test_policies import age, conflicts
from tests.e2e.world import People, World


@pytest.fixture
def branch(world: World, cli: Cli) -> People:
    """Its people and its group k, beside those of corp; both have run."""
    world.write(People().add("a").add("b").group("g", "dev", "a"))
    branch = People().add("x").add("y").add("z").group("k", "branch", "x")
    (world.folder / "branch").mkdir()
    World(world.folder / "branch", world.sandbox).write(branch)
    target = f"kind: identity-center, url: '{world.sandbox.url}', token: {world.sandbox.token}"
    policy = "    policy: {drift: report}\n"
    world.configure(
        extra=f"{policy}  branch:\n"
        "    source: {kind: csv, users: branch/users.csv, groups: branch/groups.csv, members: branch/members.csv}\n"
        f"    mapping: csv.yaml\n    target: {{{target}, requests_per_second: 100000}}\n{policy}"
    )
    for connection in ("corp", "branch", "corp"):
        assert cli("sync", connection).code == 0
    return branch


def test_what_somebody_changed_in_a_group_of_one_stays_drift_whatever_the_other_runs(
    world: World, branch: People, cli: Cli
) -> None:
    """Under `drift: report` a run settles the memberships of its own groups, and not those of the other connection."""
    store = world.sandbox.app.store
    group, user = store.groups.find("externalId", "k"), store.users.find("externalId", "y")
    assert group is not None
    assert user is not None
    store.add_member(group.id, user.id)
    age(world, 1)
    assert cli("sync", "branch", "--full").code == 5
    for connection, code in (("corp", 0), ("branch", 5)):
        assert cli("sync", connection, "--full").code == code
        assert list(conflicts(cli)) == ["drift"]
        assert user.id in store.members[group.id]


def planned(cli: Cli, connection: str, *flags: str) -> set[tuple[str, str]]:
    """What a run would send, and what it asks."""
    plan = cli("plan", connection, *flags, "--output", "json")
    assert ("had to be looked at" in plan.err) is not bool(flags)
    sends = {(each["kind"], each["subject"]) for each in plan.json["operations"]}
    return sends | {(each["kind"], each["subjects"][0]) for each in plan.json["conflicts"]}


def test_what_a_reading_for_one_shows_of_the_resources_of_the_other_is_looked_at_by_the_other(
    world: World, branch: People, cli: Cli
) -> None:
    store = world.sandbox.app.store
    group, user = store.groups.find("externalId", "g"), store.users.find("externalId", "b")
    assert group is not None
    assert user is not None
    store.delete("Group", group.id, with_assignments=True)
    store.change("User", user, user.attributes | {"title": "by hand"})
    assert planned(cli, "corp") == set()
    age(world, 0.2)
    assert cli("sync", "branch", "--full").code == 0
    found = planned(cli, "corp")
    assert found == planned(cli, "corp", "--full")
    assert {subject for _, subject in found} == {"dev", "b@corp.example"}


def test_a_name_that_one_gives_up_goes_to_the_record_of_the_other_that_waits_for_it(
    world: World, branch: People, cli: Cli
) -> None:
    """Nothing is linked by that, and the target is not read."""
    branch.add("x", login="a@corp.example")
    World(world.folder / "branch", world.sandbox).write(branch)
    assert cli("sync", "branch").code == 5
    assert planned(cli, "branch") == {("user_name_taken", "a@corp.example")}
    world.write(People().add("a", login="anna@corp.example").add("b").group("g", "dev", "a"))
    assert cli("sync", "corp").code == 0
    assert planned(cli, "branch") == {("update_user", "x@corp.example")}
