"""What every test shares: how hard hypothesis tries, and what is said of tests that a missing package left out."""

import gc
import os
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings

from scim_bridge.config import yaml_file
from scim_bridge.state import schema, sqlite_file
from tests.state_on_server import ALSO_ON_SERVER, StatesOnServer, states_on_server

settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the states of the tests are."""
    parser.addoption("--state", choices=["sqlite", "postgresql"], default="sqlite")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Some tests have their states in both databases; with --state postgresql all have them there."""
    is_about_file = metafunc.definition.get_closest_marker("state_file") is not None
    if metafunc.config.getoption("--state") == "postgresql":
        metafunc.parametrize("where_states_are", ["postgresql"], indirect=True, scope="module")
    elif metafunc.definition.nodeid.partition("::")[0] in ALSO_ON_SERVER and not is_about_file:
        metafunc.parametrize("where_states_are", ["sqlite", "postgresql"], indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def where_states_are(request: pytest.FixtureRequest) -> Iterator[StatesOnServer | None]:
    """A state that is named by a file is a database of PostgreSQL in some tests (tests/state_on_server.py)."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield None
        return
    with states_on_server() as states:
        yield states


@pytest.fixture(autouse=True)
def states_are_given_back(where_states_are: StatesOnServer | None, request: pytest.FixtureRequest) -> Iterator[None]:
    """The next test empties the databases of the one before and uses them."""
    folder = request.getfixturevalue("tmp_path") if where_states_are is not None else None
    yield
    if where_states_are is not None and folder is not None:
        where_states_are.tidy(folder)


@pytest.fixture(autouse=True)
def what_runs_leave_is_collected() -> Iterator[None]:
    """A run freezes what it made, since its process ends with it (run/sync.py); this process makes thousands."""
    yield
    gc.unfreeze()
    if next(_TESTS) % 50 == 0:  # left to itself, the collector waits until a quarter more is there
        gc.collect()


_TESTS = count(1)


@pytest.fixture(scope="session", autouse=True)
def the_same_file_is_parsed_once() -> Iterator[None]:
    """The sample mappings are read by thousands of commands in one process; parsing them was a third of each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_file, "_parse", lru_cache(yaml_file._parse))
        yield


@pytest.fixture(scope="session", autouse=True)
def a_new_state_is_migrated_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Twenty migrations take a tenth of a second, and thousands of tests begin with a new state: they get a copy."""
    migrate = sqlite_file.migrate
    template = tmp_path_factory.mktemp("state") / "new.db"
    migrate(template)

    def migrate_or_copy(path: Path, folder: Path = schema.MIGRATIONS, head: str = schema.HEAD) -> None:
        if path.stat().st_size == 0 and (folder, head) == (schema.MIGRATIONS, schema.HEAD):
            path.write_bytes(template.read_bytes())
        else:
            migrate(path, folder, head)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_file, "migrate", migrate_or_copy)
        yield


@pytest.fixture(scope="session", autouse=True)
def the_descriptions_of_aws_services_are_parsed_once() -> Iterator[None]:
    """A command makes a client or two, each from megabytes of JSON; the tests make hundreds in one process."""
    load = JSONFileLoader.load_file
    loaded: dict[str, Any] = {}

    def load_once(self: JSONFileLoader, file_path: str) -> Any:
        if file_path not in loaded:
            loaded[file_path] = load(self, file_path)
        return loaded[file_path]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", load_once)
        yield


_LONGEST_FIRST = ("laws", "e2e", "worker", "service", "scenarios", "contract")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders with the longest files come first, so that no worker has a long one left when the others have ended."""
    places = {folder: place for place, folder in enumerate(_LONGEST_FIRST)}
    folder = len(Path(__file__).parent.parts)
    items.sort(key=lambda item: places.get(item.path.parts[folder], len(places)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, and the one command that gets what it needs."""
    left_out = [report.nodeid for report in terminalreporter.stats.get("skipped", ())]
    if left_out:
        terminalreporter.section("left out")
        for name in left_out:
            terminalreporter.line(name)
        terminalreporter.line("They need packages of the system. On Debian: make system-packages (as root)")
