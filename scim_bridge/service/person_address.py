"""The address of a user's or group's page. Ids are whatever a directory has: slashes, blanks, dots, any character.

An id stands in the path percent-encoded. Browsers and servers take a path apart at "/", drop "." and "..", and do not
agree about "%2F", so an id that has such a part goes into the query instead.
"""

from urllib.parse import quote

from scim_bridge.model.identity import Whom


def address_of(connection: str, whom: Whom) -> str:
    """Where the page of one is."""
    begin = f"/people/{quote(connection, safe='')}/{whom.kind}"
    is_plain = bool(whom.id) and "/" not in whom.id and whom.id.strip(".") != ""
    side = "" if whom.side == "source" else "?side=target"
    if is_plain:
        return f"{begin}/{quote(whom.id, safe='')}{side}"
    return f"{begin}?id={quote(whom.id, safe='')}{side.replace('?', '&')}"
