"""The switch report on the pages: made by a button, kept, in the reader's language; or what to add."""

from collections.abc import Iterator

import httpx
import pytest

from scim_bridge.cli.main import run
from scim_bridge.sandbox.server import Sandbox
from tests.aws import environment_at
from tests.e2e.world import World, organization
from tests.service.conftest import Pages
from tests.service.seed import Seeder, quiet_plan
from tests.service.test_pages import seen
from tests.service.test_people_pages import pages_of
from tests.worker.carrying import carry_out_orders


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Sandbox() as sandbox, environment_at(sandbox.aws_url):
        world = World(tmp_path_factory.mktemp("switch"), sandbox)
        access = "    access: {region: eu-west-1, requests_per_second: 10000}\n"
        world.configure(extra=f"{access}    switch: {{current_source: identity-center}}\n")
        world.write(organization(6, 2))
        assert run(["--config", str(world.config), "sync"]) == 0
        yield world


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with pages_of(world) as signed:
        yield signed


def test_a_report_is_made_by_a_button_and_read_in_both_languages(client: httpx.Client, world: World) -> None:
    assert "No report is kept" in seen(client.get("/switch").text)
    assert client.post("/switch/corp", data={"to": "external"}).status_code == 303
    assert client.get("/switch").headers["refresh"] == "3"
    carry_out_orders(world)
    assert "refresh" not in client.get("/switch").headers
    said = seen(client.get("/switch").text)
    assert "from identity-center" in said.lower() or "identity center" in said.lower()
    assert "failed" not in said
    told = client.get("/api/v1/orders/1/answer").json()
    assert (told["kind"], told["answer"]["to"]) == ("switch_report", "external")
    assert '<time class="clock"' in client.get("/switch").text
    japanese = client.get("/switch", headers={"accept-language": "ja"}).text
    assert seen(japanese) != said
    assert client.post("/switch/corp", data={"to": "nowhere"}).status_code in (404, 422)
    assert client.post("/switch/other", data={"to": "external"}).status_code == 404


def test_without_access_the_page_says_what_to_add(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    assert "access: {region: ap-northeast-1}" in seen(pages().get("/switch").text)
