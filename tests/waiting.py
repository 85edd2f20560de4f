"""Waiting that does not hope for a pace: until something is so, and for an answer that must not come."""

import http.client
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 120.0
"""Seconds for what happens in a moment where the machine is not busy. Only a test that fails uses them up."""
_NO_ANSWER = 0.1


def until(is_so: Callable[[], object]) -> None:
    """Return once this is so. Raises TimeoutError if it is not so for two minutes."""
    end = monotonic() + PATIENCE
    while not is_so():
        if monotonic() > end:
            raise TimeoutError("what the test waits for did not happen")
        sleep(0.005)


class SentRequest:
    """A request that is under way, on a connection of its own."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def has_answer(self) -> bool:
        """Whether the answer begins within a tenth of a second. Ask once it is known that the request has arrived."""
        self._connection.sock.settimeout(_NO_ANSWER)
        try:
            self._connection.getresponse()
        except TimeoutError:
            return False
        return True

    def give_up(self) -> None:
        """Close the connection, as a client does that has lost its patience."""
        self._connection.close()


@contextmanager
def sent(
    method: str, url: str, token: str, body: Any = None, tls: ssl.SSLContext | None = None
) -> Iterator[SentRequest]:
    """Send a request and do not wait for its answer."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port)
    connection = (
        http.client.HTTPConnection(*address, timeout=PATIENCE)
        if tls is None
        else http.client.HTTPSConnection(*address, timeout=PATIENCE, context=tls)
    )
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    connection.request(method, parts.path, None if body is None else json.dumps(body), headers)
    try:
        yield SentRequest(connection)
    finally:
        connection.close()
