"""One user is read for a handful of requests, and has what the whole reading shows for that user."""

from typing import Any

import pytest

from scim_bridge.access.aws import Aws
from scim_bridge.access.graph import access_rows, application_rows
from scim_bridge.access.user_reading import read_user
from scim_bridge.model.access import AccessReading
from scim_bridge.model.protocol import silent
from scim_bridge.sandbox.knobs import Knobs
from scim_bridge.sandbox.server import Sandbox
from tests.access.conftest import NOW, Reader
from tests.access.test_reading import CLOUD, PEOPLE
from tests.aws import REGION

MORE = {
    "applications": [{"name": "Wiki", "groups": ["dev"]}, {"name": "Open", "is_assignment_required": False}],
    "roles": [{"group": "dev", "account": "two", "role": "arn:aws:iam::222222222222:role/Operator"}],
}


def _one(name: str) -> AccessReading | None:
    aws = Aws(REGION, 10_000)
    try:
        return read_user(aws, name, NOW, silent)
    finally:
        aws.close()


@pytest.mark.parametrize("knob", ["all", "direct"])
@pytest.mark.parametrize("name", ["ann", "BEN", "cleo"])
def test_a_user_has_what_the_whole_shows(sandbox: Sandbox, read: Reader, name: str, knob: Any) -> None:
    sandbox.seed(PEOPLE | CLOUD | MORE)
    sandbox.app.knobs = Knobs(rate=None, aws_rate=None, user_assignments=knob, empty_pages=True)
    whole, one = read(), _one(f"{name}@corp.example")
    assert one is not None
    [user_id] = one.people.users
    assert access_rows(one) == [row for row in access_rows(whole) if row.user_id == user_id]
    mine = [row for row in application_rows(whole) if row.user_id in (None, user_id)]
    assert application_rows(one) == mine
    again = _one(user_id)
    assert again is not None
    assert again.edges == one.edges


def test_a_user_costs_a_handful_of_requests_whatever_there_is(sandbox: Sandbox, read: Reader) -> None:
    sandbox.seed(PEOPLE | CLOUD)
    many = {"accounts": {f"{n:012d}": f"n{n}" for n in range(15)}}
    every = [
        {"group": "idle", "accounts": list(many["accounts"]), "permission_set": name} for name in ("Admin", "Power")
    ]
    sandbox.seed(many | {"assignments": every})
    one = _one("ben@corp.example")
    assert one is not None
    assert one.requests == 17
    assert read().requests > 50


def test_a_user_who_is_not_there_is_not_found(sandbox: Sandbox) -> None:
    sandbox.seed(PEOPLE)
    assert _one("nope@corp.example") is None
    assert _one("00000000-0000-4000-8000-000000000000") is None
