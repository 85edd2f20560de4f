"""Who did what is on record, whatever command they used, and a record that was changed by hand is found."""

import sqlite3
from contextlib import closing

import orjson
import pytest

from tests.e2e.conftest import Cli
from tests.e2e.world import People, World


@pytest.mark.state_file
def test_commands_are_on_record_and_a_changed_record_is_found(world: World, cli: Cli) -> None:
    world.write(People().add("a").add("b"))
    assert "the audit has no entry yet" in cli("audit", "verify").err
    assert cli("sync").code == 0
    cli("pause", "corp", "--reason", "holidays")
    cli("resume", "corp")
    assert cli("sync", "--only", "a").code == 0
    assert cli("rollback", "1", "--approve").code in (0, 4)
    told = [orjson.loads(line) for line in cli("audit", "--output", "json").out.splitlines()]
    assert [(each["action"], each["subject"], each["detail"]) for each in told[:4]] == [
        ("sync", "run 1", ""),
        ("pause", "", "holidays"),
        ("resume", "", ""),
        ("sync --only", "run 2", "a"),
    ]
    assert ("rollback", "run 3", "of run 1") in [(each["action"], each["subject"], each["detail"]) for each in told]
    shown = cli("audit", "--connection", "corp").out
    assert "holidays" in shown
    found = cli("audit", "verify", "--holds", told[0]["hash"])
    assert (found.code, f"up to entry {len(told)}" in found.err) == (0, True)
    assert cli("audit", "verify", "--holds", "0" * 64).code == 1
    with closing(sqlite3.connect(world.state)) as database:
        database.execute("DROP TRIGGER audit_is_not_changed")
        database.execute("UPDATE audit SET detail = 'nothing' WHERE number = 2")
        database.commit()
    found = cli("audit", "verify")
    assert (found.code, "entry 2 or the one before it was changed" in found.err) == (1, True)


def test_wrong_arguments_are_told_in_one_sentence(world: World, cli: Cli) -> None:
    assert "--since 'yesterday' is not a duration" in cli("audit", "--since", "yesterday").err
    assert "has no connection 'nope'" in cli("audit", "--connection", "nope").err
