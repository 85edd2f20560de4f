"""The lint of plain English finds what its list names, leaves code alone, and finds nothing in the repository."""

from pathlib import Path

import pytest

from tests.docs.plain_english import findings, words


def _repository(root: Path, *, readme: str = "", code: str = "", mapping: str = "", template: str = "") -> Path:
    for name, text in (
        ("README.md", readme),
        ("CONTRIBUTING.md", ""),
        ("docs/a.md", ""),
        ("mappings/a.yaml", mapping),
        ("scim_bridge/a.py", code),
        ("scim_bridge/view/templates/a.html", template),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"readme": "Fine.\n\nTo mend it, read on.\n"}, "README.md:3"),
        ({"code": 'raise ValueError("the date is no date")\n'}, "scim_bridge/a.py:1"),
        ({"code": 'x = 1\nwarn(f"{x} user(s)")\n'}, "scim_bridge/a.py:2"),
        ({"code": '"""A module.\n\nNobody reads it.\n"""\n'}, "scim_bridge/a.py:3"),
        ({"code": "x = 1  # anew\n"}, "scim_bridge/a.py:1"),
        ({"mapping": "users:\n  id: id  # it hangs on this\n"}, "mappings/a.yaml:2"),
        ({"template": "<p>\nNothing bears it</p>\n"}, "scim_bridge/view/templates/a.html:2"),
    ],
)
def test_a_word_of_the_list_is_found_with_its_place(tmp_path: Path, given: dict[str, str], place: str) -> None:
    found = findings(_repository(tmp_path, **given))
    assert [sentence.split(": ")[0] for sentence in found] == [place]


@pytest.mark.parametrize(
    "given",
    [
        {"readme": "Run `scim-bridge mend`.\n\n```\nnobody\n```\n"},
        {"code": 'nobody = shut = "mend"\n'},
        {"readme": "There is no way. It is no longer so. The server is shutting down. A bearer token. The amendment."},
        {"code": 'x = "users.group_id(s)"\n'},
    ],
)
def test_code_names_and_longer_words_are_left_alone(tmp_path: Path, given: dict[str, str]) -> None:
    assert findings(_repository(tmp_path, **given)) == []


def test_each_word_has_a_better_one_and_a_reason() -> None:
    assert len(words()) > 20
    assert all(word.better and word.reason for word in words())


def test_the_repository_is_in_plain_english() -> None:
    assert findings() == []
