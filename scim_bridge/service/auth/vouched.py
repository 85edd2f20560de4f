"""What an OpenID provider says of a user, and how it fails to. Apart from provider.py, which loads a library for it."""

from dataclasses import dataclass

from scim_bridge.errors import BridgeError


class NotVouched(BridgeError):
    """The provider did not sign this user in, or what it sent is not to be believed. reason: for the audit."""

    def __init__(self, reason: str) -> None:
        super().__init__("The identity provider did not sign you in", "Try again. If it fails again, see the audit.")
        self.reason = reason


class ProviderDown(BridgeError):
    """The provider does not answer, or not as OpenID Connect Discovery says."""

    def __init__(self, issuer: str, reason: str) -> None:
        super().__init__(
            f"The identity provider {issuer} does not answer as it should ({reason})",
            "Try again later. On the machine of the service, the command line works without it.",
        )


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who the provider says the user is. groups: None if it sent none, so that it may be a claim of another name."""

    name: str
    groups: frozenset[str] | None
