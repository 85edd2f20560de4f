"""One identity as it is now, and a page of each kind to see that the source answers."""

import pytest

from scim_bridge.errors import CredentialsRefused
from scim_bridge.model.source import Wanted
from scim_bridge.sandbox.entra.fault import EntraFault
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.server import EntraSandbox
from scim_bridge.source.entra.source import EntraSource
from tests.applying import asked
from tests.organization import organization
from tests.source.entra.tenant import (
    TODAY,
    Tenant,
    attribute,
    members,
    patience,
    read,
    settings,
    shown,
    source,
)


@pytest.fixture
def reader(entra: EntraSandbox) -> EntraSource:
    entra.directory.seed(
        {
            "users": [{"id": "ann"}, {"id": "bob", "jobTitle": "Engineer"}, {"id": "cho"}],
            "groups": [{"id": "team", "members": ["ann", "bob"]}, {"id": "club", "members": ["team"]}, {"id": "crew"}],
        }
    )
    return source(entra)


def test_a_user_is_seen_with_attributes_manager_and_groups_of_this_moment(
    entra: EntraSandbox, reader: EntraSource
) -> None:
    before, memory = read(reader)
    entra.directory.put_user("bob", jobTitle="Lead")
    entra.directory.set_manager("bob", "ann")
    entra.directory.remove_member("team", "bob")
    entra.directory.add_member("crew", "bob")
    entra.directory.put_user("ann", jobTitle="Not looked at")
    entra.forget_requests()
    snapshot = asked(reader, memory, before, [("user", "bob")])
    assert entra.counts.graph == 1
    assert attribute(snapshot, "user", "bob", "jobTitle") == "Lead"
    assert attribute(snapshot, "user", "bob", "manager") == "ann"
    assert members(snapshot, "team") == {"ann"}
    assert members(snapshot, "crew") == {"bob"}
    assert "jobTitle" not in next(user for user in snapshot.users if user.id == "ann").attributes


def test_a_group_is_seen_with_its_members_and_where_it_is_nested(entra: EntraSandbox, reader: EntraSource) -> None:
    before, memory = read(reader)
    entra.directory.put_group("team", displayName="Crew")
    entra.directory.add_member("team", "cho")
    entra.directory.remove_member("club", "team")
    snapshot = asked(reader, memory, before, [("group", "team")])
    assert attribute(snapshot, "group", "team", "displayName") == "Crew"
    assert members(snapshot, "team") == {"ann", "bob", "cho"}
    assert members(snapshot, "club") == set()


def test_who_is_gone_is_gone_from_the_groups_too(entra: EntraSandbox, reader: EntraSource) -> None:
    before, memory = read(reader)
    entra.directory.delete_user("bob")
    entra.directory.delete_group("team")
    assert shown(asked(reader, memory, before, [("user", "bob"), ("group", "team")])) == shown(read(source(entra))[0])


def test_who_bears_a_name_as_id_is_not_the_user_who_bears_it_as_name(entra: EntraSandbox, reader: EntraSource) -> None:
    entra.directory.put_user("bob", userPrincipalName="bob@corp.example")
    before, memory = read(reader)
    assert shown(asked(reader, memory, before, [("user", "bob@corp.example")])) == shown(before)


def test_many_are_looked_at_in_a_few_requests(entra: EntraSandbox) -> None:
    Tenant(entra).become(organization(40, 4))
    reader = source(entra)
    before, memory = read(reader)
    entra.forget_requests()
    asked(reader, memory, before, [("user", f"p{number}") for number in range(1, 31)])
    assert entra.counts.graph == 3


def test_somebody_is_looked_at_by_another_id_than_the_object_id(entra: EntraSandbox) -> None:
    entra.directory.put_user("object-1", employeeId="0042", jobTitle="Engineer")
    users = Wanted("employeeId", frozenset({"employeeId", "jobTitle"}))
    reader = EntraSource(settings(entra), users, Wanted("id", frozenset({"id"})), patience())
    before, memory = read(reader)
    entra.directory.put_user("object-1", jobTitle="Lead")
    snapshot = asked(reader, memory, before, [("user", "0042")])
    assert attribute(snapshot, "user", "0042", "jobTitle") == "Lead"


def test_an_application_that_may_not_ask_for_somebodys_groups_keeps_what_is_remembered(
    entra: EntraSandbox, reader: EntraSource
) -> None:
    before, memory = read(reader)
    entra.fail(EntraFault("forbidden", "users/bob/memberOf"))
    snapshot = asked(reader, memory, before, [("user", "bob")])
    assert members(snapshot, "team") == {"ann", "bob"}


def test_without_delta_queries_somebody_can_be_looked_at_too(entra: EntraSandbox, reader: EntraSource) -> None:
    reader = source(entra, reads_changes=False)
    before, memory = read(reader)
    entra.directory.put_user("bob", jobTitle="Lead")
    assert attribute(asked(reader, memory, before, [("user", "bob")]), "user", "bob", "jobTitle") == "Lead"


def test_without_delta_queries_what_is_remembered_moves_on_by_differences(entra: EntraSandbox) -> None:
    Tenant(entra).become(organization(20, 4))
    reader = source(entra, reads_changes=False)
    _, memory = read(reader)
    entra.directory.delete_user("p3")
    reading = reader.read(TODAY, memory)
    assert reading.learned is not None
    assert not reading.learned.is_whole
    assert reading.learned.entries["user p3"] is None
    assert {key for key in reading.learned.entries if key.startswith("user")} == {"user p3"}


def test_a_probe_reads_a_page_of_each_kind_and_no_members(entra: EntraSandbox) -> None:
    Tenant(entra).become(organization(30, 5))
    entra.forget_requests()
    snapshot = source(entra, page_size=10).probe(TODAY)
    assert (len(snapshot.users), len(snapshot.groups), snapshot.members) == (10, 5, {})
    assert entra.counts.graph == 2


def test_a_probe_names_every_missing_permission_and_the_consent_it_needs(entra: EntraSandbox) -> None:
    entra.knobs = EntraKnobs(roles=("Mail.Read",))
    with pytest.raises(CredentialsRefused) as refused:
        source(entra).probe(TODAY)
    assert "is not allowed to read users and to read groups and their members" in str(refused.value)
    assert "it lacks User.Read.All and GroupMember.Read.All" in str(refused.value)
    assert "let an administrator grant consent" in str(refused.value)


def test_a_greater_permission_does_as_well(entra: EntraSandbox) -> None:
    entra.knobs = EntraKnobs(roles=("Directory.Read.All",))
    assert source(entra).probe(TODAY).users == ()
