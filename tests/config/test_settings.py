"""`bridge.yaml`: what it means, what it refuses, and that secrets stay where they are."""

from datetime import timedelta
from pathlib import Path

import pytest

from scim_bridge.config.document import json_schema
from scim_bridge.config.settings import AccessSettings, Settings, load
from scim_bridge.config.source import CsvSettings
from scim_bridge.errors import Misconfigured
from scim_bridge.model.limit import Limit, Limits, percent

URL = "https://scim.eu-west-1.amazonaws.com/3f1c9a40/scim/v2"
MINIMAL = f"""\
connections:
  corp:
    source: {{kind: csv, users: users.csv}}
    mapping: csv.yaml
    target:
      kind: identity-center
      url: {URL}/
      token: env:TOKEN_OF_THIS_TEST
"""


def _load(folder: Path, text: str) -> Settings:
    path = folder / "bridge.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def _refusal(folder: Path, text: str) -> str:
    with pytest.raises(Misconfigured) as refused:
        _load(folder, text)
    return "\n".join(refused.value.problems) or str(refused.value)


def test_what_is_left_out_has_the_documented_value(tmp_path: Path) -> None:
    settings = _load(tmp_path, MINIMAL)
    corp = settings.connection(None)
    assert (settings.state, settings.service.listen) == (tmp_path / "scim-bridge.db", ("127.0.0.1", 8080))
    assert isinstance(corp.source, CsvSettings)
    assert (corp.source.users, corp.source.groups, corp.source.encoding) == (tmp_path / "users.csv", None, "auto")
    assert (corp.target.url, corp.target.requests_per_second, corp.every) == (URL, None, timedelta(minutes=5))
    assert (corp.policy.deprovision, corp.policy.orphans, corp.policy.limits) == ("deactivate", "report", Limits())


def test_what_is_written_is_meant(tmp_path: Path) -> None:
    settings = _load(
        tmp_path,
        MINIMAL + "    policy:\n      deprovision: {action: keep}\n      protect: {users: ['Break*'], groups: []}\n"
        "      limits: {deactivate: 5, delete: 0%, floor: 0}\n    schedule: {every: 90s}\n"
        'state: sqlite:///var/x.db\nservice: {listen: "[::1]:0"}\n',
    )
    corp = settings.connection("corp")
    assert (settings.state, settings.service.listen) == (tmp_path / "var/x.db", ("::1", 0))
    assert corp.policy.deprovision == "keep"
    assert corp.policy.protect.covers("user", "breakglass@corp.example")
    assert corp.policy.limits == Limits(deactivate=Limit(5, is_percentage=False), delete=percent(0), floor=0)
    assert corp.every == timedelta(seconds=90)
    assert corp.access is None


@pytest.mark.parametrize(
    ("written", "verify"),
    [("", None), ("verify: auto", None), ("verify: 24h", timedelta(hours=24)), ("verify: 15m", timedelta(minutes=15))],
)
def test_the_target_is_verified_by_its_size_or_on_a_schedule(
    tmp_path: Path, written: str, verify: timedelta | None
) -> None:
    assert _load(tmp_path, MINIMAL + f"    schedule: {{{written}}}\n").connection(None).verify == verify


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "ap-southeast-5", "eusc-de-east-1"])
def test_where_assignments_are_read_is_a_region(tmp_path: Path, region: str) -> None:
    access = _load(tmp_path, MINIMAL + f"    access: {{region: {region}}}\n").connection(None).access
    assert access == AccessSettings(region)


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ("alerts: {to: [plain]}\n", "alerts.to.0: write env:NAME or file:PATH, never the secret itself"),
        ("alerts: {to: [env:A, env:A]}\n", "alerts.to: name each place once"),
        ("alerts: {to: []}\n", "alerts.to"),
        ("alerts: {to: [env:A], quiet: 22-6}\n", "alerts.quiet: write two times of the day, such as 22:00-06:00"),
        ("alerts: {to: [env:A], quiet: '06:00-06:00'}\n", "alerts.quiet: write two times of the day"),
        ("alerts: {to: [env:A], events: [fire]}\n", "alerts.events"),
        ("history: {keep: 0d}\n", "history.keep lasts no time; write at least 1d"),
        ("history: {keep: never}\n", "history.keep is not a duration; write 90s, 5m, 24h or 30d"),
        (
            "    policy: {deprovision: {action: keep, delete_after: 30d}}\n",
            "deprovision.delete_after has no meaning where action is keep; leave one of them out",
        ),
        ("    access: {region: Frankfurt}\n", "access.region is not an AWS Region; write its code, such as ap-"),
        ("    access: {}\n", "connections.corp.access needs the key region"),
        ("    policy: {keep_admins: {users: 1}}\n", "connections.corp: policy.keep_admins needs access: {region: …}"),
        (
            "    policy: {limits: {gain_admin: no}}\n",
            "gain_admin is not a limit; write report, a whole number such as 5",
        ),
        ("state: postgresql://x/y\n", "state: write postgresql+psycopg://USER@HOST/DATABASE without a password; if"),
        ("      requests_per_second: fast\n", "requests a second; write auto, or a number more than 0"),
        ("    polcy: {}\n", "did you mean policy?"),
        ("    policy: {limits: {deactivate: 101%}}\n", "policy.limits.deactivate"),
        ("    schedule: {every: 5 minutes}\n", "schedule.every"),
        ("    schedule: {every: 0s}\n", "schedule.every"),
        ("    schedule: {every: auto}\n", "schedule.every"),
        ("    schedule: {verify: daily}\n", "schedule.verify is not a duration; write auto, or 15m, 24h"),
        ("    schedule: {verify: 0s}\n", "schedule.verify lasts no time; write auto, or at least 1s"),
        ('service: {listen: "0.0.0.0:8080"}\n', "loopback, without service.auth, so anyone could use it"),
        ("connections: {}\n", "is there twice"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(tmp_path: Path, extra: str, sentence: str) -> None:
    told = _refusal(tmp_path, MINIMAL + extra)
    assert sentence in told
    assert told.startswith("bridge.yaml, line ")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://scim.example/t/scim/v2", "plain http"),
        ("scim.example", "URL"),
        ("https://user:pw@scim.example/t/scim/v2", "password"),
        (f"{URL}?x=1", "query"),
    ],
)
def test_an_url_that_would_give_something_away_is_refused(tmp_path: Path, url: str, sentence: str) -> None:
    assert sentence in _refusal(tmp_path, MINIMAL.replace(f"{URL}/", url))


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (f'"{URL} "', "has a blank at its end; delete it"),
        (f'" {URL}"', "has a blank at its beginning; delete it"),
        (f'"{URL}\u00a0"', "has a blank at its end; delete it"),
        (f'"{URL}\\n"', "has a line break at its end; delete it"),
        (f'"{URL}\u200b"', "has an invisible character (U+200B) at its end; delete it"),
        (f'"{URL[:20]} {URL[20:]}"', "has a blank after 20 characters; delete it"),
    ],
)
def test_a_blank_in_what_was_pasted_is_called_a_blank(tmp_path: Path, written: str, sentence: str) -> None:
    told = _refusal(tmp_path, MINIMAL.replace(f"{URL}/", written))
    assert f"connections.corp.target.url {sentence}" in told
    assert "whole URL" not in told


