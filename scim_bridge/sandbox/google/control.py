"""The control plane, on a plain port: for demos and tests that run the emulator as its own process.

GET counts; POST seed, change, faults, knobs, reset-counts, expire-tokens, revoke-key. Never counted.
"""

from dataclasses import replace
from typing import Any

from scim_bridge.sandbox.google.app import GoogleApp
from scim_bridge.sandbox.google.fault import GoogleFault
from scim_bridge.sandbox.secure import carry_out

_CHANGES = frozenset(
    {
        "put_user", "rename_user", "delete_user", "restore_user", "purge_user", "put_group", "delete_group",
        "add_member", "add_external", "remove_member",
    }
)  # fmt: skip


def control(app: GoogleApp, method: str, what: str, given: Any) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one control request."""
    match (method, what):
        case ("GET", "counts"):
            return 200, {"total": app.counts.total(), "kinds": dict(app.counts)}
        case ("POST", "seed"):
            app.directory.seed(given)
        case ("POST", "change"):
            for change in given["changes"]:
                carry_out(change, app.directory, _CHANGES)
        case ("POST", "faults"):
            app.faults.faults = [GoogleFault(**fault) for fault in given["faults"]]
        case ("POST", "knobs"):
            known: dict[str, Any] = {
                name: frozenset(value) if isinstance(value, list) else value for name, value in given.items()
            }
            app.knobs = replace(app.knobs, **known)
        case ("POST", "reset-counts"):
            app.counts.clear()
        case ("POST", "expire-tokens"):
            app.tokens.revoke()
        case ("POST", "revoke-key"):
            app.tokens.revoke_key()
        case _:
            return 404, {"error": f"there is no {method} /control/{what}"}
    return 200, {}
