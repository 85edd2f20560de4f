"""The control plane, on the plain port: for demos and tests that run the emulator as its own process.

GET counts; POST seed, change, faults, knobs, reset-counts, expire-tokens, expire-delta-links. Never counted.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from scim_bridge.sandbox.entra.app import EntraApp
from scim_bridge.sandbox.entra.fault import EntraFault
from scim_bridge.sandbox.secure import carry_out

_CHANGES = frozenset(
    {
        "put_user", "delete_user", "purge_user", "restore_user", "set_manager", "put_group", "delete_group",
        "restore_group", "add_member", "remove_member", "put_device", "put_contact", "put_service_principal", "assign",
        "unassign",
    }
)  # fmt: skip
_AS: dict[str, Callable[[Any], Any]] = {"roles": tuple, "without": frozenset}


def control(app: EntraApp, method: str, what: str, given: Any) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one control request."""
    match (method, what):
        case ("GET", "counts"):
            return 200, asdict(app.traffic.counts)
        case ("POST", "seed"):
            app.directory.seed(given)
        case ("POST", "change"):
            for change in given["changes"]:
                carry_out(change, app.directory, _CHANGES)
        case ("POST", "faults"):
            app.faults.faults = [EntraFault(**fault) for fault in given["faults"]]
        case ("POST", "knobs"):
            known = {name: _AS[name](value) if name in _AS else value for name, value in given.items()}
            app.knobs = replace(app.knobs, **known)
        case ("POST", "reset-counts"):
            app.traffic.forget()
        case ("POST", "expire-tokens"):
            app.tokens.revoke()
        case ("POST", "expire-delta-links"):
            app.graph.delta.expire(given.get("refusal"))
        case _:
            return 404, {"error": f"there is no {method} /control/{what}"}
    return 200, {}
