"""People, access, switch and mapping in a real Chromium: light and dark, wide and narrow, both languages, hostile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from scim_bridge.cli.main import run
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.state.access_memory import keep_reading
from tests.e2e.world import World, organization
from tests.service.sign_in import enter
from tests.service.test_people_pages import pages_of
from tests.state.test_access_lookup import made

pytestmark = pytest.mark.browser
HOSTILE = "<script>alert(1)</script>\u202egnp.exe\u0007"
PATHS = {
    "people": "/people?q=u",
    "person": "/people/corp/user/u3",
    "hostile": "/people/corp/user/evil",
    "group": "/people/corp/group/g1",
    "access": "/access",
    "difference": "/access/difference",
    "switch": "/switch",
    "mapping": "/mapping?test=0",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with Sandbox() as sandbox:
        world = World(tmp_path_factory.mktemp("browser"), sandbox)
        world.configure(extra="    access: {region: eu-west-1}\n")
        people = organization(12, 3)
        people.add("evil", display=HOSTILE, title="x" * 1_000_000, given="<img src=x onerror=alert(2)>")
        world.write(people)
        run(["--config", str(world.config), "sync"])
        people.users["u3"]["title"] = "Another"
        world.write(people)
        run(["--config", str(world.config), "sync"])
        keep_reading(world.state, "corp", made(3))
        keep_reading(world.state, "corp", made(4))
        with pages_of(world) as signed:
            yield signed


@pytest.mark.parametrize(("scheme", "width", "language"), [("light", 1280, "en"), ("dark", 360, "ja")])
def test_every_page_is_readable_in_every_light_width_and_language(
    client: httpx.Client,
    browser: Browser,
    scheme: Literal["light", "dark"],
    width: int,
    language: str,
    output_path: str,
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, locale=language)
    enter(context, client)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    for name, path in PATHS.items():
        answer = page.goto(f"{client.base_url}{path}")
        assert answer is not None
        assert answer.status == 200, path
        page.screenshot(path=Path(output_path) / f"people-{name}-{scheme}-{width}.png", full_page=True)
        found = Axe().run(page).response["violations"]
        grave = [
            (v["id"], [node["target"] for node in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")
        ]
        assert grave == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
        assert page.locator("main script").count() + page.locator("main img").count() == 0
        assert len(page.content()) < 300_000
    context.close()
    assert complaints == []


def test_people_are_found_and_a_rule_is_tried_without_javascript(client: httpx.Client, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    enter(context, client)
    page = context.new_page()
    page.goto(f"{client.base_url}/people")
    page.get_by_role("searchbox").fill("u3@")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="u3@corp.example").click()
    assert page.get_by_role("heading", level=1).inner_text() == "u3@corp.example"
    page.goto(f"{client.base_url}/mapping")
    page.get_by_role("link", name="Try its record").first.click()
    page.get_by_label("An expression of your own, beside the rules").fill("1 + 1 == 2")
    page.get_by_role("button", name="Try", exact=True).click()
    assert page.get_by_text("1 + 1 == 2 = yes").is_visible()
    context.close()
