"""The pages in a real Chromium: readable by everybody, usable without JavaScript, and live with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scim_bridge.config.settings import load
from scim_bridge.model.actor import Actor, Role
from scim_bridge.model.order import PlacedOrder
from scim_bridge.plan.plan_file import fingerprint, to_bytes
from scim_bridge.sandbox.fault import Fault
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from scim_bridge.state.reader import open_reader
from scim_bridge.state.writer import State
from tests.e2e.conftest import world
from tests.e2e.world import World, organization
from tests.service.conftest import Pages
from tests.service.seed import NOON, Seeder, busy_plan, hostile_plan, quiet_plan, tripping_plan
from tests.service.sign_in import enter, signed_in
from tests.waiting import PATIENCE
from tests.worker.test_orders import _working as working

__all__ = ["world"]
pytestmark = pytest.mark.browser
NOW = NOON + timedelta(minutes=9)
EVERY = timedelta(minutes=5)
NAMES = ("corp", "大阪支社", "lab", "<b>&")
PATHS = {
    "overview": "/", "blocked": "/?state=blocked", "connection": "/connections/corp",
    "difference": "/connections/corp/difference", "runs": "/runs", "run": "/runs/2", "found": "/runs/2?q=new.1",
    "stopped": "/runs/3", "plan": "/plans/1", "conflicts": "/conflicts", "audit": "/audit", "tokens": "/tokens",
    "nowhere": "/nowhere",
}  # fmt: skip


@dataclass(frozen=True)
class Service:
    """A running service, and its state."""

    url: str
    state: Path
    approver: httpx.Client

    def context(self, browser: Browser, role: Role = "approver", **options: Any) -> BrowserContext:
        """A browser that is signed in with this role."""
        context = browser.new_context(reduced_motion="reduce", **options)
        if role == "approver":
            enter(context, self.approver)
        else:
            with signed_in(self.url, self.state, role, NOW) as client:
                enter(context, client)
        return context


def _seed(path: Path) -> None:
    """A conflict, a plan that the guard stopped, orders, a paused connection, and names that would be markup."""
    seeder = Seeder(path)
    seeder.run(quiet_plan())
    seeder.clock.at += timedelta(minutes=5)
    assert seeder.run(busy_plan()) == 2
    other, lab, hostile = (Seeder(path, name) for name in NAMES[1:])
    other.clock.at = lab.clock.at = hostile.clock.at = NOON + timedelta(minutes=6)
    stopped = tripping_plan()
    run = other.stopped(stopped)
    lab.run(quiet_plan())
    hostile.run(hostile_plan())
    with State(path, lambda: NOW) as state:
        state.pause("lab", Actor("b.sato", "page"), "change freeze")
        state.plans.keep(
            stopped, fingerprint=fingerprint(stopped), document=to_bytes(stopped), by=Actor("b.sato", "page"), run=run
        )
        state.orders.place(PlacedOrder(connection="corp", kind="plan"), Actor("b.sato", "page"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    path = tmp_path_factory.mktemp("console") / "scim-bridge.db"
    _seed(path)
    app = create_app(Shown(path, dict.fromkeys(NAMES, EVERY), lambda: NOW))
    with Served(app, ("127.0.0.1", 0)) as served, signed_in(served.url, path, "approver", NOW) as client:
        yield Service(served.url, path, client)


def _complaints(page: Page) -> list[str]:
    """Whatever the page logs or refuses to load, from now on."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("requestfailed", lambda asked: None if "/events" in asked.url else heard.append(asked.url))
    return heard


LOOKS: tuple[tuple[Literal["light", "dark"], int, str], ...] = (
    ("light", 1280, "en-US"),
    ("dark", 1280, "ja-JP"),
    ("light", 360, "ja-JP"),
    ("dark", 360, "en-US"),
)


@pytest.mark.parametrize(("scheme", "width", "locale"), LOOKS)
def test_every_page_is_readable_by_everybody_in_every_light_width_and_language(
    scheme: Literal["light", "dark"], width: int, locale: str, service: Service, browser: Browser, output_path: str
) -> None:
    context = service.context(
        browser,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        locale=locale,
        timezone_id="Asia/Tokyo",
    )
    page = context.new_page()
    heard = _complaints(page)
    for name, path in PATHS.items():
        page.goto(f"{service.url}{path}")
        assert page.locator("html").get_attribute("lang") == locale[:2]
        page.screenshot(path=Path(output_path) / f"{name}-{scheme}-{width}-{locale[:2]}.png", full_page=True)
        assert _violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
    context.close()
    assert [text for text in heard if "404" not in text] == []


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


