"""Applications that are paid for each user. They are known by how their name begins, since AWS marks them in no way.

Amazon Q Developer and Kiro make an application for each profile (amazonq/latest/qdeveloper-ug/subscribe-understanding-
profile.html): `QDevProfile-us-east-1`, `KiroProfile-eu-central-1`. Only users who are active there are charged, and a
month that has begun is charged whole, so what is counted is the most it can be.
"""

from collections.abc import Mapping

from scim_bridge.model.text import folded

_PROFILES = ("QDevProfile-", "KiroProfile-")


def takes_seat(name: str, prices: Mapping[str, float]) -> bool:
    """Whether each user of the application of this name is paid for."""
    return any(folded(name).startswith(folded(begin)) for begin in (*_PROFILES, *prices))


def price_of(name: str, prices: Mapping[str, float]) -> float | None:
    """What a user of it costs a month: by the longest name that fits; None where none does."""
    fitting = [begin for begin in prices if folded(name).startswith(folded(begin))]
    return prices[max(fitting, key=len)] if fitting else None
