"""Alerts reach real places; their URLs reach no log and no message."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from scim_bridge.config.secret import Secret
from scim_bridge.worker.notify import REFUSED, send, send_test
from tests.alert_receiver import a_hook, a_mailbox


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Secret:
    monkeypatch.setenv("ALERT_URL", "")
    return Secret("env:ALERT_URL", tmp_path, "URL")


def test_a_webhook_gets_the_message(place: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_hook() as hook:
        monkeypatch.setenv("ALERT_URL", hook.url)
        assert send(place, "a title", "corp: <b>two</b>\n東京: one").error == ""
    assert [(each["title"], each["message"]) for each in hook.got] == [("a title", "corp: <b>two</b>\n東京: one")]


def test_a_mailbox_gets_the_message(place: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_mailbox() as (port, mails):
        url = f"mailto://127.0.0.1:{port}/?from=bridge@corp.example&to=ops@corp.example&mode=insecure"
        monkeypatch.setenv("ALERT_URL", url)
        assert send(place, "a title", "corp: two").error == ""
    assert [(mail["to"], mail["subject"]) for mail in mails] == [("ops@corp.example", "a title")]
    assert "corp: two" in mails[0].as_string()


def test_what_goes_wrong_is_a_sentence_without_the_url(
    place: Secret, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [send(place, "t", "x").error]
    with a_hook() as hook:
        hook.answers = [500]
        monkeypatch.setenv("ALERT_URL", hook.url)
        said.append(send(place, "t", "x").error)
    said.append(send(place, "t", "x").error)
    monkeypatch.setenv("ALERT_URL", "nonsense://secret-path")
    said.append(send(place, "t", "x").error)
    assert said[0].startswith("the environment variable ALERT_URL is not set. Set it to the URL")
    assert said[1:3] == [REFUSED, REFUSED]
    assert said[3].startswith("env:ALERT_URL does not hold a URL that Apprise knows")
    assert "secret-path" not in f"{said} {caplog.text}"


def test_a_test_is_sent_to_each_place_whatever_becomes_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_hook() as hook:
        monkeypatch.setenv("GOOD", hook.url)
        told = send_test([Secret("env:BAD", tmp_path, "URL"), Secret("env:GOOD", tmp_path, "URL")])
    assert [(each.place, bool(each.error)) for each in told] == [("env:BAD", True), ("env:GOOD", False)]
    assert "This is a test" in hook.texts[0]


def test_apprise_is_imported_only_when_something_is_sent() -> None:
    code = "import sys, scim_bridge.cli.run, scim_bridge.worker.watch; print('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"
