"""The seed of the histories, and how many steps were run, printed whatever the outcome."""

from collections.abc import Iterator
from random import SystemRandom

import pytest
from hypothesis import seed

from scim_bridge.run import few_planned
from tests.laws.histories import tally

_SEED = pytest.StashKey[int | str]()


@pytest.fixture(scope="session", autouse=True)
def limits_are_first_held_against_a_few() -> Iterator[None]:
    """As in a directory of thousands. Otherwise all of a world this small would be counted at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_planned, "_ENOUGH", 3)
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each driver of histories a seed of its own where none was given, so that there is one to print."""
    given = config.getoption("--hypothesis-seed")
    for item in items:
        machine = _machine(item)
        if machine is not None:
            item.stash[_SEED] = given if given is not None else SystemRandom().randrange(2**32)
            if given is None:
                seed(item.stash[_SEED])(machine)


def _machine(item: pytest.Item) -> type | None:
    """The driver of histories that a test runs, None for any other test."""
    machines: dict[type, type] = getattr(getattr(item, "module", None), "MACHINES", {})
    return machines.get(getattr(item, "cls", None) or type(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Put what a driver has done on its report: with xdist the driver ran in another process."""
    machine = _machine(item)
    if call.when == "call" and machine is not None:
        item.user_properties.append(("histories", tally.sentence(machine.__name__, item.stash[_SEED])))
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many steps were run, and with which seed."""
    reports = [r for found in terminalreporter.stats.values() for r in found if isinstance(r, pytest.TestReport)]
    lines = [value for r in reports if r.when == "call" for name, value in r.user_properties if name == "histories"]
    if lines:
        terminalreporter.section("histories")
        for line in lines:
            terminalreporter.line(str(line))
