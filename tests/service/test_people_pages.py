"""People and groups on the pages, after real runs: found by how a name begins, and told from the state alone."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from scim_bridge.cli.main import run
from scim_bridge.config.settings import load
from scim_bridge.model.identity import Kind, Whom
from scim_bridge.run.bridge import open_bridge
from scim_bridge.run.explain import explain
from scim_bridge.run.lifecycle import Order
from scim_bridge.run.portrait import portrait
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.reader import open_reader
from tests.e2e.test_statements import reads_all, statements, steps
from tests.e2e.world import World, organization
from tests.service.sign_in import signed_in
from tests.service.test_pages import seen


@contextmanager
def pages_of(world: World) -> Iterator[httpx.Client]:
    """The pages over this world, as `run` serves them, to a client that is signed in."""
    settings = load(world.config)
    shown = Shown(settings.state, {"corp": None}, lambda: datetime.now(UTC), settings=settings.connections)
    with (
        Served(create_app(shown), ("127.0.0.1", 0)) as served,
        signed_in(served.url, settings.state, now=datetime.now(UTC)) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """After two runs: the second one has seen someone leave, change, and join a group."""
    with Sandbox() as sandbox:
        world = World(tmp_path_factory.mktemp("people"), sandbox)
        world.configure()
        people = organization(40, 6)
        people.users["u3"] |= {"display": "Ünal Öztürk", "family": "Öztürk"}
        people.add("a/b..#?&", login="odd@corp.example", mail="odd@corp.example", given="Odd", family="One")
        world.write(people)
        assert run(["--config", str(world.config), "sync"]) == 0
        del people.users["u39"]
        people.members = [each for each in people.members if each[1] != "u39"]
        people.users["u3"]["title"] = "Another"
        people.members.append(("g1", next(u for u in people.users if ("g1", u, "user") not in people.members), "user"))
        world.write(people)
        assert run(["--config", str(world.config), "sync"]) == 0
        yield world


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with pages_of(world) as signed:
        yield signed


def test_people_are_found_by_how_any_name_address_or_id_begins_and_told_step_by_step(
    client: httpx.Client, world: World
) -> None:
    for text in ("u3@corp", "U3@CORP.EXAMPLE", "ünal", "öztü", "u3"):
        assert "/people/corp/user/u3" in client.get("/people", params={"q": text}).text, text
    held = world.held()["users"]["u3"]["id"]
    assert "/people/corp/user/u3" in client.get("/people", params={"q": held[:20]}).text
    assert "/people/corp/group/g1" in client.get("/people", params={"q": "グループ 1"}).text
    assert "No one is known" in seen(client.get("/people", params={"q": "nobody"}).text)
    page = seen(client.get("/people/corp/user/u3").text)
    assert "active in AWS" in page
    assert "linked : The record and the resource in AWS are linked." in page
    assert "title title csv.yaml, line" in page
    assert "Another Another Another" in page
    assert "update user ✓ done title: Title 3 → Another" in page
    assert page.index("update user") < page.index("create user")


def test_who_has_left_and_who_was_added_are_told_with_the_run_and_the_reason(client: httpx.Client) -> None:
    left = seen(client.get("/people/corp/user/u39").text)
    assert "inactive in AWS" in left
    assert "departed" in left
    assert "deactivate user ✓ done" in left
    assert "left the source" in left
    group = seen(client.get("/people/corp/group/g1").text)
    assert "add members ✓ done" in group


def test_an_id_of_any_characters_has_a_page(client: httpx.Client) -> None:
    found = client.get("/people", params={"q": "odd@"}).text
    address = found.partition('<th scope="row" role="rowheader"><a href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "create user" in seen(client.get(address).text)
    assert client.get("/people/corp/user/a%2Fb..%23%3F%26").status_code == 200


def test_no_page_about_people_reads_a_table_from_end_to_end(client: httpx.Client, world: World) -> None:
    with statements() as asked:
        for path in ("/people?q=u3", "/people?q=%E3%82%B0", "/people/corp/user/u3", "/people/corp/group/g1"):
            assert client.get(path).status_code == 200
    assert asked
    growing = ("operations", "mentions", "conflicts", "audit", "seen_changes", "access_facts")
    ways = list(steps(world, asked))
    # What begins so is a range of an index, cut off after a few rows.
    assert [(text, step) for text, step in ways if reads_all(step) and not (">?" in step and " LIMIT " in text)] == []
    assert [way for way in ways if way[1].startswith("SCAN") and way[1].split()[1] in growing] == []


def test_one_is_pushed_by_an_order_that_goes_first(client: httpx.Client) -> None:
    page = client.get("/people/corp/user/u3").text
    assert "Push now" in page
    answer = client.post("/people/corp/push", data={"kind": "user", "id": "u3"})
    assert (answer.status_code, answer.headers["location"].partition("=")[0]) == (303, "/people/corp/user/u3?order")
    assert "waiting" in seen(client.get(answer.headers["location"]).text)


@pytest.mark.parametrize("who", ["u3", "u39", "u0", "g1"])
def test_a_page_tells_what_explain_tells(client: httpx.Client, world: World, who: str) -> None:
    settings = load(world.config)
    kind: Kind = "group" if who.startswith("g") else "user"
    with closing(open_reader(settings.state)) as reader:
        with open_bridge(settings.connection("corp"), reader=reader) as bridge:
            (told,) = [each for each in explain(bridge, reader, who, Order()) if each.kind == kind]
        shown = portrait(reader, settings.connections["corp"], reader.places()[0], Whom("source", kind, who))
    assert shown is not None
    assert (shown.told.name, shown.told.plan.situation, shown.told.plan.action) == (
        told.name,
        told.plan.situation,
        told.plan.action,
    )
    assert (shown.told.target.target_id, shown.told.target.applied) == (told.target.target_id, told.target.applied)
    values = {rule.path: rule.value for rule in shown.told.source.rules}
    assert {rule.path: values.get(rule.path, rule.value) for rule in told.source.rules} == {
        rule.path: rule.value for rule in told.source.rules
    }


def test_nothing_is_asked_of_source_or_target_when_a_page_is_opened(client: httpx.Client, world: World) -> None:
    before = world.sandbox.counts.total
    for name in ("users.csv", "groups.csv", "members.csv"):
        (world.folder / name).unlink()
    assert client.get("/people/corp/user/u3").status_code == 200
    assert world.sandbox.counts.total == before
