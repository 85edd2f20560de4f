"""The table of the limits: every counter has a row, every limit is counted, and `bridge.yaml` knows the same ones."""

from dataclasses import fields
from typing import get_args

from scim_bridge.config.document import json_schema
from scim_bridge.config.form import written_limit
from scim_bridge.model.limit import ACCESS_COUNTERS, COUNTERS, CounterName, Limit, Limits


def _limits() -> dict[str, Limit | None]:
    return {each.name: getattr(Limits(), each.name) for each in fields(Limits) if each.type in (Limit, Limit | None)}


def test_every_counter_has_a_row() -> None:
    assert (*COUNTERS, *ACCESS_COUNTERS) == get_args(CounterName)


def test_every_limit_counts_something() -> None:
    rows = (*COUNTERS.values(), *ACCESS_COUNTERS.values())
    assert {row.limit for row in rows} | {"shrink_source"} == set(_limits())


def test_the_configuration_has_the_same_limits_with_the_same_defaults() -> None:
    written = json_schema()["$defs"]["Limits"]["properties"]
    assert list(written) == [each.name for each in fields(Limits)]
    assert {name: written[name]["default"] for name in _limits()} == {
        name: written_limit(limit) for name, limit in _limits().items()
    }
    assert (written["floor"]["default"], written["window"]["default"]) == (Limits().floor, "24h")
