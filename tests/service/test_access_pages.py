"""Access on the pages: from either end, downloads, readings compared, and what to add where nothing was read."""

from dataclasses import replace
from datetime import timedelta

from scim_bridge.access.graph import access_rows
from scim_bridge.state.access_memory import keep_reading
from tests.service.conftest import Pages
from tests.service.seed import Seeder, quiet_plan
from tests.service.test_pages import seen
from tests.state.test_access_lookup import made


def test_access_is_shown_from_either_end_and_downloaded_with_the_same_filters(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    reading = made(3)
    enters = access_rows(reading)[0].user_id
    formula = replace(reading.people.users[enters], name="=cmd|' /C calc'!A0", is_active=True)
    reading = replace(reading, people=replace(reading.people, users={**reading.people.users, enters: formula}))
    keep_reading(seeder.path, "corp", reading)
    client = pages()
    said = seen(client.get("/access").text)
    assert "assignments" in said
    assert "Group" in said
    admins = client.get("/access/rows.json", params={"permission_set": "Admin"}).json()
    assert {row["permission_set"] for row in admins["rows"]} == {"Admin"}
    whole = client.get("/access/rows.csv")
    assert whole.headers["content-disposition"] == 'attachment; filename="access.csv"'
    assert "\n=cmd" not in whole.text
    assert "no one can enter" in seen(client.get("/access", params={"account": "nowhere"}).text).lower()
    assert client.get("/access?after=x.y").status_code == 200


def test_two_readings_are_compared_and_one_alone_says_so(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    client = pages()
    assert "nothing to compare" in seen(client.get("/access/difference").text)
    keep_reading(seeder.path, "corp", made(2))
    later = replace(made(4), as_of=made(2).as_of + timedelta(days=1))
    keep_reading(seeder.path, "corp", later)
    said = seen(client.get("/access/difference").text)
    assert "Lost (" in said or "Gained (" in said
    assert client.get("/access/difference?since=1&until=99").status_code == 200


def test_where_no_access_is_configured_the_page_says_what_to_add(seeder: Seeder, pages: Pages) -> None:
    seeder.run(quiet_plan())
    said = seen(pages().get("/access").text)
    assert "access: {region: ap-northeast-1}" in said
    assert "scim-bridge access policy" in said
    assert pages().get("/access/rows.csv").status_code == 404
