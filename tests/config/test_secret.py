"""A secret by reference: read anew each time, and shown nowhere."""

from pathlib import Path

import pytest

from scim_bridge.config.secret import Secret, What
from scim_bridge.errors import Misconfigured


def test_a_variable_is_read_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret("env:TOKEN_OF_THIS_TEST", Path())
    for value in ("one", " two \n"):
        monkeypatch.setenv("TOKEN_OF_THIS_TEST", value)
        assert secret.read() == value.strip()


def test_a_file_is_found_beside_the_configuration_and_loses_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" with blanks \n", encoding="utf-8")
    assert Secret("file:password", tmp_path, "password").read() == " with blanks "


def test_a_key_may_have_several_lines(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN\nabc\n-----END\n", encoding="utf-8")
    assert Secret("file:key.pem", tmp_path, "key").read() == "-----BEGIN\nabc\n-----END"


@pytest.mark.parametrize(("what", "content", "said"), [
    ("token", b"two words", "has a blank after 3 characters"),
    ("token", b"", "is empty"),
    ("password", b"one\ntwo", "does not hold a password alone"),
    ("token", b"\xff\xfe", "is not text"),
])  # fmt: skip
def test_what_is_no_secret_is_said_with_its_file_and_not_shown(
    tmp_path: Path, what: What, content: bytes, said: str
) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(Misconfigured) as refused:
        Secret("file:secret", tmp_path, what).read()
    assert said in str(refused.value)
    assert str(tmp_path / "secret") in str(refused.value)
    assert "words" not in str(refused.value)


def test_where_nothing_is_there_the_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN_OF_THIS_TEST", raising=False)
    with pytest.raises(Misconfigured, match="TOKEN_OF_THIS_TEST is not set"):
        Secret("env:TOKEN_OF_THIS_TEST", tmp_path).read()
    with pytest.raises(Misconfigured, match="No such file"):
        Secret("file:gone", tmp_path).read()


def test_its_text_says_where_it_is_and_never_what() -> None:
    assert repr(Secret("env:TOKEN", Path())) == "Secret(env:TOKEN)"
    assert repr(Secret("hunter2", Path())) == "Secret(given in the file)"
    assert Secret("hunter2", Path()).read() == "hunter2"
