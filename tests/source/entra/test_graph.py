"""What goes wrong on the way: nothing partial is believed, one sentence says what happened and what to do."""

import pytest

from scim_bridge.errors import CredentialsRefused, SourceUnreadable
from scim_bridge.sandbox.entra.fault import EntraFault
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.server import EntraSandbox
from scim_bridge.source.entra.source import EntraSource
from scim_bridge.source.patience import Patience
from tests.fakes import FakeClock
from tests.organization import organization
from tests.source.entra.tenant import GROUPS, TODAY, USERS, Tenant, read, settings, shown, source


@pytest.fixture
def tenant(entra: EntraSandbox) -> EntraSandbox:
    Tenant(entra).become(organization(20, 6))
    entra.knobs = EntraKnobs(delta_page=5, page_cap=5)
    return entra


def refused(reader: EntraSource) -> str:
    """The sentence with which the source cannot be read."""
    with pytest.raises(SourceUnreadable) as error:
        reader.read(TODAY)
    return str(error.value)


def test_throttling_is_waited_out_for_as_long_as_graph_asks(tenant: EntraSandbox) -> None:
    tenant.fail(EntraFault("throttle", "users", retry_after=17, left=2))
    clock = FakeClock()
    reader = EntraSource(settings(tenant), USERS, GROUPS, Patience(clock=clock, wait=clock.wait))
    assert len(reader.read(TODAY).snapshot.users) == 20
    assert clock.waited == [17, 17]


def test_throttling_that_names_no_time_is_waited_out_with_growing_pauses(tenant: EntraSandbox) -> None:
    tenant.fail(EntraFault("throttle", "users", left=5))
    clock = FakeClock()
    reader = EntraSource(settings(tenant), USERS, GROUPS, Patience(clock=clock, wait=clock.wait))
    assert len(reader.read(TODAY).snapshot.users) == 20
    assert len(clock.waited) == 5
    assert all(pause <= 0.5 * 2**number for number, pause in enumerate(clock.waited))


def test_a_throttle_longer_than_our_patience_ends_the_reading_at_once(tenant: EntraSandbox) -> None:
    tenant.fail(EntraFault("throttle", "users", retry_after=3_600))
    assert "Graph throttles this application" in refused(source(tenant))
    assert "asks to wait 3600 s" in refused(source(tenant))


def test_a_throttle_without_end_ends_the_reading(tenant: EntraSandbox) -> None:
    tenant.fail(EntraFault("throttle", "users", retry_after=30))
    assert "were spent on it" in refused(source(tenant))


@pytest.mark.parametrize("fault", [
    EntraFault("error", "users/delta", status=503, skip=1, left=2),
    EntraFault("error", "users/delta", status=504, skip=1, left=2, retry_after=3),
    EntraFault("empty", "users/delta", status=502, skip=1, left=2),
    EntraFault("html", "users/delta", skip=1, left=2),
    EntraFault("garbage", "users/delta", skip=1, left=2),
    EntraFault("cut", "users/delta", skip=1, left=2),
    EntraFault("truncated", "users/delta", skip=1, left=2),
], ids=lambda fault: fault.kind)  # fmt: skip
def test_what_fails_in_passing_is_asked_again(tenant: EntraSandbox, fault: EntraFault) -> None:
    whole = shown(read(source(tenant))[0])
    tenant.fail(fault)
    assert shown(read(source(tenant))[0]) == whole


@pytest.mark.parametrize("kind, said", [
    ("error", "Graph fails (503"),
    ("empty", "Graph fails (503"),
    ("html", "Graph fails (503"),
    ("garbage", "answers with what is not JSON"),
    ("cut", "was lost before the whole answer"),
    ("truncated", "was lost before the whole answer"),
])  # fmt: skip
def test_an_outage_in_the_middle_of_a_listing_refuses_the_whole_reading(
    tenant: EntraSandbox, kind: str, said: str
) -> None:
    tenant.fail(EntraFault(kind, "users/delta", skip=2))  # type: ignore[arg-type]  # one of the emulator's words
    assert said in refused(source(tenant))


def test_an_outage_leaves_the_memory_usable_and_the_next_run_catches_up(tenant: EntraSandbox) -> None:
    reader = source(tenant)
    _, memory = read(reader)
    tenant.directory.delete_user("p3")
    tenant.fail(EntraFault("error", "users/delta"))
    with pytest.raises(SourceUnreadable):
        reader.read(TODAY, memory)
    tenant.fail()
    by_changes, _ = read(reader, memory)
    assert shown(by_changes) == shown(read(source(tenant))[0])


def test_an_error_carries_the_request_id_that_microsofts_support_asks_for(tenant: EntraSandbox) -> None:
    tenant.fail(EntraFault("error", "users/delta"))
    assert "request id " in refused(source(tenant))


