"""Three workers, many connections, one PostgreSQL, and whatever can go wrong with them, while the sources change.

What happens when follows from a seed (CHAOS_SEED); how far the processes are then does not. At each moment one worker
at least is well. So no connection stands still for longer than its interval and a minute; another minute where a second
worker is struck that has just taken it over; and as long as the database is away, and until it is seen who still lives.
"""

import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from time import monotonic, sleep

import pytest

from scim_bridge.sandbox.fault import Fault
from tests.chaos.fleet import Company, Worker, companies, write_configuration
from tests.chaos.network import Network, network
from tests.postgres_server import Postgres, name_of, require_postgres
from tests.waiting import PATIENCE

STANDS_STILL = 60.0
SEEN_AGAIN = 15.0
"""After the database was away: those who live take their locks again, and are not taken for dead before that."""
_FAULTS = ("kill", "kill", "stop", "stop", "cut", "restart")
REVOCATIONS, GRANTS = {"deactivate_user", "remove_members"}, {"create_user", "reactivate_user", "add_members"}


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much, and for how long: seconds of storm, of an interval, between two faults and between two changes.

    lasts: how long a worker stands still or is cut off. faults: in this order, after a worker that has a run in hand
    was stopped until the end; where there are none, at random.
    """

    connections: int
    storm: float
    every: int
    between: tuple[float, float]
    change: float
    lasts: tuple[float, float]
    faults: tuple[str, ...] = ()
    runs_at_once: int = 2


@dataclass
class Storm:
    """What is wrong at this moment, and what was done. away: from when to when the database was not to be relied on."""

    some: list[Company]
    workers: list[Worker]
    networks: list[Network]
    server: Postgres
    random: Random
    size: Size
    database: str
    away: list[tuple[float, float]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    _until: dict[int, tuple[float, str]] = field(default_factory=dict)

    def strike(self) -> None:
        """One fault more, chosen at random; the last worker that is well stays so."""
        faults = self.size.faults
        kind = faults[self.done.total() % len(faults)] if faults else self.random.choice(_FAULTS)
        well = [place for place in range(len(self.workers)) if place not in self._until]
        if kind == "restart":
            self._restart()
        elif len(well) > 1:
            place = self.random.choice(well)
            self._break(kind, place)
        self.done[kind] += 1

    def _restart(self) -> None:
        began = monotonic()
        self.server.stop()
        sleep(self.random.uniform(0.5, 4))
        self.server.start()
        self.away.append((began, monotonic() + SEEN_AGAIN))

    def stop_in_the_middle(self, company: Company) -> float:
        """Stop the worker that runs this company, when a request of it has been sent. Gives when that was."""
        sandbox = company.world.sandbox
        sandbox.fail(Fault("hold_before", "POST", "Users"))
        company.people.add("held")
        company.write()
        sandbox.wait_held(seconds=PATIENCE)
        of_it = "SELECT pid FROM workers JOIN schedule ON worker = name WHERE connection = "
        ((pid,),) = self.server.execute(f"{of_it}'{company.name}'", self.database)
        place = next(place for place, worker in enumerate(self.workers) if worker.process.pid == pid)
        self._note(place)
        self.workers[place].signal(signal.SIGSTOP, with_runs=True)
        self._until[place] = (monotonic() + 2 * self.size.storm, "stop")
        stopped = monotonic()
        sandbox.fail()
        sandbox.go_on()
        return stopped

    def _note(self, place: int) -> None:
        """What this worker has in hand as it is struck."""
        of_it = "SELECT connection FROM schedule JOIN workers ON worker = name WHERE pid = "
        held = {name for (name,) in self.server.execute(f"{of_it}{self.workers[place].process.pid}", self.database)}
        for company in self.some:
            if company.name in held:
                company.struck.append(monotonic())

    def _break(self, kind: str, place: int) -> None:
        self._note(place)
        worker, with_runs = self.workers[place], self.random.random() < 0.7
        lasts = self.random.uniform(*self.size.lasts)
        if kind == "kill":
            worker.signal(signal.SIGKILL, with_runs=with_runs)
            worker.process.wait()
            lasts = self.random.uniform(1, 5)
        elif kind == "stop":
            worker.signal(signal.SIGSTOP, with_runs=with_runs)
        else:
            self.networks[place].cut()
        self._until[place] = (monotonic() + lasts, kind)

    def mend(self, *, everything: bool = False) -> None:
        """What has lasted long enough is over."""
        for place, (end, kind) in list(self._until.items()):
            if everything or monotonic() > end:
                if kind == "stop":
                    self.workers[place].signal(signal.SIGCONT, with_runs=True)
                elif kind == "cut":
                    self.networks[place].mend()
                del self._until[place]
        for place, worker in enumerate(self.workers):
            if place not in self._until:
                worker.start_again()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")  # pytest shows it with -s, or if the test fails


def _until(is_so: Callable[[], bool]) -> float:
    """Wait, and look now and then: a look is at all targets. Gives the seconds that it took."""
    began = monotonic()
    while not is_so():
        assert monotonic() - began < PATIENCE, "it did not become so"
        sleep(0.5)
    return monotonic() - began


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def _server() -> Iterator[tuple[Postgres, int]]:
    require_postgres()
    port = _free_port()
    server = Postgres(port=port)
    try:
        yield server, port
    finally:
        server.remove()


def _rage(storm: Storm, some: list[Company], size: Size) -> None:
    """Until the time is over: faults, and changes of the sources all along."""
    end = monotonic() + size.storm
    strike_at, change_at = monotonic() + size.between[0], monotonic()
    while monotonic() < end:
        storm.mend()
        if monotonic() > strike_at:
            storm.strike()
            strike_at = monotonic() + storm.random.uniform(*size.between)
        if monotonic() > change_at:
            storm.random.choice(some).change()
            change_at = monotonic() + size.change
        sleep(0.1)
    storm.mend(everything=True)


def _weather(folder: Path, size: Size) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "1"))
    random = Random(seed)
    with _server() as (server, port), companies(folder, size.connections, random) as some, ExitStack() as stack:
        server.start()
        database = name_of(server.empty())
        networks = [stack.enter_context(network(port)) for _ in range(3)]
        workers = []
        for place, each in enumerate(networks):
            state = f"postgresql+psycopg://bridge@127.0.0.1:{each.port}/{database}?sslmode=disable"
            workers.append(
                Worker(write_configuration(folder / f"w{place}.yaml", state, some, f"{size.every}s", size.runs_at_once))
            )
        storm = Storm(some, workers, networks, server, random, size, database)
        try:
            took = _until(lambda: all(company.world.sandbox.counts.total for company in some))
            _say(f"seed {seed}: everyone was synced once after {took:.0f} s")
            stopped = storm.stop_in_the_middle(some[0]) if size.faults else None
            _rage(storm, some, size)
            took = _until(lambda: all(company.is_equal() for company in some))
            _say(f"equal {took:.0f} s after the storm: {dict(storm.done)}")
            sleep(1)
            assert [worker.end() for worker in workers] == [0, 0, 0]
        finally:
            for worker in workers:
                worker.kill()
        for worker in workers:
            assert "Traceback" not in worker.said(), worker.said()
        rows = server.execute(
            "SELECT r.connection, o.run_id, o.kind, o.request_id, o.sent_at IS NOT NULL FROM operations o "
            "JOIN runs r ON r.id = o.run_id",
            database,
        )
        longest = max(_assert_moving(company, storm) for company in some)
        late = sum(_assert_journaled(company, [row[1:] for row in rows if row[0] == company.name]) for company in some)
        takeovers = sum(worker.said().count("so it is due again") for worker in workers)
        _say(f"longest gap {longest:.0f} s, {takeovers} taken over, {late} requests past their last check")
        if stopped is not None:
            taken_over = next(r.at for r in some[0].world.sandbox.requests if r.at > stopped) - stopped
            _say(f"taken over {taken_over:.0f} s after the worker was stopped")
            assert takeovers > 0
            assert taken_over < STANDS_STILL
        assert late <= takeovers


def _assert_moving(company: Company, storm: Storm) -> float:
    """Each run asks the target something. Gives the longest time without."""
    times = [request.at for request in company.world.sandbox.requests]
    for begin, end in pairwise(times):
        strikes = max(1, sum(begin < at < end for at in company.struck))
        away = sum(max(0.0, min(end, until) - max(begin, since)) for since, until in storm.away)
        most = storm.size.every + strikes * STANDS_STILL + away
        assert end - begin < most, f"{company.name}: {end - begin:.0f} s; {strikes} strikes, {away:.0f} s away"
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


def _assert_journaled(company: Company, rows: list[tuple[int, str, str, bool]]) -> int:
    """What the target saw is what the journal has. Gives how many writes came after the first of a later run."""
    of_request = {request_id: (run, kind) for run, kind, request_id, _ in rows if request_id}
    writes = [request for request in company.world.sandbox.requests if request.method != "GET"]
    created = Counter(str(w.body.get("externalId")) for w in writes if w.method == "POST" and w.status == 201)
    assert not [who for who, times in created.items() if times > 1], f"{company.name}: created twice"
    unknown = sum(write.request_id not in of_request for write in writes)
    unanswered = sum(was_sent and not request_id for _, _, request_id, was_sent in rows)
    assert unknown <= unanswered, f"{company.name}: {unknown} writes that no run had put on record"
    known = [of_request[write.request_id] for write in writes if write.request_id in of_request]
    late = 0
    newest = 0
    for run, _ in known:
        late += run < newest
        newest = max(newest, run)
    for run in {run for run, _ in known}:
        kinds = [kind for of_run, kind in known if of_run == run]
        last = max((place for place, kind in enumerate(kinds) if kind in REVOCATIONS), default=-1)
        first = min((place for place, kind in enumerate(kinds) if kind in GRANTS), default=len(kinds))
        assert last < first, f"{company.name}, run {run}: {kinds}"
    return late


def test_three_workers_in_a_short_storm(tmp_path: Path) -> None:
    faults = ("kill", "restart", "cut")
    size = Size(
        connections=6, storm=50, every=30, between=(11, 13), change=4.0, lasts=(12, 16), faults=faults, runs_at_once=1
    )
    _weather(tmp_path, size)


@pytest.mark.slow
def test_three_workers_and_forty_connections_in_a_storm_of_twenty_minutes(tmp_path: Path) -> None:
    _weather(tmp_path, Size(connections=40, storm=1_200, every=30, between=(5, 30), change=1.0, lasts=(5, 90)))
