"""What is protected."""

import pytest

from scim_bridge.model.limit import Limit, percent
from scim_bridge.model.policy import Protect

PROTECT = Protect(users=("breakglass@*", "Admin?"), groups=("AWSControlTower*",))


@pytest.mark.parametrize("name", ["breakglass@corp.example", "BREAKGLASS@x", "admin1"])
def test_a_glob_covers_names_in_any_case(name: str) -> None:
    assert PROTECT.covers("user", name)


@pytest.mark.parametrize("name", ["x.breakglass@corp.example", "admin", "admin12", "", None, "AWSControlTowerAdmins"])
def test_it_covers_whole_names_of_its_own_kind_and_no_empty_one(name: object) -> None:
    assert not PROTECT.covers("user", name)


def test_one_of_several_names_is_enough() -> None:
    assert PROTECT.covers("group", "developers", "awscontroltoweradmins")
    assert not PROTECT.covers("group")
    assert not Protect().covers("user", "anybody")


def test_a_composed_and_a_decomposed_letter_are_one() -> None:
    assert Protect(users=("jos\u00e9*",)).covers("user", "JOSE\u0301@x")


def test_a_limit_is_written_as_people_write_it() -> None:
    assert (str(percent(10)), str(Limit(5, is_percentage=False))) == ("10%", "5")
