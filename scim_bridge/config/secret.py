"""Secrets by reference: `env:NAME` or `file:PATH`, read anew each time they are needed, shown nowhere."""

import os
import re
from pathlib import Path

from scim_bridge.errors import Misconfigured

_SENDABLE = re.compile(r"[!-~]+")
"""What fits into an HTTP header as one word; anything else was pasted in by accident."""


class Secret:
    """A reference to a secret, or (for loopback targets only) the secret itself. Its text never shows it.

    folder: what a relative file: path is relative to.
    """

    __slots__ = ("_folder", "_kind", "_rest")

    def __init__(self, reference: str, folder: Path) -> None:
        kind, _, rest = reference.partition(":")
        self._kind, self._rest = (kind, rest) if kind in ("env", "file") else ("plain", reference)
        self._folder = folder

    def read(self) -> str:
        """The secret, stripped of white space. Raises Misconfigured, naming variable or file, if there is none."""
        if self._kind == "plain":
            return self._rest
        where, value = self._found()
        if not _SENDABLE.fullmatch(value):
            raise Misconfigured(f"{where} does not hold a token alone", "Put the token there, on one line.")
        return value

    def read_lines(self) -> str:
        """The secret as text of several lines, such as a private key in PEM. Raises Misconfigured if there is none."""
        return self._rest if self._kind == "plain" else self._found()[1]

    def _found(self) -> tuple[str, str]:
        return self._variable() if self._kind == "env" else self._file()

    def _variable(self) -> tuple[str, str]:
        value = os.environ.get(self._rest, "").strip()
        if not value:
            what = f"the environment variable {self._rest} is not set"
            raise Misconfigured(what, f"Set it to the token: export {self._rest}=…")
        return f"the environment variable {self._rest}", value

    def _file(self) -> tuple[str, str]:
        path = self._folder / self._rest
        try:
            value = path.read_text(encoding="utf-8-sig").strip()
        except OSError as error:
            raise Misconfigured(
                f"the secret file {path} cannot be read ({error.strerror})", "Put the token there."
            ) from None
        except UnicodeDecodeError:
            raise Misconfigured(f"the secret file {path} is not text", "Put the token there.") from None
        if not value:
            raise Misconfigured(f"the secret file {path} is empty", "Put the token there.")
        return f"the secret file {path}", value

    def describe(self) -> str:
        """Where the secret is, never what it is."""
        return "given in the file" if self._kind == "plain" else f"{self._kind}:{self._rest}"

    def __repr__(self) -> str:
        return f"Secret({self.describe()})"
