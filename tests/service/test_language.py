"""The pages in the reader's language: nothing left in English by accident, and the reader chooses."""

import re
from pathlib import Path

import httpx
import pytest

from scim_bridge.model.operation import Outcome
from scim_bridge.service.catalog import read_catalog
from tests.service.conftest import Pages
from tests.service.messages import CATALOGS, ROOT, missing
from tests.service.seed import Seeder, busy_plan

TEMPLATES = sorted((ROOT / "service" / "templates").glob("*.html"))
SPOKEN_ATTRIBUTES = ("aria-label", "alt", "title", "placeholder", "data-label", "data-say")
NAMES = {"scim-bridge", "UTC", "CSV", "JSON"}


@pytest.mark.parametrize(("language", "domain"), CATALOGS)
def test_the_catalog_has_every_text_and_none_for_nothing(language: str, domain: str) -> None:
    assert missing(language, domain) == [], "run: python -m tests.service.messages"


@pytest.mark.parametrize(("language", "domain"), CATALOGS)
def test_a_translation_fills_in_what_the_text_fills_in(language: str, domain: str) -> None:
    for message in read_catalog(language, domain):
        if message.id:
            text = message.id if isinstance(message.id, str) else message.id[1]
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            for said in strings:
                assert _filled(str(said)) == _filled(text), text


def _filled(text: str) -> set[str]:
    in_braces = set(re.findall(r"\{(\w+)(?::[\w ]*)?\}", text))
    return set(re.findall(r"%\((\w+)\)s", text)) | in_braces


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_text_of_a_template_is_left_unmarked(template: Path) -> None:
    assert _unmarked(template.read_text(encoding="utf-8")) == []


def test_an_unmarked_text_is_found() -> None:
    template = '<p>Hello {{ _("you") }}</p><a title="Go on">{% trans %}Yes{% endtrans %}</a>'
    assert _unmarked(template) == ["Hello", "Go on"]


def _unmarked(template: str) -> list[str]:
    """Words outside of marks: between tags, and in the attributes that are read out."""
    bare = re.sub(r"\{#.*?#\}|\{%-?\s*trans\b.*?endtrans\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}", " ", template, flags=re.DOTALL)
    spoken = re.findall(rf'\b(?:{"|".join(SPOKEN_ATTRIBUTES)})="([^"]*)"', bare)
    between = re.sub(r"<(svg|script|code)\b.*?</\1>|<[^>]*>", "\n", bare, flags=re.DOTALL).splitlines()
    said = [re.sub(r"&\w+;|·", " ", text).strip() for text in (*between, *spoken)]
    return [text for text in said if re.search(r"[A-Za-z]{2}", text) and text not in NAMES]


def test_the_browser_says_which_language_and_the_reader_chooses_another(seeder: Seeder, pages: Pages) -> None:
    seeder.run(busy_plan())
    client = pages()
    japanese = client.get("/", headers={"accept-language": "fr, ja;q=0.9, en;q=0.8"})
    assert '<html lang="ja"' in japanese.text
    assert japanese.headers["content-language"] == "ja"
    assert "1 件の競合が判断を待っています" in japanese.text
    assert '<html lang="en"' in client.get("/", headers={"accept-language": "fr, en, ja;q=0.1"}).text
    assert '<html lang="en"' in client.get("/", headers={"accept-language": "ja;q=0, *;q=nonsense"}).text
    switch = client.get("/runs/1?page=1&language=ja")
    assert (switch.status_code, switch.headers["location"]) == (303, "/runs/1?page=1")
    page = client.get(switch.headers["location"], headers={"accept-language": "en"}).text
    assert '<html lang="ja"' in page
    assert "ユーザー無効化" in page
    assert "ソースから離脱" in page
    assert "left the source" not in page


def test_a_theme_is_kept_in_the_same_way(seeder: Seeder, pages: Pages) -> None:
    client = pages()
    assert 'data-theme="auto"' in client.get("/").text
    client.get("/?theme=dark")
    assert 'data-theme="dark"' in client.get("/").text


@pytest.mark.parametrize("path", ["//evil.example/?language=ja", "/%2Fevil.example/?language=ja"])
def test_a_switch_never_leads_to_another_server(path: str, pages: Pages) -> None:
    answer = httpx.get(f"{pages().base_url}{path}")
    assert answer.headers["location"] == "/evil.example/"


@pytest.mark.parametrize("query", ["language=xx", "language=../en", "theme=<script>", "language="])
def test_a_choice_that_does_not_exist_changes_nothing(query: str, pages: Pages) -> None:
    answer = pages().get(f"/?{query}")
    assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)


def test_what_runs_have_recorded_is_said_in_japanese_and_what_others_said_is_marked(
    seeder: Seeder, pages: Pages
) -> None:
    plan = busy_plan()
    refused = "the target refused it with 400: <b>No</b> such thing (request id a1)"
    first = plan.operations[0]
    seeder.run(plan, [Outcome(operation_id=first.id, status="held", target_id="t-1", detail=refused)])
    client = pages()
    said = {
        "/conflicts": "を複数のユーザーが使っています",
        "/runs/1": '拒否しました: <span lang="en">&lt;b&gt;No&lt;/b&gt; such thing</span>（リクエスト ID a1）',
        "/": "を複数のユーザーが使っています",
    }
    for path, sentence in said.items():
        page = client.get(path, headers={"accept-language": "ja"}).text
        assert sentence in page, path
        assert "is claimed by" not in page, path
        assert "is claimed by" in client.get(path, headers={"accept-language": "en"}).text or path == "/runs/1"
