"""A look at the past needs the place of the state, and nothing else of the configuration."""

from pathlib import Path

import pytest

from scim_bridge.config.state_place import find_state
from scim_bridge.errors import Misconfigured
from scim_bridge.model.state_address import ServerAddress


def _file(folder: Path, text: str) -> Path:
    path = folder / "bridge.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_state_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    place = find_state(_file(tmp_path, "state: sqlite:///deep/past.db\nconnections: {a: {}, b: {}}\n"))
    assert place.state == tmp_path / "deep" / "past.db"
    assert place.connections == ("a", "b")


def test_a_file_that_names_no_state_has_the_usual_one(tmp_path: Path) -> None:
    assert find_state(_file(tmp_path, "connections: {corp: {}}\n")).state == tmp_path / "scim-bridge.db"


def test_what_is_wrong_elsewhere_does_not_hide_the_past(tmp_path: Path) -> None:
    place = find_state(_file(tmp_path, "connections:\n  corp: {sauce: nonsense}\nwhatever: 1\n"))
    assert place.connection("corp") == "corp"
    assert place.connection(None) == "corp"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("state: mysql://x\nconnections: {a: {}}\n", "bridge.yaml, line 1: state: write sqlite:///FILE"),
        ("state: [1]\nconnections: {a: {}}\n", "bridge.yaml, line 1: state: write sqlite:///FILE"),
        (
            "state: postgresql+psycopg://b:geheim@h/d\n",
            "put the whole URL into a secret and write env:NAME or file:PATH",
        ),
        ("state: [\n", "not YAML"),
    ],
)
def test_a_state_that_cannot_be_one_is_refused_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        find_state(_file(tmp_path, text))
    assert said in str(raised.value)
    assert "geheim" not in str(raised.value)


def test_a_database_is_named_by_a_url_or_by_a_reference_to_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://bridge@db.corp.example/bridge"
    assert find_state(_file(tmp_path, f"state: {url}\n")).state == ServerAddress(url)
    address = find_state(_file(tmp_path, "state: env:STATE_URL\n")).state
    monkeypatch.setenv("STATE_URL", "postgresql+psycopg://bridge:geheim@db.corp.example/bridge")
    assert isinstance(address, ServerAddress)
    assert address.url() == "postgresql+psycopg://bridge:geheim@db.corp.example/bridge"
    assert "geheim" not in f"{address} {address!r}"
    monkeypatch.setenv("STATE_URL", "geheim")
    with pytest.raises(Misconfigured) as refused:
        address.url()
    assert "env:STATE_URL does not hold the URL of a PostgreSQL database" in str(refused.value)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("crop", "has no connection 'crop' (did you mean corp?); it has: corp, lab"),
        (None, "has several connections: corp, lab"),
    ],
)
def test_a_connection_is_named_as_it_is_written(tmp_path: Path, name: str | None, said: str) -> None:
    place = find_state(_file(tmp_path, "connections: {corp: {}, lab: {}}\n"))
    with pytest.raises(Misconfigured) as raised:
        place.connection(name)
    assert said in str(raised.value)


def test_without_any_connection_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as raised:
        find_state(_file(tmp_path, "state: sqlite:///a.db\n")).connection("corp")
    assert "has no connections" in str(raised.value)
