"""What the code cites of docs/design.md and docs/identity-center.md is there; the situations are those of the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scim_bridge.plan.match.situation import TABLE, Row

ROOT = Path(__file__).parents[2]
PAGES = ("docs/design.md", "docs/identity-center.md")
TEXTS = [
    *(path for room in ("scim_bridge", "tests", "bench", "docs") for path in sorted((ROOT / room).rglob("*.py"))),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
]
_HEADING = re.compile(r"^##+ (\d+(?:\.\d+)?)\.? ", re.MULTILINE)
_SECTIONS = r"§\d+(?:\.\d+)*(?:(?:, | and )§\d+(?:\.\d+)*)*"
_CITED = re.compile(rf"`?(docs/(?:design|identity-center)\.md)`? ({_SECTIONS})")
_RFC = re.compile(rf"RFC \d+ ({_SECTIONS})")
_OLD_FORM = re.compile(r"(?<!/)\bdesign\.md §|\b[Rr]eference, (?:section )?\d|\breference \d|dialect reference")


def _flat(path: Path) -> str:
    """A file as one line, without the signs that begin a comment, so that a citation may run over two lines."""
    return re.sub(r"\s+(?:# )?", " ", path.read_text(encoding="utf-8"))


def _cited() -> Iterator[tuple[str, str, str]]:
    """(file, page, section) for each citation."""
    for path in TEXTS:
        for page, sections in _CITED.findall(_flat(path)):
            yield from ((str(path.relative_to(ROOT)), page, number) for number in re.findall(r"[\d.]*\d", sections))


@pytest.mark.parametrize("page", PAGES)
def test_every_section_that_is_cited_exists(page: str) -> None:
    headings = set(_HEADING.findall((ROOT / page).read_text(encoding="utf-8")))
    cited = [(file, number) for file, of, number in _cited() if of == page]
    assert len(cited) > 5
    assert [(file, number) for file, number in cited if number not in headings] == []


def test_a_section_is_cited_with_its_page() -> None:
    """A bare `§6.4` or "the reference" leaves a reader to guess where; inside a page its own sections may be bare."""
    for path in TEXTS:
        if path == Path(__file__) or (path.suffix == ".md" and str(path.relative_to(ROOT)) in PAGES):
            continue
        text = _RFC.sub("", _CITED.sub("", _flat(path)))
        assert "§" not in text, path
        assert not _OLD_FORM.search(text), path


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_its_own_sections(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    bare = re.findall(r"§([\d.]*\d)", _RFC.sub("", _CITED.sub("", _flat(ROOT / page))))
    assert set(bare) <= set(_HEADING.findall(text))


def _cells(row: Row) -> tuple[str, ...]:
    record = "/".join(row.record) or "any"
    link = "/".join(row.link) or "any"
    target = "protected" if row.only_protected else "/".join(row.target) or "any"
    return record, link, target, row.situation, row.action


def test_the_table_of_situations_is_that_of_the_code_row_by_row() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = page.split("| Record | Link | Target | Situation | Action |\n")[1].split("\n\n")[0]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()[1:]]
    assert rows == [_cells(row) for row in TABLE]


def test_every_file_that_the_pages_name_exists() -> None:
    for name in ("docs/design.md", "CONTRIBUTING.md"):
        named = re.findall(r"`([a-z_]+/(?:[a-z_/]+/)?(?:[a-z_]+\.py)?)`", (ROOT / name).read_text(encoding="utf-8"))
        assert [each for each in named if not ((ROOT / each).exists() or (ROOT / "scim_bridge" / each).exists())] == []
