"""Which source reads which settings."""

from dataclasses import dataclass
from typing import Any

import pytest

from scim_bridge.errors import Misconfigured
from scim_bridge.model.source import Wanted
from scim_bridge.source import open_source


def test_settings_of_an_unknown_kind_are_an_error_and_never_read_as_another_kind() -> None:
    @dataclass
    class OktaSettings:
        pass

    unknown: Any = OktaSettings()
    with pytest.raises(Misconfigured, match="there is no source that reads OktaSettings") as refused:
        open_source(unknown, Wanted("id"), Wanted("id"))
    assert refused.value.way_out == "Set source.kind to csv, ldap, entra or google."
