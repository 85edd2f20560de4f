"""A state on servers that are not beside us: over TLS, and on a standby that takes over."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
import trustme
from sqlalchemy import text

from scim_bridge.errors import StateUnusable
from scim_bridge.model.actor import Actor
from scim_bridge.model.audit import verify
from scim_bridge.model.state_address import ServerAddress
from scim_bridge.state.writer import State
from tests.postgres_server import Postgres, require_postgres
from tests.waiting import PATIENCE

ANN = Actor("ann")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def secure(authority: trustme.CA) -> Iterator[Postgres]:
    """A server with a certificate for 127.0.0.1."""
    require_postgres()
    server = Postgres("ssl=on", port=_free_port())
    issued = authority.issue_cert("127.0.0.1")
    for name, pem in (("server.crt", issued.cert_chain_pems[0]), ("server.key", issued.private_key_pem)):
        path = server.folder / "data" / name
        pem.write_to_path(str(path))
        path.chmod(0o600)
        server.give_to_its_user(path)
    server.start()
    server.execute("CREATE DATABASE bridge")
    yield server
    server.remove()


def _address(server: Postgres, ca_file: Path) -> ServerAddress:
    where = f"127.0.0.1:{server.port}/bridge"
    return ServerAddress(f"postgresql+psycopg://bridge@{where}?sslmode=verify-full&sslrootcert={ca_file}")


def test_the_way_to_the_server_is_encrypted_and_its_certificate_is_checked(
    secure: Postgres, authority: trustme.CA, tmp_path: Path
) -> None:
    mine, other = tmp_path / "ca.pem", tmp_path / "other.pem"
    authority.cert_pem.write_to_path(str(mine))
    trustme.CA().cert_pem.write_to_path(str(other))
    with State(_address(secure, mine)) as state, state.lock("corp"):
        state.pause("corp", ANN, "")
        assert secure.execute("SELECT count(*), bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                              " WHERE datname = 'bridge'")[0][1] is True  # fmt: skip
    with pytest.raises(StateUnusable, match="certificate verify failed"):
        State(_address(secure, other))


def test_a_standby_that_takes_over_is_found_by_the_same_state_with_all_that_it_had() -> None:
    require_postgres()
    primary = Postgres(port=_free_port())
    primary.start()
    standby = Postgres(port=_free_port())
    try:
        primary.execute("CREATE DATABASE bridge")
        shutil.rmtree(standby.folder / "data")
        standby.run("pg_basebackup", "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
                    "--host=127.0.0.1", f"--port={primary.port}", "--username=bridge")  # fmt: skip
        standby.start()
        hosts = f"host=127.0.0.1:{primary.port}&host=127.0.0.1:{standby.port}"
        both = ServerAddress(f"postgresql+psycopg://bridge@/bridge?{hosts}&target_session_attrs=read-write")
        with State(both) as state:
            state.pause("corp", ANN, "before")
            _until_it_has_all(primary, standby)
            primary.stop()
            standby.execute("SELECT pg_promote()")
            pause = state.reader.pause("corp")
            assert pause is not None and "before" in str(pause)
            with state.lock("corp"):
                state.resume("corp", ANN)
            assert state.reader.pause("corp") is None
            assert verify(state.reader.audit()).entries == 2
            with state._engine.connect() as database:
                assert database.execute(text("SELECT inet_server_port()")).scalar() == standby.port
    finally:
        primary.remove()
        standby.remove()


def _until_it_has_all(primary: Postgres, standby: Postgres) -> None:
    (wanted,) = primary.execute("SELECT pg_current_wal_insert_lsn()")[0]
    until = monotonic() + PATIENCE
    while not standby.execute(f"SELECT pg_last_wal_replay_lsn() >= '{wanted}'::pg_lsn")[0][0]:
        assert monotonic() < until
        sleep(0.05)
