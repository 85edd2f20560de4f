"""Secrets by reference: `env:NAME` or `file:PATH`, read again each time they are needed, shown nowhere."""

import os
import re
from pathlib import Path
from typing import Literal

from scim_bridge.config import form
from scim_bridge.errors import Misconfigured

What = Literal["token", "password", "secret", "key", "URL"]
_WORD, _LINE = re.compile(r"[!-~]+"), re.compile(r"[^\r\n]+")
_FORMS = {"token": _WORD, "password": _LINE, "secret": _LINE, "key": re.compile(r"[\s\S]+"), "URL": _WORD}
"""A token fits into an HTTP header as one word, a password or a client's secret is a line, a key (PEM) several: else it
is something else that was pasted in by accident."""


class Secret:
    """A reference to a secret, or (for loopback targets only) the secret itself. Its text never shows it.

    folder: what a relative file: path is relative to. what: what it is a secret of, for its form and for messages.
    """

    __slots__ = ("_folder", "_kind", "_rest", "_what")

    def __init__(self, reference: str, folder: Path, what: What = "token") -> None:
        self._what = what
        kind, _, rest = reference.partition(":")
        self._kind, self._rest = (kind, rest.strip()) if kind in ("env", "file") else ("plain", reference)
        self._folder = folder

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)

    @property
    def _parts(self) -> tuple[str, str, Path, What]:
        return self._kind, self._rest, self._folder, self._what

    @property
    def reference(self) -> str:
        """Where the secret is, never the secret: "env:NAME", "file:PATH", "" if the configuration holds it."""
        return "" if self._kind == "plain" else f"{self._kind}:{self._rest}"

    def read(self) -> str:
        """The secret, without white space around a token, and without the last line's end.

        Raises Misconfigured, naming variable or file, if there is none.
        """
        if self._kind == "plain":
            return self._rest
        where, value = self._variable() if self._kind == "env" else self._file()
        if not _FORMS[self._what].fullmatch(value):
            raise Misconfigured(self._what_is_wrong(where, value), self._put_it_there(", on one line"))
        return value

    def _what_is_wrong(self, where: str, value: str) -> str:
        if self._what == "token":
            try:
                form.without_blanks(value)
            except ValueError as blank:
                return f"the token in {where}{str(blank).partition(';')[0]}"
        return f"{where} does not hold a {self._what} alone"

    def _trimmed(self, value: str) -> str:
        return value.strip() if self._what == "token" else value.rstrip("\r\n")

    def _put_it_there(self, how: str = "") -> str:
        return f"Put the {self._what} there{how}."

    def _variable(self) -> tuple[str, str]:
        value = self._trimmed(os.environ.get(self._rest, ""))
        if not value:
            what = f"the environment variable {self._rest} is not set"
            raise Misconfigured(what, f"Set it to the {self._what}: export {self._rest}=…")
        return f"the environment variable {self._rest}", value

    def _file(self) -> tuple[str, str]:
        path = self._folder / self._rest
        try:
            value = self._trimmed(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise Misconfigured(
                f"the secret file {path} cannot be read ({error.strerror})", self._put_it_there()
            ) from None
        except UnicodeDecodeError:
            raise Misconfigured(f"the secret file {path} is not text", self._put_it_there()) from None
        if not value:
            raise Misconfigured(f"the secret file {path} is empty", self._put_it_there())
        return f"the secret file {path}", value

    def describe(self) -> str:
        """Where the secret is, never what it is."""
        return "given in the file" if self._kind == "plain" else f"{self._kind}:{self._rest}"

    def __repr__(self) -> str:
        return f"Secret({self.describe()})"
