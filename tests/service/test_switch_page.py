"""The page of a switch report in a real Chromium: light and dark, wide and narrow, on paper, in both languages."""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from scim_bridge.view.sentence import LANGUAGES, Language
from scim_bridge.view.switch import switch_view
from scim_bridge.view.switch_report import switch_page
from tests.view.test_switch import BREAK_GLASS, DIFFERS, EXACT, NONE, report

pytestmark = pytest.mark.browser


def _heard(page: Page) -> list[str]:
    """What the page complains about, or fails to load."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda asked: complaints.append(asked.url))
    return complaints


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_readable_in_every_light_and_width_and_on_paper(
    browser: Browser, tmp_path: Path, language: Language, scheme: Literal["light", "dark"]
) -> None:
    file = tmp_path / "report.html"
    file.write_text(switch_page(switch_view(report(EXACT, DIFFERS, NONE, BREAK_GLASS), language)), encoding="utf-8")
    for width in (1280, 360):
        page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
        complaints = _heard(page)
        page.goto(file.as_uri())
        found = Axe().run(page).response["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert complaints == []
        assert page.pdf(path=tmp_path / "report.pdf").startswith(b"%PDF")
        page.close()
