"""What the guard counts, as the state keeps it: every text is read as what it was written from, old ones as before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.model.effect import Changed, Effect, Lost, Recreated, Removed, Shrunk, effects, read, read_all
from scim_bridge.model.identity import SourceKey
from scim_bridge.model.operation_kind import OPERATION_KINDS

SOURCE_IDS = st.text(min_size=1)
"""A source names its records as it likes: with spaces, with words of ours."""
TARGET_IDS = st.from_regex(r"[A-Za-z0-9-]{1,40}", fullmatch=True)


@given(
    st.one_of(
        st.builds(Lost, st.sampled_from(("deactivate", "delete", "empty")), TARGET_IDS),
        st.builds(Removed, TARGET_IDS, TARGET_IDS),
        st.builds(Recreated, st.builds(SourceKey, st.sampled_from(("user", "group")), SOURCE_IDS)),
        st.builds(Changed, SOURCE_IDS),
        st.builds(Shrunk, st.sampled_from(("users", "groups", "memberships")), st.integers(min_value=0)),
    )
)
def test_what_is_written_is_read_again(effect: Effect) -> None:
    assert read(str(effect)) == effect


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("deactivate t-1", Lost("deactivate", "t-1")),
        ("delete t-1", Lost("delete", "t-1")),
        ("empty t-g", Lost("empty", "t-g")),
        ("remove t-1 from t-g", Removed("t-1", "t-g")),
        ("recreate user E 12 from B", Recreated(SourceKey("user", "E 12 from B"))),
        ("change E 12", Changed("E 12")),
        ("shrink memberships 11", Shrunk("memberships", 11)),
    ],
)
def test_what_earlier_versions_wrote_is_read(text: str, effect: Effect) -> None:
    assert (read(text), str(effect)) == (effect, text)


def test_a_text_that_is_no_effect_approves_nothing() -> None:
    assert read_all(["", "x", "shrink users many", "shrink all 3", "recreate team 1", "deactivate t"]) == {
        Lost("deactivate", "t")
    }


@pytest.mark.parametrize("kind", OPERATION_KINDS)
def test_a_kind_counts_itself_under_the_counter_of_its_row(kind: str) -> None:
    found = dict(effects(kind, "s", "t", ["u"], counts=()))  # type: ignore[arg-type]  # a key of the table
    counter = OPERATION_KINDS[kind].counter  # type: ignore[index]  # likewise
    assert list(found) == ([counter] if counter else [])
