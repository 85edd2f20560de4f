"""The opaque tokens of next links and delta links: sealed, so that one that was made up or bent is seen."""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Any

import orjson

_SEAL = 12


class Sealer:
    """Puts values into tokens and takes them out again. Tokens of another emulator do not open."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def seal(self, value: dict[str, Any]) -> str:
        """A token that holds this JSON object."""
        content = orjson.dumps(value)
        return base64.urlsafe_b64encode(self._mark(content) + content).rstrip(b"=").decode()

    def open(self, token: str) -> dict[str, Any] | None:
        """What a token holds, None if it is not one of ours."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return None
        mark, content = raw[:_SEAL], raw[_SEAL:]
        if not hmac.compare_digest(mark, self._mark(content)):
            return None
        opened: dict[str, Any] = orjson.loads(content)
        return opened

    def _mark(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, hashlib.sha256)[:_SEAL]
