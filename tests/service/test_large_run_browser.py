"""A run of 100,000 operations in a real Chromium: found, paged through, at a calm pace, in little of the page."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.service.conftest import Pages
from tests.service.seed import Seeder
from tests.service.sign_in import enter
from tests.service.test_operations import put_operations

pytestmark = pytest.mark.browser
_MOST_ELEMENTS = 6_000
"""Of a page that shows a hundred operations, however many there are."""


@pytest.mark.parametrize("count", [1_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_large_run_is_looked_through_in_the_browser(
    count: int, seeder: Seeder, pages: Pages, browser: Browser, output_path: str
) -> None:
    put_operations(seeder, count)
    client = pages(role="viewer")
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    enter(context, client)
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto(f"{client.base_url}/runs/1?kind=create_user")
    expect(page.get_by_text(f"100 of {count + 14:,} operations")).to_be_visible()
    assert page.evaluate("document.querySelectorAll('*').length") < _MOST_ELEMENTS
    page.locator("a[rel=next]").first.click()
    expect(page.get_by_text("user000095@corp.example").first).to_be_visible()
    page.get_by_role("searchbox").first.fill(f"user{count - 1:06}")
    page.get_by_role("searchbox").first.press("Enter")
    expect(page.get_by_text(f"user{count - 1:06}@corp.example").first).to_be_visible()
    Path(output_path).mkdir(parents=True, exist_ok=True)
    page.screenshot(path=Path(output_path) / "large-run.png")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    assert Path(download.value.path()).read_text(encoding="utf-8-sig").count(f"user{count - 1:06}@corp.example") > 0
    assert heard == []
    context.close()
