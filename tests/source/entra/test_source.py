"""What a whole reading of a tenant shows."""

import pytest

from scim_bridge.config.source import EntraScope
from scim_bridge.model.source import Wanted
from scim_bridge.sandbox.entra.server import EntraSandbox
from scim_bridge.source.entra.source import EntraSource
from tests.organization import organization
from tests.source.entra.tenant import TODAY, Tenant, attribute, members, patience, read, settings, shown, source

BOTH_WAYS = pytest.mark.parametrize("reads_changes", [True, False], ids=["by delta query", "by listing"])


@BOTH_WAYS
def test_users_groups_and_direct_members_are_shown_with_what_the_mapping_uses(
    entra: EntraSandbox, reads_changes: bool
) -> None:
    entra.directory.put_user("u1", userPrincipalName="h.sato@corp.example", givenName="陽菜", department="開発部")
    entra.directory.put_user("u2")
    entra.directory.put_group("inner", displayName="内")
    entra.directory.put_group("outer", displayName="外")
    entra.directory.add_member("inner", "u1")
    entra.directory.add_member("outer", "inner")
    entra.directory.add_member("outer", "u2")
    snapshot, _ = read(source(entra, {"givenName", "department"}, {"displayName"}, reads_changes=reads_changes))
    users, groups, inside, notices = shown(snapshot)
    assert users["u1"].attributes == {"id": "u1", "givenName": "陽菜", "department": "開発部"}
    assert users["u2"].attributes == {"id": "u2"}
    assert groups["outer"].attributes == {"id": "outer", "displayName": "外"}
    assert inside == {"inner": ({"u1"}, set()), "outer": ({"u2"}, {"inner"})}
    assert notices == set()


@BOTH_WAYS
def test_an_organization_of_several_pages_is_read_whole(entra: EntraSandbox, reads_changes: bool) -> None:
    there = organization(450, 25)
    Tenant(entra).become(there)
    snapshot, _ = read(source(entra, page_size=100, reads_changes=reads_changes))
    users, groups, inside, _ = shown(snapshot)
    assert users.keys() == there.people.keys()
    assert groups.keys() == there.teams.keys()
    assert inside == {team.key: (team.users, team.teams) for team in there.teams.values() if team.users or team.teams}
    assert {key: user.attributes.get("manager", "") for key, user in users.items()} == {
        key: person.manager for key, person in there.people.items()
    }


def test_nothing_is_asked_for_that_the_mapping_does_not_use(entra: EntraSandbox) -> None:
    rules = Wanted("id", frozenset({"id", "mail", "onPremisesExtensionAttributes"}))
    EntraSource(settings(entra), rules, Wanted("id", frozenset({"id"})), patience()).read(TODAY)
    asked = {logged.path: logged.query for logged in entra.requests if "delta" in logged.path}
    assert asked["users/delta"] == "$select=id,mail,onPremisesExtensionAttributes"
    assert asked["groups/delta"] == "$select=id,visibility,members"


def test_a_rule_that_goes_through_all_attributes_gets_the_usual_ones(entra: EntraSandbox) -> None:
    entra.directory.put_user("u1", otherMails=["a@b.example"], employeeId="0042")
    everything = Wanted("id", frozenset({"id"}), is_all=True)
    snapshot = EntraSource(settings(entra), everything, everything, patience()).read(TODAY).snapshot
    attributes = snapshot.users[0].attributes
    assert attributes["otherMails"] == ["a@b.example"]
    assert attributes["employeeId"] == "0042"
    assert attributes["accountEnabled"] is True


@BOTH_WAYS
def test_a_manager_is_the_source_id_of_another_user(entra: EntraSandbox, reads_changes: bool) -> None:
    entra.directory.put_user("boss", employeeId="7")
    entra.directory.put_user("u1", employeeId="8")
    entra.directory.set_manager("u1", "boss")
    users = Wanted("employeeId", frozenset({"employeeId", "manager"}))
    chosen = settings(entra, reads_changes=reads_changes)
    snapshot = EntraSource(chosen, users, Wanted("id", frozenset({"id"})), patience()).read(TODAY).snapshot
    assert attribute(snapshot, "user", "8", "manager") == "7"
    assert next(user for user in snapshot.users if user.id == "8").raw == {"manager": "the relationship to user boss"}


