"""What a knob may be set to."""

from typing import Any

import pytest

from scim_bridge.sandbox.knobs import Knobs, changed


@pytest.mark.parametrize(
    "given",
    [
        {"rate": None},
        {"rate": 1.5},
        {"retry_after": 1},
        {"put_group": 405},
        {"case_exact": True, "list_lag": 5},
        {"straggler_chance": 1},
        {"removed_tenant": 404},
    ],
)
def test_a_knob_takes_what_it_is_made_for(given: dict[str, Any]) -> None:
    knobs = changed(Knobs(), given)
    assert {name: getattr(knobs, name) for name in given} == given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rate": 0}, "the knob rate cannot be 0; it is a number above 0 or null"),
        ({"rate": True}, "cannot be True"),
        ({"retry_after": 1.5}, "it is a whole number from 0 or null"),
        ({"put_group": "501"}, "the knob put_group cannot be '501'; it is 501 or 400 or 404 or 405"),
        ({"put_success": []}, "cannot be []"),
        ({"case_exact": 1}, "it is true or false"),
        ({"list_lag": -1}, "it is a number from 0"),
        ({"list_lag": float("nan")}, "cannot be nan"),
        ({"straggler_chance": 2}, "it is a number from 0 to 1"),
        ({"lag": 1}, "there is no knob 'lag'; there are rate, quota"),
        ([], "each knob is given by its name"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match="knob") as refused:
        changed(Knobs(), given)
    assert said in str(refused.value)
