"""What runs have recorded is read back by its template: as itself, with its values, or not at all."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_bridge.service.catalog import RECORDED, read_catalog
from scim_bridge.service.catalog import recorded as catalog
from scim_bridge.view.recorded import Piece, Recorded
from scim_bridge.view.template import Template
from tests.service.recorded import recorded

TEMPLATES = sorted(recorded())
SURE = [text for text in TEMPLATES if Template.of(text).length >= 12 and not Template.of(text).is_joint]
"""Templates that make enough of a sentence that it is told by them, and not only a part of one."""
JAPANESE = catalog("ja")
AS_IT_WAS = Recorded({text: text for text in TEMPLATES})
"""A language in which everything is said as it was recorded."""
_NAMES = st.text("qxzjQXZJ", min_size=2, max_size=6)
_PIECES = st.sampled_from([piece for text in TEMPLATES for piece in Template.of(text).literals if piece])


SAID = {str(message.id): str(message.string) for message in read_catalog("ja", RECORDED) if message.id}


def _value(kind: str) -> st.SearchStrategy[str]:
    if kind == "number":
        return st.integers(0, 99_999).map("{:,}".format)
    if kind == "quoted":
        return st.one_of(_NAMES, st.booleans(), st.just('it\'s "x"')).map(repr)
    if kind in ("", "said", "place", "list"):
        return _NAMES
    return st.integers(0, 9).map(lambda n: f"{n} {kind}" if n == 1 else f"{n} {kind}s")


@st.composite
def _filled(draw: st.DrawFn, text: str) -> tuple[str, Mapping[str, str]]:
    """A sentence that a template makes, and the values in it."""
    template = Template.of(text)
    # Where two holes meet, the second holds a piece that begins with a mark, or nothing.
    holes = zip(template.holes, template.literals, strict=False)
    values = [draw(_value(kind)) if before or n == 0 else "" for n, ((_, kind), before) in enumerate(holes)]
    made = "".join(literal + value for literal, value in zip(template.literals, (*values, ""), strict=True))
    return made, {name: value for (name, _), value in zip(template.holes, values, strict=True)}


def _told(pieces: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in pieces)


@given(st.data())
def test_every_template_is_read_back_as_itself_with_its_values(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SURE))
    made, values = data.draw(_filled(text))
    kinds = dict(Template.of(text).holes)
    shown = {name: value if kinds[name] in _KEPT else value.partition(" ")[0] for name, value in values.items()}
    expected = Template.of(SAID[text])
    said = expected.literals[0] + "".join(
        shown[name] + after for (name, _), after in zip(expected.holes, expected.literals[1:], strict=True)
    )
    assert _squeezed(_told(JAPANESE.say(made))) == _squeezed(said), made


_KEPT = frozenset({"", "said", "place", "list", "quoted", "number"})


def _squeezed(text: str) -> str:
    return text.replace(" ", "")


@given(st.data())
def test_whatever_a_value_is_nothing_is_lost_or_moved_and_nothing_else_is_said(data: st.DataObject) -> None:
    template = Template.of(data.draw(st.sampled_from(TEMPLATES)))
    hostile = st.one_of(st.text(max_size=12), _PIECES, st.lists(_PIECES, min_size=2, max_size=4).map("".join))
    made = "".join(literal + data.draw(hostile) for literal in template.literals)
    JAPANESE.say(made)
    assert _bare(_told(AS_IT_WAS.say(made))) == _bare(made)


def _bare(text: str) -> str:
    """Without what stands between names and clauses, and without the capital of a sentence."""
    return re.sub(r"[\s、。，,;.（）()]| and | more", "", text.replace(" and ", " ")).casefold().replace("and", "")


@pytest.mark.parametrize("mark", [": ", "; ", ", ", " and ", ". ", " is held", " (x) and ", "\\'", "'"])
def test_a_value_that_was_made_to_take_long_does_not(mark: str) -> None:
    text = "the rule for title failed: " + f"x{mark}" * 700
    assert _told(AS_IT_WAS.say(text))
    assert JAPANESE.say(text * 20) == (Piece(text * 20, is_foreign=True),)


LISTS_AND_COUNTS = {
    "title, name.givenName changed in the source": "title、name.givenName がソースで変更",
    "userName 'a@x' is claimed by several users: Ann (users.csv, line 17) and Ben (users.csv, line 4); all of them are "
    "held.": "userName 'a@x' を複数のユーザーが使っています: Ann（users.csv の 17 行目）、Ben（users.csv の 4 行目）。"
    "すべて保留されています。",
    "no longer in the source: ann, ben and 3 more; not in the source: cleo": "ソースになくなりました: "
    "ann、ben、ほか 3 件。ソースになし: cleo",
    "Stopped before the first write: 212 of 1,840 active managed users would be deactivated, after 12 within the last "
    "24 h (11.5 %, limit 10%)": "最初の書き込みの前に停止しました: 有効な管理対象ユーザー 1,840 人のうち 212 人が"
    "無効になります（直近 24 時間に 12 件が済んだうえで）（11.5 %, 上限 10%）",
    "run 7 is done: 2 users created, 1 member added; 1 conflict waiting": "実行 7 が完了しました: ユーザー 2 人を作成、"
    "メンバー 1 件を追加。1 件の競合が判断を待っています",
    "dev (g-1) has 3 members on the target and was managed, and no record in scope has that id. The group may have "
    "left while the state was lost": "dev（g-1）はターゲットでメンバー 3 件を持ち、管理対象でしたが、その ID "
    "を持つ対象のレコードがありません。グループは、状態が失われている間に離脱した可能性があります",
}


@pytest.mark.parametrize("written", LISTS_AND_COUNTS)
def test_lists_counts_and_clauses_come_out_right(written: str) -> None:
    told = JAPANESE.say(written)
    assert (_told(told), any(piece.is_foreign for piece in told)) == (LISTS_AND_COUNTS[written], False)


def test_what_another_program_said_stays_as_it_was_and_is_marked() -> None:
    written = "b.sato could not be added to dev: the target refused it with 400: Member not found here (request id a1)"
    said = JAPANESE.say(written)
    assert [piece.text for piece in said if piece.is_foreign] == ["Member not found here"]
    assert _told(said).startswith("b.sato を dev に追加できませんでした: ターゲットが 400 で拒否しました: Member")
    assert _told(said).endswith("（リクエスト ID a1）")


def test_a_sentence_that_no_template_made_stays_and_so_does_a_note_in_the_readers_language() -> None:
    assert JAPANESE.say("Something of another version.") == (Piece("Something of another version.", is_foreign=True),)
    assert JAPANESE.say("部署が移動したため") == (Piece("部署が移動したため"),)
    mixed = JAPANESE.say("Something of another version. Try again later.")
    assert mixed == (Piece("Something of another version. ", is_foreign=True), Piece("後でもう一度試してください。"))


def test_two_equally_good_readings_are_none() -> None:
    language = Recorded({"{one} is called {two}": "[{one}|{two}]"})
    assert language.say("a is called b") == (Piece("[a|b]"),)
    assert language.say("a is called b is called c") == (Piece("a is called b is called c", is_foreign=True),)


def test_english_is_said_as_it_was_recorded() -> None:
    assert catalog("en").say("left the source. And more") == (Piece("left the source. And more"),)


def test_templates_that_make_the_same_sentence_have_the_same_translation() -> None:
    said: dict[tuple[object, ...], set[tuple[str, ...]]] = {}
    for text, translation in SAID.items():
        template = Template.of(text)
        shape = (template.literals, tuple(kind for _, kind in template.holes))
        said.setdefault(shape, set()).add(Template.of(translation).literals)
    assert [shape for shape, translations in said.items() if len(translations) > 1] == []
