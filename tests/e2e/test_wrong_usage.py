"""Everything a person can get wrong: one sentence, the right exit code, nothing written."""

import socket
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Cli
from tests.e2e.world import World, organization

Break = Callable[[World], None]


def _replace(old: str, new: str) -> Break:
    def edit(world: World) -> None:
        text = world.config.read_text(encoding="utf-8")
        assert old in text
        world.config.write_text(text.replace(old, new), encoding="utf-8")

    return edit


def _wrong_tenant(world: World) -> None:
    world.configure(url=world.sandbox.url.replace("/scim", "0/scim"))


def _mapping(old: str, new: str) -> Break:
    def edit(world: World) -> None:
        path = world.folder / "csv.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    return edit


def _no_such_file(world: World) -> None:
    (world.folder / "users.csv").unlink()


WRONG: list[tuple[str, Break, int, str]] = [
    ("unknown key", _replace("mapping:", "maping:"), 2, "there is no such key (did you mean mapping?)"),
    ("missing key", _replace("    mapping: csv.yaml\n", ""), 2, "connections.corp needs the key mapping"),
    ("missing mapping", _replace("csv.yaml", "gone.yaml"), 2, "gone.yaml does not exist"),
    ("wrong type", _replace("requests_per_second: 100000", "requests_per_second: fast"), 2, "requests_per_second"),
    ("token missing", _replace("token: sandbox-token", "token: env:NO_SUCH_TOKEN"), 2, "NO_SUCH_TOKEN is not set"),
    (
        "a password in the open",
        _replace("sqlite:///scim-bridge.db", "postgresql+psycopg://me:pw@db/x"),
        2,
        "into a secret",
    ),
    ("no such server", _replace("sqlite:///scim-bridge.db", "postgresql+psycopg://127.0.0.1:1/x"), 1, "cannot be used"),
    ("endless anchor", _replace("service:", "x: &x {y: *x}\nservice:"), 2, "*x stands inside &x, so it holds itself"),
    ("endless rule", _mapping("given\n", "&x [*x]\n"), 2, "*x stands inside &x, so it holds itself"),
    ("plain http", _replace("http://127.0.0.1", "http://scim.example"), 2, "plain http is allowed to loopback only"),
    ("wrong token", _replace("token: sandbox-token", "token: expired"), 1, "refuses the token (401)"),
    ("wrong tenant", _wrong_tenant, 1, "the tenant id in the URL is wrong"),
    ("broken rule", _mapping("given\n", "gven\n"), 2, "unknown name 'gven'"),
    ("failing test", _mapping("expect: {active: false", "expect: {active: true"), 2, "the mapping fails its own tests"),
    ("no file", _no_such_file, 1, "users.csv: there is no such file"),
]


@pytest.mark.parametrize(("edit", "code", "sentence"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
@pytest.mark.parametrize("command", ["sync", "plan"])
def test_it_is_said_in_one_sentence_and_nothing_is_written(
    world: World, cli: Cli, edit: Break, code: int, sentence: str, command: str
) -> None:
    world.write(organization(3, 1))
    edit(world)
    said = cli(command)
    assert (said.code, said.out) == (code, "")
    assert sentence in said.err
    assert world.sandbox.counts.writes == 0


@pytest.mark.slow
def test_a_host_that_does_not_answer(world: World, cli: Cli) -> None:
    """Port 9 of loopback: no one is there. The command gives up within half a minute and says where it looked."""
    world.write(organization(3, 1))
    world.configure(url="http://127.0.0.1:9/tenant/scim/v2")
    said = cli("check")
    assert said.code == 1
    assert "the endpoint never answered within 30 s: 127.0.0.1:9 cannot be reached" in said.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Missing command"),
        (("snyc",), "No such command 'snyc'. Did you mean 'sync'? See: scim-bridge --help\n"),
        (("sync", "--aprove"), "See: scim-bridge sync --help\n"),
        (("rollback", "abc"), "Invalid value for 'run': write a whole number. See: scim-bridge rollback --help\n"),
        (("conflicts", "resolve"), "See: scim-bridge conflicts resolve --help\n"),
        (("sync", "nobody"), "bridge.yaml has no connection 'nobody'; it has: corp"),
        (("show", "7"), "there is no run 7"),
        (("apply", "gone.json"), "gone.json cannot be read"),
        (("mapping", "test", "gone.yaml"), "gone.yaml does not exist"),
        (("explain", "nobody"), "neither the source nor the target has a user or group called 'nobody'"),
        (("plan", "--output", "xml"), "Invalid value for '--output'"),
    ],
)
def test_wrong_arguments_end_with_2(world: World, cli: Cli, arguments: tuple[str, ...], sentence: str) -> None:
    world.write(organization(3, 1))
    said = cli(*arguments)
    assert said.code == 2
    assert sentence in said.err


