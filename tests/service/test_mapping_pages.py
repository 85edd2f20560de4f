"""The mapping on the pages: tried on a record, compared as a whole, and nothing is saved."""

import re
from collections.abc import Iterator

import httpx
import pytest

from scim_bridge.cli.main import run
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.state.writer import State
from tests.e2e.world import World, organization
from tests.service.test_pages import seen
from tests.service.test_people_pages import pages_of
from tests.worker.carrying import carry_out_orders


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Sandbox() as sandbox:
        world = World(tmp_path_factory.mktemp("mapping"), sandbox)
        world.configure()
        world.write(organization(12, 3))
        assert run(["--config", str(world.config), "sync"]) == 0
        yield world


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with pages_of(world) as signed:
        yield signed


def test_the_rules_are_shown_with_their_tests_and_results(client: httpx.Client) -> None:
    said = seen(client.get("/mapping").text)
    assert "Rules for users" in said
    assert "userName" in said
    assert re.search(r"\d+ tests? pass", said)
    assert "the source of truth" in said


def test_rules_and_an_expression_are_tried_on_a_record(client: httpx.Client, world: World) -> None:
    record = '{"id": "7", "login": "<script>x</script>@corp.example", "given": "G", "family": "F", "enabled": "true"}'
    form = {"kind": "user", "record": record, "rule": 'given + " " + family'}
    answer = client.post("/mapping/corp/try", data=form)
    assert (answer.status_code, "<script>x" in answer.text) == (200, False)
    assert 'given + " " + family = G F' in seen(answer.text)
    real = seen(client.post("/mapping/corp/try", data={"kind": "user", "id": "u3", "rule": "id == 'u3'"}).text)
    assert "id == 'u3' = yes" in real
    assert "u3@corp.example" in real
    for form, why in (
        ({"record": "{cut"}, "is not valid JSON"),
        ({"id": "nobody"}, "the source shows no user with the id 'nobody'"),
        ({"record": "[]"}, "has no attributes"),
        ({"record": " ", "id": ""}, "Give an id or a record."),
    ):
        wrong = client.post("/mapping/corp/try", data=form)
        assert (wrong.status_code, why in seen(wrong.text)) == (422, True), why
    broken = seen(client.post("/mapping/corp/try", data={"record": record, "rule": "given +"}).text)
    assert "typed in" in broken


def test_an_uploaded_mapping_is_compared_and_written_nowhere(client: httpx.Client, world: World) -> None:
    before = {path.name: path.read_bytes() for path in world.folder.iterdir() if "db" not in path.name}
    changed = (world.folder / "csv.yaml").read_text().replace("title: title", "title: '\"X\"'").partition("\ntests:")[0]
    answer = client.post("/mapping/corp/compare", files={"file": ("m.yaml", changed.encode())})
    assert answer.status_code == 303, seen(answer.text)
    place = answer.headers["location"]
    assert client.get(place).headers["refresh"] == "3"
    carry_out_orders(world)
    assert "refresh" not in client.get(place).headers
    said = seen(client.get(place).text)
    assert "12 resources change" in said
    assert {path.name: path.read_bytes() for path in world.folder.iterdir() if "db" not in path.name} == before
    assert '<time class="clock"' in client.get(place).text
    japanese = seen(client.get(place, headers={"accept-language": "ja"}).text)
    assert "リソース 12 件が変わります" in japanese
    assert "に作成。ターゲットは" in japanese
    told = client.get(f"/api/v1/orders/{place.rpartition('/')[2]}/answer").json()
    assert told["kind"] == "compare_mapping"
    assert told["answer"]["headline"] == "corp under the changed mapping: 12 resources change"
    (rule,) = told["answer"]["rules"]
    assert (rule["old"], rule["new"], rule["effect"]) == ("title", '"X"', "makes a difference for 12 users")
    wrong = client.post("/mapping/corp/compare", files={"file": ("m.yaml", b"users: {id: [")})
    assert wrong.status_code == 422
    large = client.post("/mapping/corp/compare", files={"file": ("m.yaml", b"#" * 1_200_000)})
    assert large.status_code == 413
    assert client.get("/mapping/corp/compared/99").status_code == 404
    assert client.get(place.replace("corp", "lab")).status_code == 404
    with State(world.state) as state:
        (order,) = state.orders.latest(9)
        assert (order.placed.kind, order.placed.question) == ("compare_mapping", "")
        (entry,) = state.reader.latest_audit(1, action="compare mapping")
    assert entry.subject == f"order {order.id}"
