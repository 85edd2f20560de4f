"""`demo --source`: the same organization from each kind of directory ends in the same access."""

import pytest

from scim_bridge.cli.main import run
from tests.ldap_server import require_slapd


def _access(capfd: pytest.CaptureFixture[str], source: str) -> str:
    capfd.readouterr()
    code = run(["demo", "--once", "--source", source, "--output", "json"])
    out, err = capfd.readouterr()
    assert code == 0, err
    return out


@pytest.mark.parametrize("source", ["entra", "google", "ldap"])
def test_the_same_organization_has_the_same_access_from_each(capfd: pytest.CaptureFixture[str], source: str) -> None:
    if source == "ldap":
        require_slapd()
    assert _access(capfd, source) == _access(capfd, "csv")
