"""Numbers and lists in sentences."""

import pytest

from scim_bridge.model.wording import counted, some


@pytest.mark.parametrize(("count", "told"), [(0, "0 users"), (1, "1 user"), (2, "2 users"), (2104, "2,104 users")])
def test_a_number_has_its_noun(count: int, told: str) -> None:
    assert counted(count, "user") == told


def test_the_first_few_are_named_and_the_others_counted() -> None:
    assert some(["a", "b"]) == "a, b"
    assert some(list("abcdef")) == "a, b, c, d, e and 1 more"
    assert some([str(n) for n in range(2000)], 1) == "0 and 1,999 more"
    assert some(["a", "b"], mark="; ") == "a; b"
