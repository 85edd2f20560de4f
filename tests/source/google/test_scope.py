"""Whom the scope takes in."""

import pytest

from scim_bridge.config.source import GoogleScope
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.source import SourceChanges
from scim_bridge.sandbox.google.server import ADMIN_ID, GoogleSandbox
from tests.source.google.account import TODAY, ids, members, read, source


@pytest.fixture
def there(google: GoogleSandbox) -> GoogleSandbox:
    """Two in a unit, one below it, one whose unit begins alike; teams within teams."""
    directory = google.directory
    for user, unit in (("u1", "/Staff"), ("u2", "/Staff/Tokyo"), ("u3", "/Staffing"), ("u4", "/Staff")):
        directory.put_user(user, orgUnitPath=unit, organizations=[{"department": f"dept-{unit[-1]}"}])
    for group in ("aws-admins", "inner", "other"):
        directory.put_group(group, name=group.title())
    directory.add_member("aws-admins", "u1")
    directory.add_member("aws-admins", "inner")
    directory.add_member("inner", "u3")
    directory.add_member("other", "u4")
    return google


def test_a_unit_takes_in_those_below_it_and_none_that_begins_alike(there: GoogleSandbox) -> None:
    shown, _ = read(source(there, scope=GoogleScope(org_units=("/Staff",))))
    assert ids(shown) == {"u1", "u2", "u4"}
    assert members(shown, "inner") == set()
    assert {group.id for group in shown.groups} == {"aws-admins", "inner", "other"}


def test_groups_by_pattern_take_in_the_groups_in_them_and_their_members(there: GoogleSandbox) -> None:
    for pattern in ("AWS-*", "aws-admins@corp.example", "Aws-Admins"):
        shown, _ = read(source(there, scope=GoogleScope(groups=(pattern,))))
        assert {group.id for group in shown.groups} == {"aws-admins", "inner"}
        assert ids(shown) == {"u1", "u3"}


def test_with_all_users_only_the_groups_are_chosen(there: GoogleSandbox) -> None:
    shown, _ = read(source(there, scope=GoogleScope(groups=("aws-*",), users="all")))
    assert {group.id for group in shown.groups} == {"aws-admins", "inner"}
    assert ids(shown) == {"u1", "u2", "u3", "u4", ADMIN_ID}


def test_all_parts_of_a_scope_must_fit(there: GoogleSandbox) -> None:
    shown, _ = read(source(there, scope=GoogleScope(groups=("aws-*",), org_units=("/Staff",))))
    assert ids(shown) == {"u1"}


def test_a_query_takes_in_whom_it_finds(there: GoogleSandbox) -> None:
    shown, _ = read(source(there, scope=GoogleScope(query="orgDepartment=dept-o")))
    assert ids(shown) == {"u2"}


@pytest.mark.parametrize(
    "scope",
    [GoogleScope(org_units=("/Nowhere",)), GoogleScope(groups=("azure-*",)), GoogleScope(query="givenName=nobody")],
)
def test_a_part_that_fits_no_one_is_refused(there: GoogleSandbox, scope: GoogleScope) -> None:
    with pytest.raises(SourceUnreadable, match=r"which source\.scope names"):
        read(source(there, scope=scope))


def test_whoever_moves_out_of_the_unit_leaves_the_groups_too(there: GoogleSandbox) -> None:
    chosen = source(there, scope=GoogleScope(org_units=("/Staff",)))
    _, memory = read(chosen)
    there.directory.put_user("u1", orgUnitPath="/Staffing")
    changed = chosen.changes(TODAY, memory)
    assert isinstance(changed, SourceChanges)
    assert changed.records["user", "u1"] == ()  # type: ignore[index]  # a SourceKey is such a tuple
    assert changed.members["aws-admins"] == ((), ("inner",))


def test_only_members_of_groups_in_the_scope_are_asked_for(there: GoogleSandbox) -> None:
    chosen = source(there, scope=GoogleScope(groups=("aws-*",)))
    _, memory = read(chosen)
    asked = {each.path for each in there.requests if each.path.endswith("/members")}
    assert asked == {"groups/aws-admins/members", "groups/inner/members"}
    # A group that leaves the scope is in the listing still, so it is not missing.
    there.directory.remove_member("aws-admins", "inner")
    changed = chosen.changes(TODAY, memory)
    assert isinstance(changed, SourceChanges)
    assert changed.records["group", "inner"] == ()  # type: ignore[index]  # a SourceKey is such a tuple
    assert changed.records["user", "u3"] == ()  # type: ignore[index]
