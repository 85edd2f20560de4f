"""Sends a message to the places of `alerts.to`, through Apprise (https://appriseit.com).

Apprise knows a hundred services, so it is imported only when there is something to send. Its URLs hold passwords and
tokens: they are read when they are needed, and neither they nor what Apprise says of them ever reaches the log.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from scim_bridge.config.secret import Secret
from scim_bridge.errors import Misconfigured

for _name in ("apprise", "urllib3", "requests"):
    # At every level they may name the URL, or its path with the token in it.
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
    logging.getLogger(_name).propagate = False
REFUSED = "the place did not accept it, or was not reached"


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome of a message to one place. place: the reference of its URL. error: "" if it was accepted."""

    place: str
    error: str = ""


def send(place: Secret, title: str, text: str) -> Sent:
    """Send to one place. Never raises for what the place does; takes ten seconds at the most for one attempt."""
    name = place.describe()
    try:
        url = place.read()
    except Misconfigured as error:
        return Sent(name, str(error))
    from apprise import Apprise, NotifyFormat

    one = Apprise()
    try:
        if not one.add(url):
            return Sent(name, f"{name} does not hold a URL that Apprise knows. See https://appriseit.com/services/")
        is_accepted = one.notify(title=title, body=text, body_format=NotifyFormat.TEXT)
    except Exception as error:  # noqa: BLE001 - a plugin of one service must not keep the others from hearing of it
        return Sent(name, f"sending failed ({type(error).__name__})")
    return Sent(name, "" if is_accepted else REFUSED)


def send_test(places: Iterable[Secret]) -> list[Sent]:
    """A test message to each place, for `alerts test` and for the button of the page."""
    text = "This is a test of scim-bridge. If you can read it, alerts reach you here. You need not do anything."
    return [send(place, "scim-bridge: a test", text) for place in places]