def test_a_blank_in_a_reference_is_called_a_blank_or_does_no_harm(tmp_path: Path) -> None:
    told = _refusal(tmp_path, MINIMAL.replace("env:TOKEN", '"env: TOKEN').replace("TEST", 'TEST"'))
    assert "target.token has a blank after 4 characters; delete it" in told
    (tmp_path / "token").write_text("first", encoding="utf-8")
    settings = _load(tmp_path, MINIMAL.replace("env:TOKEN_OF_THIS_TEST", '"file: token "'))
    assert settings.connection(None).target.token.read() == "first"


def test_a_blank_in_a_token_is_called_a_blank_and_the_token_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cr3t\ntoken", encoding="utf-8")
    settings = _load(tmp_path, MINIMAL.replace("env:TOKEN_OF_THIS_TEST", "file:token"))
    with pytest.raises(Misconfigured, match="has a line break after 6 characters") as refused:
        settings.connection(None).target.token.read()
    assert "s3cr3t" not in str(refused.value)


def test_what_is_no_url_is_not_blamed_on_its_blanks(tmp_path: Path) -> None:
    assert "whole URL" in _refusal(tmp_path, MINIMAL.replace(f"{URL}/", "the usual one"))


def test_a_token_itself_is_taken_for_loopback_only_and_never_repeated(tmp_path: Path) -> None:
    plain = MINIMAL.replace("env:TOKEN_OF_THIS_TEST", "s3cr3t-token")
    told = _refusal(tmp_path, plain)
    assert "env:NAME or file:PATH" in told
    assert "s3cr3t" not in told
    settings = _load(tmp_path, plain.replace(URL, "http://127.0.0.1:8090/t/scim/v2"))
    token = settings.connection(None).target.token
    assert token.read() == "s3cr3t-token"
    assert "s3cr3t" not in repr(settings)


def test_a_secret_is_read_anew_each_time(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(" first\n", encoding="utf-8")
    token = _load(tmp_path, MINIMAL.replace("env:TOKEN_OF_THIS_TEST", "file:token")).connection(None).target.token
    assert token.read() == "first"
    (tmp_path / "token").write_text("second", encoding="utf-8")
    assert token.read() == "second"
    (tmp_path / "token").unlink()
    with pytest.raises(Misconfigured, match="token"):
        token.read()


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    token = _load(tmp_path, MINIMAL).connection(None).target.token
    with pytest.raises(Misconfigured, match="TOKEN_OF_THIS_TEST"):
        token.read()


@pytest.mark.parametrize("text", ["", "- a list\n", "connections: [\n", "a: b: c\n"])
def test_what_is_no_configuration_is_said_in_one_sentence(tmp_path: Path, text: str) -> None:
    assert _refusal(tmp_path, text).startswith("bridge.yaml")


def test_the_published_schema_describes_the_file() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["properties"]) == {"state", "connections", "history", "alerts", "worker", "service"}
    assert set(schema["$defs"]["Target"]["required"]) == {"kind"}
