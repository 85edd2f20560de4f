"""What is looked at in a record before its rules run."""

from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.mapping.row import _is_clean_within, _texts, is_clean

TEXTS = st.text(st.sampled_from("a\x00\\u0é\ud800\udfff"), max_size=8)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_a_value_is_clean_if_every_text_in_it_is(value: object) -> None:
    assert _is_clean_within(value) == is_clean(*_texts(value))
