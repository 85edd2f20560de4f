"""The identity store and the instance as moto shows them: fewer calls, no revisions, and the rest is there."""

from collections.abc import Iterator

import pytest

from scim_bridge.access.aws import Aws as Asked
from scim_bridge.access.switch.store_reading import read_store, shows_memberships
from scim_bridge.access.switch.surroundings import read_surroundings
from scim_bridge.model.protocol import silent
from tests.aws import REGION, Aws, environment_of, served


@pytest.fixture
def aws() -> Iterator[Aws]:
    with served() as server, environment_of(server):
        yield server


def test_what_moto_has_is_read_and_what_it_lacks_is_said(aws: Aws) -> None:
    aws.account("one")
    asked = Asked(REGION, 10_000, wait=lambda _: None)
    around = read_surroundings(asked)
    store = aws.client("identitystore")
    about = {"DisplayName": "A", "Name": {"GivenName": "A", "FamilyName": "B"}}
    emails = [{"Value": "a@corp.example", "Type": "work", "Primary": True}]
    made = store.create_user(IdentityStoreId=around.store, UserName="a", Emails=emails, **about)["UserId"]
    group = store.create_group(IdentityStoreId=around.store, DisplayName="dev")["GroupId"]
    found = read_store(asked, around.store, silent)
    [user] = found["user"]
    assert (user.id, user.name, user.emails, user.revision) == (made, "a", ("a@corp.example",), "")
    assert user.is_active
    assert [one.id for one in found["group"]] == [group]
    assert shows_memberships(asked, around.store, found["group"])
    assert around.regions == around.issuers == ()
    assert [said.partition(" are not known")[0] for said in around.unread] == [
        "Additional Regions",
        "Applications",
        "Encryption and network of the instance",
        "Token issuers",
    ]
    asked.close()
