"""The operations of a run on its page: searched, filtered, and taken away, at any size and with any content."""

import csv
import io
import time

import httpx
import pytest

from tests.builders import directory, group, planned, target, user
from tests.service.conftest import Pages
from tests.service.seed import Seeder, busy_plan
from tests.service.test_pages import seen

pytestmark = pytest.mark.state_file

LARGE = "x" * 1_000_000
HOSTILE = ("<script>alert(1)</script>", "\u202egnp.exe", "a\x00b\x1b[2Jc\r\n", "=1+1", "{{ 7*7 }}", "' OR 1=1 --")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=new.3", ["new.3@corp.example", "開発者グループ"]),
        ("q=NEW.3&kind=create_user", ["new.3@corp.example"]),
        ("q=開発者", ["開発者グループ", "開発者グループ"]),
        ("kind=deactivate_user", ["y.takahashi@corp.example"]),
        ("outcome=held", []),
        ("q=%25", []),
        ("kind=nonsense", []),
    ],
)
def test_they_are_found_by_person_group_kind_and_outcome(
    query: str, shown: list[str], seeder: Seeder, pages: Pages
) -> None:
    seeder.run(busy_plan())
    page = pages(role="viewer").get(f"/runs/1?{query}").text
    rows = [part.split("</bdi>")[0] for part in page.split('role="rowheader"><bdi>')[1:]]
    assert rows == shown


def test_the_downloads_hold_what_is_found_and_no_formula(seeder: Seeder, pages: Pages) -> None:
    seeder.run(planned(directory(user("x", title="=HYPERLINK(0)"), user("y", title="-2")), target()))
    client = pages(role="viewer")
    answer = client.get("/runs/1/operations.csv?q=x@corp")
    assert 'filename="run-1-operations.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["subject"] for row in rows} == {"x@corp.example"}
    assert [row["new"] for row in rows if row["attribute"] == "title"] == ["'=HYPERLINK(0)"]
    everything = client.get("/runs/1/operations.csv").text
    assert [row["new"] for row in csv.DictReader(io.StringIO(everything)) if row["attribute"] == "title"][1] == "'-2"
    assert len(client.get("/runs/1/operations.json").json()) == 2
    assert client.get("/runs/1/operations.json?kind=delete_user").json() == []


def test_whatever_a_directory_holds_is_harmless_on_every_page(seeder: Seeder, pages: Pages) -> None:
    people = [user(f"h{n}", displayName=text, nickName=text) for n, text in enumerate(HOSTILE)]
    huge = user("huge", nickName=LARGE)
    seeder.run(
        planned(directory(*people, huge, *(group(f"g{n}", displayName=t) for n, t in enumerate(HOSTILE))), target())
    )
    client = pages()
    for path in ("/", "/runs", "/runs/1", "/conflicts", "/connections/corp", "/audit"):
        page = client.get(path)
        assert page.status_code == 200
        assert len(page.content) < 600_000
        assert "<script>alert" not in page.text
        assert not {"\u202e", "\x00", "\x1b"} & set(page.text)
    assert "{{ 7*7 }}" in seen(client.get("/runs/1").text)


def put_operations(seeder: Seeder, count: int) -> None:
    """One run with so many operations, put into the state at once."""
    import sqlite3

    seeder.run(busy_plan())
    with sqlite3.connect(seeder.path) as database:
        sample = database.execute("SELECT * FROM operations WHERE kind = 'create_user' LIMIT 1")
        names = [column[0] for column in sample.description]
        row = dict(zip(names, sample.fetchone(), strict=True))
        document, old = str(row["document"]), str(row["subject"])
        places = ",".join("?" * len(names))
        for n in range(count):
            name = f"user{n:06}@corp.example"
            new = row | {"operation_id": f"p-{n:07}", "subject": name, "document": document.replace(old, name)}
            database.execute(f"INSERT INTO operations VALUES ({places})", tuple(new.values()))
    database.close()


def _seconds(client: httpx.Client, path: str) -> float:
    begun = time.perf_counter()
    assert client.get(path).status_code == 200
    return time.perf_counter() - begun


@pytest.mark.parametrize("count", [3_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_long_run_is_looked_through_page_by_page(count: int, seeder: Seeder, pages: Pages) -> None:
    put_operations(seeder, count)
    client = pages(role="viewer")
    page = client.get("/runs/1?kind=create_user").text
    assert f"100 of {count + 14:,} operations" in seen(page)
    link = page.split('rel="next"')[0].rpartition('href="')[2].split('"')[0].replace("&amp;", "&")
    assert client.get(f"/runs/1{link}").text != page
    assert "1 of" in seen(client.get(f"/runs/1?q=user{count - 1:06}").text)
    assert client.get("/runs/1/operations.csv?kind=create_user").text.count("\r\n") > count
    for path in ("/runs/1", f"/runs/1?q=user{count // 2:06}", "/", "/connections/corp"):
        assert _seconds(client, path) < 5, path
