"""A reading belongs to the run that asked for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scim_bridge.access import aws_access
from scim_bridge.access.aws_access import AwsAccess
from scim_bridge.config.settings import AccessSettings
from scim_bridge.model.access import AccessReading
from scim_bridge.model.protocol import Progress, silent
from tests.access.test_impact import reading

NOW = datetime(2027, 3, 13, 8, 0, tzinfo=UTC)


def test_a_run_reads_aws_once_and_an_order_that_it_carries_out_later_reads_it_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def read(_: object, now: datetime, __: Progress) -> AccessReading:
        asked.append(now)
        return replace(reading(), as_of=now)

    monkeypatch.setattr(aws_access, "read_access", read)
    access = AwsAccess(AccessSettings(region="eu-west-1"))
    later = NOW + timedelta(hours=3)
    assert [access.read(at, silent).as_of for at in (NOW, NOW, later, later)] == [NOW, NOW, later, later]
    assert asked == [NOW, later]
