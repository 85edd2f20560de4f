"""Asking AWS again about a few: whatever it answers, a plan goes on by the older reading."""

import pytest

from scim_bridge.access import aws_access
from scim_bridge.access.aws_access import AwsAccess
from scim_bridge.access.refusal import NotReadable
from scim_bridge.config.settings import AccessSettings
from scim_bridge.run.access_seen import ask_again


@pytest.mark.parametrize("error", [NotReadable("denied"), KeyError("MemberId")])
def test_a_refusal_and_an_answer_that_no_one_has_foreseen_are_no_error(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise error

    monkeypatch.setattr(aws_access, "read_principals", read)
    assert ask_again(AwsAccess(AccessSettings(region="eu-west-1")), [], set()) is None
