"""What a conflict says: who keeps what, whose turn it is, and a way out that can be typed as it stands."""

from tests.e2e.conftest import Cli
from tests.e2e.world import World, organization, person


def test_of_two_who_claim_a_name_it_is_said_who_keeps_it_and_who_is_to_change(world: World, cli: Cli) -> None:
    people = organization(3, 0)
    world.write(people)
    assert cli("sync").code == 0
    people.add("new", login="U1@corp.example", mail="u1@corp.example")
    world.write(people)
    assert cli("sync").code == 5
    told = cli("conflicts").out
    assert (
        "; line 3 holds it on the target and keeps it, line 5 is held.\n  Give line 5 another userName in the" in told
    )
    assert "keeps it, line 5 has the email it has on the target, or none.\n  Give line 5 another email in the" in told


def test_of_two_newcomers_both_are_asked(world: World, cli: Cli) -> None:
    people = organization(3, 0)
    people.add("x", login="same@corp.example").add("y", login="same@corp.example")
    world.write(people)
    assert cli("sync").code == 5
    assert "all of them are held.\n  Give each of them another userName in the source.\n" in cli("conflicts").out


def test_the_way_out_is_a_whole_command_and_a_wrong_decision_names_those_that_fit(world: World, cli: Cli) -> None:
    people = organization(3, 0)
    world.write(people)
    assert cli("sync").code == 0
    world.sandbox.seed({"users": [person("late@corp.example")]})
    people.add("late", login="late@corp.example")
    world.write(people)
    assert cli("sync", "--full").code == 5
    key = cli("conflicts", "--output", "json").json[0]["key"]
    assert f"If they are the same: scim-bridge conflicts resolve {key} --adopt." in cli("conflicts").out
    ways = "--adopt or --link TARGET_ID or --ignore"
    for given in ((), ("--ignore", "--source")):
        said = cli("conflicts", "resolve", key, *given)
        assert (said.code, said.err) == (
            2,
            f"scim-bridge: a conflict of kind adopt? needs exactly one decision. Give {ways}.\n",
        )
    assert f"Use {ways}." in cli("conflicts", "resolve", key, "--separate").err
