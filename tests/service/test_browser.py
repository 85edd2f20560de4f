"""The pages in a real Chromium: light and dark, wide and narrow, without a complaint from console or axe."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from scim_bridge.model.traffic import Traffic
from tests.service.conftest import Pages
from tests.service.seed import NOON, Seeder, busy_plan, hostile_plan, quiet_plan, tripping_plan
from tests.service.sign_in import enter

pytestmark = pytest.mark.browser
WIDTHS = (1280, 360)
Scheme = Literal["light", "dark"]


@pytest.fixture
def shown(seeder: Seeder, pages: Pages) -> httpx.Client:
    """Three connections: one that waits for a decision, one stopped by the guard, one that is well."""
    seeder.run(quiet_plan())
    seeder.clock.at += timedelta(minutes=5)
    busy = seeder.run(busy_plan(), traffic=Traffic(31))
    assert busy == 2
    other = Seeder(seeder.path, "大阪支社")
    other.clock.at = seeder.clock.at + timedelta(minutes=1)
    other.stopped(tripping_plan())
    well = Seeder(seeder.path, "lab")
    well.clock.at = other.clock.at + timedelta(minutes=1)
    well.run(quiet_plan())
    every = timedelta(minutes=5)
    now = NOON + timedelta(minutes=9)
    return pages({"corp": every, "大阪支社": every, "lab": every}, now)


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return "dark" if request.param == "dark" else "light"


@pytest.fixture(params=WIDTHS)
def page_of(request: pytest.FixtureRequest, browser: Browser, scheme: Scheme) -> Iterator[Page]:
    """A page of this width and scheme; whatever it logs or refuses to load fails the test."""
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": request.param, "height": 900},
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
        reduced_motion="reduce",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda asked: complaints.append(asked.url))
    yield page
    context.close()
    assert complaints == []


PATHS = {
    "overview": "/",
    "runs": "/runs",
    "run": "/runs/2",
    "stopped": "/runs/3",
    "conflicts": "/conflicts",
    "tokens": "/tokens",
}


@pytest.mark.parametrize("name", PATHS)
def test_every_page_is_readable_by_everybody_in_every_light_and_width(
    name: str, shown: httpx.Client, page_of: Page, scheme: Scheme, output_path: str
) -> None:
    enter(page_of.context, shown)
    page_of.goto(f"{shown.base_url}{PATHS[name]}")
    width = page_of.viewport_size["width"] if page_of.viewport_size else 0
    page_of.screenshot(path=Path(output_path) / f"{name}-{scheme}-{width}.png", full_page=True)
    assert _violations(page_of) == []
    assert page_of.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def _violations(page: Page) -> list[Any]:
    found = Axe().run(page).response["violations"]
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    return [(v["id"], [node["target"] for node in v["nodes"]]) for v in grave]


def test_a_name_that_is_markup_runs_nothing(seeder: Seeder, pages: Pages, browser: Browser) -> None:
    seeder.run(hostile_plan())
    page = browser.new_page()
    alerts: list[str] = []
    page.on("dialog", lambda dialog: alerts.append(dialog.message))
    client = pages()
    enter(page.context, client)
    page.goto(f"{client.base_url}/runs/1")
    assert page.get_by_text("<script>alert(1)</script>").first.is_visible()
    assert (page.locator("main script").count(), page.locator("main img").count(), alerts) == (0, 0, [])
    page.close()


def test_the_keyboard_reaches_the_content_first_and_the_focus_is_seen(shown: httpx.Client, browser: Browser) -> None:
    page = browser.new_page()
    enter(page.context, shown)
    page.goto(str(shown.base_url))
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    assert skip.evaluate("link => link === document.activeElement && link.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.close()
