"""A real PostgreSQL of Debian for tests, on a socket in a folder of its own.

Each state is a database of its own, copied from one with empty tables.

Its databases sort as English does, so that a test fails where the program relies on the order of code points.
"""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest

from scim_bridge.model.state_address import ServerAddress
from scim_bridge.state.database import open_database

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "max_connections=200")
_PATIENCE = 30.0
_USER = "bridge"


def require_postgres() -> None:
    """Skip the test where there is no PostgreSQL; in CI it must be there."""
    if not _PROGRAMS and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed")


class Postgres:
    """A server. It answers on loopback too, if it is given a port.

    Where the tests are root it is of another user of the system, as it refuses to be of that one.
    """

    def __init__(self, *settings: str, port: int | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="scimb-pg-"))
        self.port = port or 5432  # part of the name of the socket
        listening = ("listen_addresses=127.0.0.1",) if port is not None else ()
        where = (f"unix_socket_directories={self.folder}", f"port={self.port}", *listening)
        self._settings = (*_QUICK, *where, *settings)
        self._as: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        self.give_to_its_user(self.folder)
        self.run("initdb", "--auth=trust", f"--username={_USER}", "--no-sync", "--encoding=UTF8",
                  "--locale=C", "--locale-provider=icu", "--icu-locale=en", "--no-instructions")  # fmt: skip
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._has_seed = False
        self._clean: list[ServerAddress] = []

    def run(self, program: str, *options: str) -> None:
        """One of its programs, on its folder of data."""
        command = (str(_PROGRAMS[-1] / program), "-D", str(self.folder / "data"), *options)
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", **self._as)
        assert done.returncode == 0, done.stderr

    def give_to_its_user(self, path: Path) -> None:
        """A file or folder that it has to be the owner of."""
        if self._as:
            shutil.chown(path, **self._as)

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        if self._process is not None:
            return
        settings = [part for setting in self._settings for part in ("-c", setting)]
        command = (str(_PROGRAMS[-1] / "postgres"), "-D", str(self.folder / "data"), *settings)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self._as)
        until = monotonic() + _PATIENCE
        while not self._answers():
            assert monotonic() < until, (self.folder / "log").read_text()
            sleep(0.02)

    def _answers(self) -> bool:
        try:
            return bool(self.execute("SELECT 1"))
        except psycopg.OperationalError:
            return False

    def stop(self) -> None:
        """End it at once, as a failure of its machine would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        self._process = None

    def remove(self) -> None:
        """End it, and remove its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, database: str, **parameters: str) -> ServerAddress:
        """Of a database of this server."""
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        return ServerAddress(f"postgresql+psycopg://{_USER}@/{database}?host={self.folder}{more}")

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """A statement in a session of its own, as the superuser; the rows, if it has any."""
        with psycopg.connect(
            host=str(self.folder), port=self.port, user=_USER, dbname=database, autocommit=True
        ) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    @property
    def pid(self) -> int:
        """Of its first process, the parent of all others."""
        assert self._process is not None
        return self._process.pid

    def cpu(self) -> float:
        """Seconds of CPU that the server has taken, in sessions that have ended."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def empty(self) -> ServerAddress:
        """A database without any table."""
        name = f"empty_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.address(name)

    def state(self) -> ServerAddress:
        """A state in which nothing has happened yet. The tables are made once, and copied."""
        if not self._has_seed:
            self.execute("CREATE DATABASE seed")
            open_database(self.address("seed")).dispose()
            self._has_seed = True
        if self._clean:
            return self._clean.pop()
        name = f"state_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE seed")
        return self.address(name)

    def give_back(self, address: ServerAddress) -> None:
        """This state is not needed any more. It is emptied for the next test, which takes a tenth of making one."""
        name = name_of(address)
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        self.make_empty(address)
        self._clean.append(address)

    def make_empty(self, address: ServerAddress) -> None:
        """Nothing has happened in this state."""
        self.execute(_EMPTY, name_of(address))

    def copy(self, address: ServerAddress) -> ServerAddress:
        """Another state that holds the same. No one may have a session in the first one."""
        name = f"copy_{next(self._numbers)}"
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(address)}'")
        self.execute(f"CREATE DATABASE {name} TEMPLATE {name_of(address)}")
        return self.address(name)


def name_of(address: ServerAddress) -> str:
    """The name of its database."""
    return address.shown.partition("@/")[2].partition("?")[0]


_EMPTY = """
DO $$ DECLARE name text; BEGIN
PERFORM set_config('session_replication_role', 'replica', true);
FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename != 'alembic_version'
LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
LOOP EXECUTE format('ALTER SEQUENCE %I RESTART', name); END LOOP;
END $$"""


@cache
def the_server() -> Postgres:
    """The one server of this session, started when the first test asks for it, and removed with the process."""
    require_postgres()
    server = Postgres()
    server.start()
    atexit.register(server.remove)
    return server
