"""What Entra and Google share as JSON over HTTPS: whose certificates to believe in, and what no answer means."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from scim_bridge.errors import AnswerLost, BridgeError, Misconfigured, SourceUnreadable, Unreachable

_LASTING = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")
"""TLS failures that waiting does not cure."""


@dataclass(slots=True)
class Trust:
    """Whose certificates to believe in: made once, for that reads a file of hundreds of them.

    ca_file: the authority in place of the public ones. setting: where it is configured.
    """

    ca_file: Path | None
    setting: str
    _made: ssl.SSLContext | None = field(default=None, init=False)

    def __call__(self) -> ssl.SSLContext:
        """Raises Misconfigured if the file of the authority cannot be read."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def _make(self) -> ssl.SSLContext:
        if self.ca_file is None:
            return httpx.create_ssl_context()
        try:
            return ssl.create_default_context(cafile=str(self.ca_file))
        except OSError as error:
            reason = error.strerror or "it holds no certificate in PEM"
            raise Misconfigured(
                f"{self.setting} {self.ca_file} cannot be read ({reason})", "Look at the file."
            ) from None


_READ = httpx.ByteStream(b"")


def read_out(answer: httpx.Response) -> httpx.Response:
    """An answer that leaves memory with its last use.

    httpx lets an answer and its stream name each other, and a run looks for no circles (run/sync.py): each of thousands
    of pages would stay to its end.
    """
    answer.stream = _READ
    return answer


def unanswered(error: httpx.HTTPError, who: str, way_out: str) -> BridgeError:
    """What it means that no whole answer came. way_out: where no secure connection can be made."""
    if any(sign in str(error) for sign in _LASTING):
        return SourceUnreadable(f"no secure connection to {who} can be made ({error})", way_out)
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)):
        return Unreachable(f"{who} cannot be reached ({str(error) or type(error).__name__})")
    return AnswerLost(f"the connection to {who} was lost before the whole answer ({type(error).__name__})")


def body_of(answer: httpx.Response, who: str, way_out: str) -> dict[str, Any]:
    """The body of a success. A page of a proxy in between is not an answer, whatever its status says."""
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        kind = answer.headers.get("content-type", "of no type")
        raise AnswerLost(f"{who} answers with what is not JSON ({kind})", way_out) from None
    if not isinstance(body, dict):
        raise AnswerLost(f"{who} answers with JSON that is not an object", way_out)
    return body
