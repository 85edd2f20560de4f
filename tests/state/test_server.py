"""A state in a PostgreSQL database: made whole, kept apart from other programs, and in one sentence when it is away."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from alembic import command
from sqlalchemy import text

from scim_bridge.errors import Misconfigured, StateUnusable
from scim_bridge.model.actor import Actor
from scim_bridge.model.audit import verify
from scim_bridge.model.identity import Existing, Inventory
from scim_bridge.model.state_address import ServerAddress
from scim_bridge.model.text import folded
from scim_bridge.state import schema
from scim_bridge.state.database import open_database
from scim_bridge.state.kept_open import KeptOpen
from scim_bridge.state.reader import open_reader
from scim_bridge.state.server import parameters_of
from scim_bridge.state.writer import State
from tests.postgres_server import Postgres, name_of, the_server
from tests.state.conftest import HERE

NOW = datetime(2027, 3, 13, 9, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Postgres:
    return the_server()


@pytest.fixture
def address(server: Postgres) -> Iterator[ServerAddress]:
    made = server.state()
    yield made
    server.give_back(made)


def test_the_models_and_the_migrations_agree_here_too(address: ServerAddress) -> None:
    engine = open_database(address)
    config = schema.alembic_config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.check(config)
    engine.dispose()


def test_looking_at_a_database_without_tables_makes_none(server: Postgres) -> None:
    empty = server.empty()
    assert not KeptOpen(empty).is_there()
    reader = open_reader(empty)
    assert (reader.is_there, reader.runs(), reader.connections()) == (False, [], [])
    assert server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name_of(empty)) == []


def test_every_text_is_compared_by_code_point_whatever_the_language_of_the_database(
    server: Postgres, address: ServerAddress
) -> None:
    # In English "a" comes before "B"; pages and ranges of names go by the order that SQLite has.
    with State(address) as state:
        for name in ("a", "B", "ä", "Z"):
            state.pause(name, Actor("ann"), "")
    found = server.execute("SELECT name FROM connections ORDER BY name", name_of(address))
    assert [row[0] for row in found] == ["B", "Z", "a", "ä"]


def test_a_database_of_another_program_is_refused_and_left_alone(server: Postgres) -> None:
    other = server.empty()
    server.execute("CREATE TABLE invoices (id int)", name_of(other))
    with pytest.raises(StateUnusable, match="has tables of another program"):
        State(other)
    assert server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name_of(other)) == [
        ("invoices",)
    ]


def test_a_newer_state_is_refused_and_an_encoding_that_loses_names(server: Postgres, address: ServerAddress) -> None:
    server.execute("UPDATE alembic_version SET version_num = '9999'", name_of(address))
    with pytest.raises(StateUnusable, match="was written by a newer scim-bridge"):
        State(address)
    server.execute(f"UPDATE alembic_version SET version_num = '{schema.HEAD}'", name_of(address))
    name = name_of(server.empty())
    server.execute(f"DROP DATABASE {name}")
    server.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0")
    with pytest.raises(StateUnusable, match=r"has the encoding LATIN1\. Create it with ENCODING 'UTF8'"):
        State(server.address(name))


def test_a_server_that_is_away_and_a_role_that_is_refused_are_one_sentence_without_the_password(
    monkeypatch: pytest.MonkeyPatch, server: Postgres
) -> None:
    class Geheim:
        def read(self) -> str:
            return "postgresql+psycopg://nobody:geheim@127.0.0.1:1/bridge"

    with pytest.raises(StateUnusable, match="cannot be used") as refused:
        State(ServerAddress("env:STATE_URL", Geheim()))
    assert str(refused.value).startswith("the state in env:STATE_URL cannot be used (")
    assert "geheim" not in str(refused.value) and "\n" not in str(refused.value)
    with pytest.raises(StateUnusable, match="nosuch"):
        State(ServerAddress(f"postgresql+psycopg://nosuch@/postgres?host={server.folder}"))
    with pytest.raises(Misconfigured, match="is not the URL of a PostgreSQL database"):
        State(ServerAddress("postgresql+psycopg://h:port/d"))


def test_a_role_that_may_only_read_and_write_rows_is_enough_after_the_tables_were_made(
    server: Postgres, address: ServerAddress
) -> None:
    database = name_of(address)
    server.execute("CREATE ROLE worker LOGIN")
    server.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO worker", database)
    server.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO worker", database)
    server.execute("REVOKE UPDATE, DELETE ON audit FROM worker; GRANT UPDATE (hash) ON audit TO worker", database)
    mine = ServerAddress(address.shown.replace("bridge@", "worker@"))
    with State(mine) as state, state.lock("corp"):
        run_id = state.begin_run("corp", HERE, "sync", by=Actor("ann"))
        state.begin_applying(run_id, "a plan", ())
        state.pause("corp", Actor("ann"), "")
        assert verify(state.reader.audit()).entries == 2


def test_no_statement_changes_or_removes_an_entry_of_the_audit(server: Postgres, address: ServerAddress) -> None:
    with State(address) as state:
        state.pause("corp", Actor("ann"), "")
        for statement in ("UPDATE audit SET who = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
            with pytest.raises(psycopg.Error, match=r"an entry of the audit is never (changed|removed)"):
                server.execute(statement, name_of(address))
        assert verify(state.reader.audit()).broken == ""


def test_the_session_of_a_server_that_was_restarted_is_replaced(server: Postgres, address: ServerAddress) -> None:
    with State(address) as state:
        state.pause("corp", Actor("ann"), "")
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()")
        assert state.reader.pause("corp") is not None
        with state._engine.connect() as database:
            assert database.execute(text("SHOW lock_timeout")).scalar() == "1min"


def test_very_many_rows_are_copied_and_come_out_as_they_went_in(address: ServerAddress) -> None:
    users = {
        f"t-{n}": Existing("user", f"t-{n}", {"userName": f"ü{n}\t\\N", "active": n % 2 == 0}) for n in range(1_200)
    }
    groups = {"g-1": Existing("group", "g-1", {"displayName": "全員"})}
    inventory = Inventory(users, groups)
    with State(address) as state:
        for began in (NOW, NOW + timedelta(minutes=5)):
            state.observe("corp", HERE, inventory, {"g-1": frozenset(users)}, began)
            seen = state.reader.inventory(HERE)
            assert {key: dict(user.attributes) for key, user in seen.users.items()} == {
                key: dict(user.attributes) for key, user in users.items()
            }
            assert state.reader.members(HERE, None) == {"g-1": frozenset(users)}
        with state.reader.lookup("corp", HERE) as lookup:
            assert lookup.holding("user", [("userName", folded("ü7\t\\N"))]) == {"t-7"}


def test_several_hosts_and_parameters_of_the_url_reach_the_driver_beside_ours() -> None:
    hosts = (
        "host=a.example:5432&host=b.example:5433&target_session_attrs=read-write&connect_timeout=3&options=-cjit%3Doff"
    )
    found = parameters_of(ServerAddress(f"postgresql+psycopg://bridge@/state?{hosts}"))
    assert (found["host"], found["port"], found["dbname"], found["user"]) == (
        "a.example,b.example",
        "5432,5433",
        "state",
        "bridge",
    )
    assert (found["target_session_attrs"], found["connect_timeout"]) == ("read-write", "3")
    *ours, last = found["options"].removeprefix("-c ").split(" -c")
    assert {"lock_timeout=60s", " synchronous_commit=on", " tcp_user_timeout=15000"} <= set(ours)
    assert last == "jit=off", "the last of several settings counts"
    assert found["tcp_user_timeout"] == "15000"
