"""What `/metrics` and a look for alerts cost with a long history: `python -m bench.scrape [--connections N …]`.

10,000 runs and 1,000,000 operations, of one connection and of 300, in a state file that is written here directly. The
scrape goes over HTTP; the look for alerts is without sending. In the end, what forgetting one piece of it takes.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import httpx

from bench.history import BEGAN, add_history
from scim_bridge.model.alert import EVENTS, compare
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.writer import State
from scim_bridge.worker.condition import Conditions

_RUNS, _EACH = 10_000, 100
_TIMES = 30


def main() -> None:
    """Print what each takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 300])
    for count in parser.parse_args().connections:
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder) / "state.db", [f"c{number:03}" for number in range(count)])


def _measure(path: Path, names: list[str]) -> None:
    with State(path) as state:
        add_history(state, names, [_EACH] * _RUNS)
    print(f"{len(names)} connections, {_RUNS:,} runs, {_RUNS * _EACH:,} operations")
    shown = Shown(path, dict.fromkeys(names, timedelta(minutes=5)))
    with Served(create_app(shown), ("127.0.0.1", 0)) as served, httpx.Client(base_url=served.url) as client:
        size = len(client.get("/metrics").content)
        _print("scrape", lambda: client.get("/metrics"))
    print(f"  {size:,} bytes")
    with State(path) as state:
        conditions = Conditions({}, BEGAN)

        def look() -> None:
            noted = state.alerts.noted()
            found = conditions.find(state.alerts, state.reader.watched(), noted, datetime.now(UTC))
            compare(noted, found, frozenset(EVENTS))

        _print("look for alerts", look)
        _print("forget a piece", lambda: state.forget_some(names[0], BEGAN + timedelta(days=300)))


def _print(what: str, action: Callable[[], object]) -> None:
    taken = []
    for _ in range(_TIMES):
        begun = perf_counter()
        action()
        taken.append(1_000 * (perf_counter() - begun))
    taken.sort()
    median, most = statistics.median(taken), taken[int(0.95 * _TIMES)]
    print(f"  {what}: {median:.1f} ms at the median, {most:.1f} ms at 95 %", flush=True)


if __name__ == "__main__":
    main()