def test_each_request_has_an_id_of_its_own_and_says_who_asks(tenant: EntraSandbox) -> None:
    tenant.forget_requests()
    read(source(tenant))
    asked = [logged for logged in tenant.requests if logged.where == "graph"]
    ids = {logged.headers["client-request-id"] for logged in asked}
    assert len(ids) == len(asked)
    assert {logged.headers["user-agent"] for logged in asked} == {"scim-bridge"}


def test_a_next_link_to_another_host_is_never_followed(tenant: EntraSandbox) -> None:
    with EntraSandbox() as elsewhere:
        tenant.fail(EntraFault("foreign_link", "users/delta", host=elsewhere.graph))
        said = refused(source(tenant))
        assert f"points to {elsewhere.graph.removeprefix('https://')}" in said
        assert "nothing was sent there" in said
        assert elsewhere.counts.total == 0


def test_a_redirect_to_another_host_is_never_followed(tenant: EntraSandbox) -> None:
    with EntraSandbox() as elsewhere:
        tenant.fail(EntraFault("redirect", "users/delta", host=elsewhere.graph))
        assert "Graph sends us on to 127.0.0.1" in refused(source(tenant))
        assert elsewhere.counts.total == 0


@pytest.mark.parametrize("path, permission", [("users", "User.Read.All"), ("groups", "GroupMember.Read.All")])
@pytest.mark.parametrize("reads_changes", [True, False], ids=["by delta query", "by listing"])
def test_a_permission_that_was_revoked_is_named_with_the_consent_it_needs(
    tenant: EntraSandbox, path: str, permission: str, reads_changes: bool
) -> None:
    tenant.knobs = EntraKnobs(roles=tuple({"User.Read.All", "GroupMember.Read.All"} - {permission}))
    with pytest.raises(CredentialsRefused) as error:
        read(source(tenant, reads_changes=reads_changes))
    assert f"it lacks {permission}" in str(error.value)
    assert f"Add {permission} (application permission of Microsoft Graph)" in str(error.value)


@pytest.mark.parametrize("reads_changes", [True, False], ids=["by delta query", "by listing"])
def test_a_property_that_the_tenant_no_longer_has_is_named_as_the_mappings(
    tenant: EntraSandbox, reads_changes: bool
) -> None:
    tenant.knobs = EntraKnobs(without=frozenset({"department"}))
    said = refused(source(tenant, reads_changes=reads_changes))
    assert "Graph cannot give the property 'department' of users, which the mapping uses" in said


def test_an_extension_that_was_never_registered_is_named_as_the_mappings(tenant: EntraSandbox) -> None:
    name = "extension_0a1b2c3d4e5f60718293a4b5c6d7e8f9_costCode"
    assert f"cannot give the property '{name}' of users" in refused(source(tenant, {name}))


def test_a_property_that_is_kept_outside_the_directory_is_named_as_the_mappings(tenant: EntraSandbox) -> None:
    assert "cannot give the property 'skills' of users" in refused(source(tenant, {"skills"}, reads_changes=False))


@pytest.mark.parametrize("endless, said", [("same", "leads in a circle"), ("new", "does not end")])
def test_a_round_of_changes_that_never_ends_is_stopped(tenant: EntraSandbox, endless: str, said: str) -> None:
    tenant.knobs = EntraKnobs(endless=endless)  # type: ignore[arg-type]  # one of the emulator's words
    assert said in refused(source(tenant))


def test_hidden_members_that_we_may_not_see_are_no_empty_group(tenant: EntraSandbox) -> None:
    tenant.directory.put_group("secret", displayName="Students", visibility="HiddenMembership")
    tenant.directory.add_member("secret", "p1")
    with pytest.raises(CredentialsRefused, match=r"Students would seem to be empty.*lacks Member\.Read\.Hidden"):
        read(source(tenant, reads_changes=False))
    tenant.knobs = EntraKnobs(roles=("User.Read.All", "GroupMember.Read.All", "Member.Read.Hidden"))
    assert read(source(tenant, reads_changes=False))[0].members["secret"] == (("p1",), ())


def test_a_group_of_hidden_members_that_shows_none_is_not_believed_in_a_delta_query_either(
    tenant: EntraSandbox,
) -> None:
    tenant.directory.put_group("secret", displayName="Students", visibility="HiddenMembership")
    with pytest.raises(CredentialsRefused, match=r"lacks Member\.Read\.Hidden"):
        read(source(tenant))
    tenant.knobs = EntraKnobs(roles=("User.Read.All", "GroupMember.Read.All", "Member.Read.Hidden"))
    assert "secret" not in read(source(tenant))[0].members
