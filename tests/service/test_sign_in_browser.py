"""Signing in, making a token and signing out in a real Chromium, with and without JavaScript."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown
from tests.service.issuer import Issuer
from tests.service.seed import Seeder, quiet_plan
from tests.service.sign_in import sign_in_link
from tests.service.test_provider import served_with

pytestmark = pytest.mark.browser
NOWHERE = "about:blank"
"""Where the page goes before the service ends: what it still loads would be refused, and the page would complain."""


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page whose complaints fail the test."""
    context = browser.new_context(java_script_enabled=request.param, locale="en-US")
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def test_a_person_signs_in_by_the_link_makes_a_token_revokes_it_and_signs_out(seeder: Seeder, page: Page) -> None:
    seeder.run(quiet_plan())
    with Served(create_app(Shown(seeder.path, {"corp": None})), ("127.0.0.1", 0)) as served:
        page.goto(f"{served.url}/tokens")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.goto(sign_in_link(served.url, seeder.path))
        assert page.url == f"{served.url}/"
        page.get_by_role("link", name="Tokens").click()
        page.get_by_label("What is it for?").fill("ci")
        page.get_by_label("What may it do?").select_option("viewer")
        page.get_by_role("button", name="Make a token").click()
        token = page.locator("#made").inner_text()
        bearer = {"Authorization": f"Bearer {token}"}
        assert httpx.get(served.url, headers=bearer).status_code == 200
        page.get_by_role("button", name="Revoke ci").click()
        expect(page.get_by_role("cell", name="revoked, approver@test")).to_be_visible()
        assert httpx.get(served.url, headers=bearer).status_code == 401
        page.get_by_role("button", name="Sign out").first.click()
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        page.goto(f"{served.url}/runs")
        assert page.url.startswith(f"{served.url}/sign-in")
        page.goto(NOWHERE)


def test_a_person_signs_in_at_the_provider_and_comes_to_the_page_that_was_wanted(tmp_path: Path, page: Page) -> None:
    """The provider is another site for the browser, as in life: localhost, and the service 127.0.0.1."""
    issuer = Issuer()
    with Served(issuer.app, ("127.0.0.1", 0)) as provider:  # type: ignore[arg-type]  # a smaller application
        issuer.url = provider.url.replace("127.0.0.1", "localhost")
        issuer.metadata = {"end_session_endpoint": f"{issuer.url}/end"}
        served, console = served_with(issuer.url, tmp_path)
        with served:
            page.goto(f"{console.url}/runs")
            page.get_by_role("link", name=f"Sign in at {issuer.url}").click()
            expect(page.get_by_role("heading", name="Runs")).to_be_visible()
            assert page.url == f"{console.url}/runs"
            page.get_by_role("button", name="Sign out").first.click()
            expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
            page.get_by_role("link", name=f"Sign out at {issuer.url}").click()
            page.wait_for_url(f"{issuer.url}/end?*")
            page.goto(f"{console.url}/runs")
            assert page.url.startswith(f"{console.url}/sign-in")
            page.goto(NOWHERE)