def test_check_says_of_each_part_whether_it_is_well(world: World, cli: Cli) -> None:
    world.write(organization(3, 1))
    assert [check["ok"] for check in cli("check", "--output", "json").json] == [True] * 8
    _replace("token: sandbox-token", "token: env:NO_SUCH_TOKEN")(world)
    said = cli("check", "--output", "json")
    assert said.code == 1
    assert {check["name"] for check in said.json if not check["ok"]} == {"token", "endpoint"}


def test_several_problems_of_one_file_are_told_at_once(world: World, cli: Cli) -> None:
    world.write(organization(3, 1))
    _replace("requests_per_second: 100000", "requests_per_second: 0\n      tokn: x")(world)
    said = cli("sync")
    assert said.code == 2
    assert len([line for line in said.err.splitlines() if line.startswith("  bridge.yaml, line ")]) == 2


def test_a_broken_file_refuses_the_run_with_every_place(world: World, cli: Cli) -> None:
    world.write(organization(3, 1))
    with (world.folder / "users.csv").open("a", encoding="utf-8") as file:
        file.write("short,row\nanother,short,row\n")
    said = cli("sync")
    assert said.code == 1
    assert "  users.csv, line 5, column 3: 2 cells where the header has 10" in said.err
    assert "  users.csv, line 6, column 4: 3 cells where the header has 10" in said.err
    assert world.sandbox.counts.writes == 0


def test_check_lists_everything_that_is_wrong_with_a_mapping_and_looks_at_the_source_all_the_same(
    world: World, cli: Cli
) -> None:
    world.write(organization(3, 1))
    _mapping("given\n", "gven\n")(world)
    _mapping("title: title", "title: tilte")(world)
    lines = cli("check").out.splitlines()
    mapping = next(number for number, line in enumerate(lines) if "  mapping: " in line)
    assert "(and 1 more, listed below)" in lines[mapping]
    assert ["unknown name 'gven'" in lines[mapping + 1], "unknown name 'tilte'" in lines[mapping + 2]] == [True, True]
    assert lines[mapping + 3].startswith("ok      source: readable; a first look finds 3 users, 1 group")
    (world.folder / "csv.yaml").write_text("users: [")
    assert "not ok  source: not checked, since the mapping says what to read. Fix" in cli("check").out


def test_check_says_whether_the_schedule_goes_on(world: World, cli: Cli) -> None:
    world.write(organization(3, 1))
    verified = "reads the whole target every 15 min (auto: by the size of the target, 15 min to 24 h)"
    assert f"ok      schedule: syncs every 5 min, and {verified}\n" in cli("check").out
    cli("pause", "corp", "--reason", "audit week")
    said = cli("check")
    assert said.code == 0
    assert "ok      schedule: paused since " in said.out
    assert ": audit week. To go on: scim-bridge resume corp\n" in said.out
    assert "audit week" in cli("pause", "corp").err
    assert "audit week" in cli("check").out
    assert "until Friday" in cli("pause", "corp", "--reason", "until Friday").err
    cli("resume", "corp")
    assert "audit week" not in cli("pause", "corp").err


def test_check_says_why_the_schedule_stopped_itself_and_the_way_out(world: World, cli: Cli) -> None:
    people = organization(20, 0)
    world.write(people)
    assert cli("sync").code == 0
    for user in people.users.values():
        user["enabled"] = "false"
    world.write(people)
    assert cli("sync").code == 4
    said = cli("check")
    assert said.code == 1
    assert "not ok  schedule: quarantined since " in said.out
    assert "To go on after the fix: scim-bridge resume corp, or a successful `sync`" in said.out


def test_the_mapping_whose_tests_fail_is_named_as_it_can_be_opened(world: World, cli: Cli) -> None:
    world.write(organization(3, 1))
    (world.folder / "mappings").mkdir()
    (world.folder / "csv.yaml").rename(world.folder / "mappings" / "csv.yaml")
    _replace("mapping: csv.yaml", "mapping: mappings/csv.yaml")(world)
    path = world.folder / "mappings" / "csv.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("expect: {active: false", "expect: {active: true"))
    said = cli("plan").err
    assert f"try: scim-bridge mapping test {path}\n" in said
    assert ".." not in said
    assert cli("mapping", "test", str(path)).code == 2


def test_a_demo_whose_port_is_taken_says_so_before_anything_else(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = cli("demo", "--port", str(port))
    way_out = "Choose another one with --port; --port 0 takes any that is free."
    told = f"scim-bridge: the demo's pages cannot be served on port {port} (Address already in use). {way_out}\n"
    assert (said.code, said.out, said.err) == (2, "", told)