@BOTH_WAYS
def test_extensions_of_both_sorts_and_the_on_premises_ones_are_read(entra: EntraSandbox, reads_changes: bool) -> None:
    name = "extension_0a1b2c3d4e5f60718293a4b5c6d7e8f9_costCode"
    entra.directory.put_user(
        "u1",
        **{name: "C-7", "extb1c2d3e4_hr": {"grade": 3}, "onPremisesExtensionAttributes": {"extensionAttribute1": "x"}},
    )
    entra.directory.put_user("u2")
    reader = source(
        entra, {name, "extb1c2d3e4_hr", "onPremisesExtensionAttributes", "employeeOrgData"}, reads_changes=reads_changes
    )
    snapshot, _ = read(reader)
    assert reader.attributes("user")[name] == "dyn"
    assert attribute(snapshot, "user", "u1", name) == "C-7"
    assert attribute(snapshot, "user", "u1", "extb1c2d3e4_hr") == {"grade": 3}
    assert attribute(snapshot, "user", "u2", "employeeOrgData") == {"costCenter": "", "division": ""}
    all_of_them = attribute(snapshot, "user", "u1", "onPremisesExtensionAttributes")
    assert isinstance(all_of_them, dict)
    assert (all_of_them["extensionAttribute1"], all_of_them["extensionAttribute15"]) == ("x", "")


def test_guests_are_users_with_a_type_and_a_state(entra: EntraSandbox) -> None:
    entra.directory.put_user(
        "g1",
        userPrincipalName="a_home.example#EXT#@corp.onmicrosoft.example",
        userType="Guest",
        externalUserState="PendingAcceptance",
    )
    snapshot, _ = read(source(entra, {"userType", "externalUserState", "mail", "userPrincipalName"}))
    assert attribute(snapshot, "user", "g1", "userType") == "Guest"
    assert "mail" not in snapshot.users[0].attributes


@BOTH_WAYS
def test_members_that_are_neither_users_nor_groups_are_left_out_and_counted(
    entra: EntraSandbox, reads_changes: bool
) -> None:
    entra.directory.put_group("g1", displayName="Everything")
    entra.directory.put_user("u1")
    entra.directory.put_device("d1")
    entra.directory.put_contact("c1")
    principal = entra.directory.put_service_principal("app-1")
    for member in ("u1", "d1", "c1", principal):
        entra.directory.add_member("g1", member)
    snapshot, _ = read(source(entra, reads_changes=reads_changes))
    assert members(snapshot, "g1") == {"u1"}
    (notice,) = snapshot.warnings
    assert notice.kind == "member_left_out"
    assert "group Everything: 3 members that are neither users nor groups" in notice.detail


def test_an_accounts_flag_is_a_truth_and_lists_are_lists(entra: EntraSandbox) -> None:
    entra.directory.put_user("u1", accountEnabled=False, businessPhones=["+81 3 0000 0000"], otherMails=[])
    reader = source(entra, {"accountEnabled", "businessPhones", "otherMails"})
    snapshot, _ = read(reader)
    assert attribute(snapshot, "user", "u1", "accountEnabled") is False
    assert attribute(snapshot, "user", "u1", "businessPhones") == ["+81 3 0000 0000"]
    assert "otherMails" not in snapshot.users[0].attributes
    types = reader.attributes("user")
    assert (types["accountEnabled"], types["businessPhones"], types["manager"]) == ("dyn", "strings", "string")


def test_what_is_remembered_is_told_apart_by_tenant_scope_and_selection(entra: EntraSandbox) -> None:
    keys = {
        source(entra).key,
        source(entra, {"mail"}).key,
        source(entra, tenant="another").key,
        source(entra, scope=EntraScope(groups=("g1",))).key,
        source(entra, reads_changes=False).key,
    }
    assert len(keys) == 5
    assert source(entra).key == source(entra, page_size=3).key


def test_two_ways_of_reading_show_the_same(entra: EntraSandbox) -> None:
    Tenant(entra).become(organization(60, 12))
    assert shown(read(source(entra))[0]) == shown(read(source(entra, reads_changes=False))[0])
