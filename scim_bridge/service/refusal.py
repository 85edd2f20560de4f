"""Why something that a person asks for is not done: each has a status of its own. Misconfigured is a wrong request."""

from scim_bridge.errors import BridgeError


class NoSuchThing(BridgeError):
    """404: there is no such connection, run, plan, order, conflict or person."""


class NotNow(BridgeError):
    """409: as things stand now it cannot be done."""
