"""The table of the limits: every counter has a row, every limit is counted, and `bridge.yaml` knows the same ones."""

from dataclasses import fields
from typing import get_args

from scim_bridge.config.document import json_schema
from scim_bridge.model.limit import COUNTERS, CounterName, Limit, Limits


def _limits() -> dict[str, Limit]:
    return {each.name: each.default for each in fields(Limits) if isinstance(each.default, Limit)}


def test_every_counter_has_a_row() -> None:
    assert tuple(COUNTERS) == get_args(CounterName)


def test_every_limit_counts_something() -> None:
    assert {row.limit for row in COUNTERS.values()} | {"shrink_source"} == set(_limits())


def test_the_configuration_has_the_same_limits_with_the_same_defaults() -> None:
    written = json_schema()["$defs"]["Limits"]["properties"]
    assert list(written) == [each.name for each in fields(Limits)]
    assert {name: written[name]["default"] for name in _limits()} == {n: str(v) for n, v in _limits().items()}
    assert (written["floor"]["default"], written["window"]["default"]) == (Limits().floor, "24h")
