"""Whom the scope takes in: everyone, chosen groups with anyone who is in them, or what an application is assigned."""

from random import Random

import pytest

from scim_bridge.config.source import EntraScope
from scim_bridge.errors import CredentialsRefused, SourceUnreadable
from scim_bridge.sandbox.entra.knobs import EntraKnobs
from scim_bridge.sandbox.entra.server import EntraSandbox
from tests.applying import Applying, Shown
from tests.organization import organization
from tests.source.entra.tenant import TODAY, Tenant, members, read, shown, source

APPLICATION = "6f1c0f5e-8d4b-4a37-9a0b-1f2e3d4c5b6a"
BOTH_WAYS = pytest.mark.parametrize("reads_changes", [True, False], ids=["by delta query", "by listing"])


@pytest.fixture
def nested(entra: EntraSandbox) -> EntraSandbox:
    """top contains middle, middle and low contain each other; someone is in each, in other, and in no group."""
    for who in ("in-top", "in-middle", "in-low", "in-other", "alone"):
        entra.directory.put_user(who)
    for group in ("top", "middle", "low", "other"):
        entra.directory.put_group(group)
        entra.directory.add_member(group, f"in-{group}")
    entra.directory.add_member("top", "middle")
    entra.directory.add_member("middle", "low")
    entra.directory.add_member("low", "middle")
    return entra


@BOTH_WAYS
def test_chosen_groups_take_in_the_groups_within_them_and_everybody_inside(
    nested: EntraSandbox, reads_changes: bool
) -> None:
    reader = source(nested, scope=EntraScope(groups=("middle",)), reads_changes=reads_changes)
    users, groups, inside, notices = shown(read(reader)[0])
    assert users.keys() == {"in-middle", "in-low"}
    assert groups.keys() == {"middle", "low"}
    assert inside == {"middle": ({"in-middle"}, {"low"}), "low": ({"in-low"}, {"middle"})}
    assert notices == set()


def test_members_are_only_asked_for_where_the_scope_leads(nested: EntraSandbox) -> None:
    nested.forget_requests()
    read(source(nested, scope=EntraScope(groups=("low",)), reads_changes=False))
    assert nested.counts.graph == 4  # users, groups, the members of low, those of middle


@BOTH_WAYS
def test_who_leaves_a_chosen_group_is_out_of_scope_with_the_next_reading(
    nested: EntraSandbox, reads_changes: bool
) -> None:
    reader = source(nested, scope=EntraScope(groups=("top",)), reads_changes=reads_changes)
    before, memory = read(reader)
    assert {user.id for user in before.users} == {"in-top", "in-middle", "in-low"}
    nested.directory.remove_member("middle", "low")
    after, _ = read(reader, memory)
    assert {user.id for user in after.users} == {"in-top", "in-middle"}
    assert {group.id for group in after.groups} == {"top", "middle"}


@BOTH_WAYS
def test_an_application_takes_in_the_users_and_groups_that_are_assigned_to_it(
    nested: EntraSandbox, reads_changes: bool
) -> None:
    nested.directory.put_service_principal(APPLICATION)
    nested.directory.assign(APPLICATION, "alone")
    nested.directory.assign(APPLICATION, "middle")
    reader = source(nested, scope=EntraScope(application=APPLICATION), reads_changes=reads_changes)
    snapshot, memory = read(reader)
    assert {user.id for user in snapshot.users} == {"alone", "in-middle", "in-low"}
    assert {group.id for group in snapshot.groups} == {"middle", "low"}
    nested.directory.unassign(APPLICATION, "alone")
    nested.directory.assign(APPLICATION, "other")
    snapshot, _ = read(reader, memory)
    assert {user.id for user in snapshot.users} == {"in-other", "in-middle", "in-low"}
    assert members(snapshot, "other") == {"in-other"}


def test_an_idle_run_of_an_application_asks_once_more_for_who_is_assigned(nested: EntraSandbox) -> None:
    nested.directory.put_service_principal(APPLICATION)
    nested.directory.assign(APPLICATION, "top")
    reader = source(nested, scope=EntraScope(application=APPLICATION))
    _, memory = read(reader)
    nested.forget_requests()
    read(reader, memory)
    assert nested.counts.graph == 3


@BOTH_WAYS
def test_a_chosen_group_that_is_not_there_refuses_the_reading_instead_of_emptying_it(
    nested: EntraSandbox, reads_changes: bool
) -> None:
    reader = source(nested, scope=EntraScope(groups=("top", "typo")), reads_changes=reads_changes)
    with pytest.raises(SourceUnreadable, match=r"no group typo, which source\.scope names.*take it out"):
        read(reader)
    with pytest.raises(SourceUnreadable, match="no group typo"):
        reader.probe("2027-03-13")


def test_an_application_that_is_not_there_refuses_the_reading(nested: EntraSandbox) -> None:
    with pytest.raises(SourceUnreadable, match="the tenant has no enterprise application 6f1c"):
        read(source(nested, scope=EntraScope(application=APPLICATION)))


def test_reading_assignments_without_permission_names_the_permission(nested: EntraSandbox) -> None:
    nested.directory.put_service_principal(APPLICATION)
    nested.knobs = EntraKnobs(roles=("User.Read.All", "GroupMember.Read.All"))
    reader = source(nested, scope=EntraScope(application=APPLICATION))
    for act in (lambda: read(reader), lambda: reader.probe("2027-03-13")):
        with pytest.raises(CredentialsRefused, match=r"lacks Application\.Read\.All.*grant consent"):
            act()


@pytest.mark.parametrize("is_application", [False, True], ids=["groups", "application"])
def test_changes_of_a_scope_lead_where_everything_leads(entra: EntraSandbox, is_application: bool) -> None:
    there, random = organization(12, 6), Random(5)
    tenant = Tenant(entra)
    tenant.become(there)
    ids = {group.attributes["displayName"]: group.id for group in read(source(entra))[0].groups}
    roots = [ids[there.teams[key].name] for key in sorted(there.teams)[:2]]
    scope = EntraScope(application=APPLICATION) if is_application else EntraScope(groups=tuple(roots))
    entra.directory.put_service_principal(APPLICATION)
    for root in roots:
        entra.directory.assign(APPLICATION, root)
    follower = Applying(source(entra, scope=scope), TODAY)
    follower.begin()
    kept = set(sorted(there.teams)[:2])
    for step in range(12):
        churned = there.copy()
        churned.churn(random, 3)
        if not kept <= churned.teams.keys():
            continue
        there = churned
        tenant.become(there)
        if is_application and step % 3 == 1:
            someone = random.choice(read(source(entra))[0].users).id
            entra.directory.assign(APPLICATION, someone)
        follower.follow()
        assert follower.whole == ""
        assert follower.shown.plain() == Shown.of(read(source(entra, scope=scope))[0]).plain()
