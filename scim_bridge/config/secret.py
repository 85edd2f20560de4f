"""Secrets by reference: `env:NAME` or `file:PATH`, read anew each time they are needed, shown nowhere."""

import os
from pathlib import Path

from scim_bridge.errors import Misconfigured


class Secret:
    """A reference to a secret, or (for loopback targets only) the secret itself. Its text never shows it."""

    def __init__(self, reference: str, folder: Path) -> None:
        kind, _, rest = reference.partition(":")
        self.is_plain = kind not in ("env", "file") or not rest
        self._kind, self._rest = ("plain", reference) if self.is_plain else (kind, rest)
        self._folder = folder

    def read(self) -> str:
        """The secret, stripped of white space. Raises Misconfigured, naming variable or file, if there is none."""
        if self._kind == "plain":
            return self._rest
        if self._kind == "env":
            value = os.environ.get(self._rest, "").strip()
            if not value:
                what = f"the environment variable {self._rest} is not set"
                raise Misconfigured(what, f"Set it to the token: export {self._rest}=…")
            return value
        path = self._folder / self._rest
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise Misconfigured(f"the secret file {path} cannot be read", "Put the token there.") from None
        if not value:
            raise Misconfigured(f"the secret file {path} is empty", "Put the token there.")
        return value

    def describe(self) -> str:
        """Where the secret is, never what it is."""
        return "given in the file" if self._kind == "plain" else f"{self._kind}:{self._rest}"

    def __repr__(self) -> str:
        return f"Secret({self.describe()})"