def test_the_keyboard_reaches_the_content_first_and_the_focus_is_seen(service: Service, browser: Browser) -> None:
    context = service.context(browser, viewport={"width": 400, "height": 800})
    page = context.new_page()
    page.goto(service.url)
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    assert skip.evaluate("link => link === document.activeElement && link.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    menu = page.get_by_role("button", name="Menu")
    menu.focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Audit").press("Enter")
    expect(page.get_by_role("heading", name="Audit")).to_be_visible()
    context.close()


def test_everything_works_without_javascript(service: Service, browser: Browser) -> None:
    context = service.context(browser, "operator", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{service.url}/?q=co&state=")
    page.get_by_role("link", name="corp", exact=True).first.click()
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("status")).to_contain_text("waiting")
    page.get_by_role("button", name="More").click()
    page.get_by_label("Reason for the pause").fill("freeze")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_have_text("The schedule is stopped.")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("status")).to_have_text("The schedule goes on.")
    page.goto(f"{service.url}/conflicts?connection=corp")
    page.get_by_text("Decide here").click()
    page.get_by_role("button", name="Ignore").click()
    expect(page.get_by_role("status")).to_contain_text("1 conflict is decided.")
    page.get_by_role("button", name="Undo").click()
    page.goto(f"{service.url}/runs/2")
    page.get_by_label("User or group").fill("suzuki")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator("time.clock").first).to_contain_text("UTC")
    context.close()


def test_a_list_is_filtered_while_one_types_and_the_cursor_stays(service: Service, browser: Browser) -> None:
    context = service.context(browser, "viewer", timezone_id="Asia/Tokyo", locale="en-US")
    page = context.new_page()
    heard = _complaints(page)
    page.goto(f"{service.url}/runs/2")
    assert page.locator("tbody tr").count() == 14
    assert page.get_by_text("Roll back").count() == 0
    box = page.get_by_label("User or group")
    box.press_sequentially("takahashi")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert page.url.endswith("/runs/2?q=takahashi")
    expect(box).to_be_focused()
    page.get_by_label("Operation").select_option("deactivate_user")
    expect(page.locator("tbody tr")).to_have_count(1)
    moment = page.locator("time.clock").first
    assert moment.get_attribute("title") == "2027-03-13 03:05:00 UTC"
    expect(moment).to_have_text("Mar 13, 2027, 12:05:00 PM")
    context.close()
    assert heard == []


def test_what_is_hard_to_undo_is_asked_once_more(service: Service, browser: Browser) -> None:
    context = service.context(browser)
    page = context.new_page()
    page.goto(f"{service.url}/plans/1")
    before = len(open_reader(service.state).orders.latest(99))
    page.get_by_label("Note for the audit: why this is right").fill("They left in spring")
    page.get_by_role("button", name="Approve and apply").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Apply plan 1 now? deactivate 4 users")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert len(open_reader(service.state).orders.latest(99)) == before
    page.get_by_role("button", name="Approve and apply").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Decline").focus()
    page.emulate_media(media="print")
    assert not page.get_by_role("button", name="Decline").is_visible()
    assert not page.get_by_role("navigation", name="Pages", exact=True).is_visible()
    assert page.get_by_text("Limits stop this plan").is_visible()
    context.close()


def test_a_real_sync_is_watched_from_the_button_to_its_end(world: World, browser: Browser) -> None:
    people = organization(20, 2)
    world.write(people)
    settings = load(world.config).connections
    app = create_app(Shown(world.state, {"corp": EVERY}, settings=settings))
    with working(world), Served(app, ("127.0.0.1", 0)) as served, signed_in(served.url, world.state) as client:
        context = browser.new_context()
        enter(context, client)
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1_000)
        expect.set_options(timeout=PATIENCE * 1_000)
        page.goto(f"{served.url}/connections/corp")
        world.sandbox.fail(Fault("hold_before", "POST", "Users"))
        page.get_by_role("button", name="Sync now").click()
        expect(page.get_by_text("Syncing")).to_be_visible()
        expect(page.locator("[data-run] progress")).to_be_visible()
        world.sandbox.fail()
        world.sandbox.go_on()
        expect(page.get_by_text("In sync")).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("run 1 is done: 20 users created")
        assert page.locator("#settings ~ details").get_by_text("target.token").count() >= 1
        assert world.sandbox.token not in page.content()
        context.close()
    world.assert_equal_to(people)
