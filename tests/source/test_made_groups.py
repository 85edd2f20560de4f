"""Groups that are made of the names in users' lists have ids that the target takes, each its own."""

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.config.source import MemberList
from scim_bridge.source.lists import made_groups, open_lists

NAMES = st.lists(st.text("aA ~<>;:%.-é開", min_size=1).map(str.strip).filter(bool), min_size=1, unique_by=str.casefold)


@given(NAMES)
def test_each_name_has_an_id_of_its_own_that_the_target_takes(names: list[str]) -> None:
    cells = [("users.csv, line 2", "1", "|".join(names))]
    lists = open_lists(MemberList("user", "Groups", "|", "name"), cells, (), (), "users.csv, column Groups")
    made = made_groups(cells, lists.split, "id")
    assert len({record.id for record in made}) == len({name.casefold() for name in names}) == len(made)
    assert {record.attributes["name"] for record in made} <= set(names)
    for record in made:
        assert not any(sign.isspace() or sign in "<>;:%" for sign in record.id)
