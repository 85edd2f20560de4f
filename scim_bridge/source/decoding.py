"""A file's bytes become text, or a sentence that says where they can't. Nothing is guessed from statistics."""

import codecs
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_MARKS = "\ufeff\u200b\u2060"
"""What no one sees at the beginning: a byte order mark, also a second one, and what stands for it since Unicode 3.2."""
_CANDIDATES = ("cp932", "euc_jp", "cp1252")
"""What spreadsheets and directories write where it is not Unicode, in the order in which it is offered."""
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff]")
"""Control characters and those of private use: where a wrong encoding shows."""
_CELL_END = re.compile(r"[,;\t|\"\r\n]")
_AROUND = 24
_LONGEST = 4
"""Bytes of a character at most, in all encodings that are in use."""


class Unreadable(Exception):
    """A file that cannot be trusted: one sentence that names file and place."""


def read_text(path: Path, encoding: str) -> tuple[str, str]:
    """The whole file as text, without its byte order mark, and the digest of its bytes.

    encoding: "auto" = by byte order mark, else strict UTF-8; any other name is used as given. Raises Unreadable.
    """
    with _at_rest(path) as file:
        data = file.read()
        if len(data) != os.fstat(file.fileno()).st_size:
            raise _being_written(path)
    return _decoded(path, data, encoding), hashlib.sha256(data).hexdigest()


def digest_of(path: Path) -> str:
    """The digest of a file's bytes, which are not kept. Raises Unreadable."""
    with _at_rest(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def begins_with(path: Path, head: str, encoding: str) -> bool:
    """Whether a file begins with this text, of which no more than that is read. Raises Unreadable."""
    with _at_rest(path) as file:
        data = file.read(_LONGEST * (len(head) + 2))
    try:
        text = codecs.getincrementaldecoder(_name(data, encoding))().decode(data)  # may end in mid-character
    except UnicodeDecodeError:
        return False
    return text.lstrip(_MARKS).startswith(head)


def _name(data: bytes, encoding: str) -> str:
    if encoding != "auto":
        return encoding
    return next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")


def _decoded(path: Path, data: bytes, encoding: str) -> str:
    name = _name(data, encoding)
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        raise Unreadable(_undecodable(path, data, error, encoding)) from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise Unreadable(f"{path.name}, line {line}: a NUL character, {_nul(data)}")
    return text.lstrip(_MARKS)


@contextmanager
def _at_rest(path: Path) -> Iterator[BufferedReader]:
    """A file, opened, that no one is writing to: size and time are the same before and after."""
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            yield file
            after = os.fstat(file.fileno())
    except FileNotFoundError:
        raise Unreadable(f"{path.name}: there is no such file ({path})") from None
    except OSError as error:
        raise Unreadable(f"{path.name}: cannot be read ({error.strerror})") from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise _being_written(path)


def _being_written(path: Path) -> Unreadable:
    return Unreadable(f"{path.name}: is being written at this moment; try again when it is complete")


def _undecodable(path: Path, data: bytes, error: UnicodeDecodeError, encoding: str) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    declared = "UTF-8" if encoding == "auto" else encoding
    where = f"{path.name}, line {line}: byte {error.start} is not {declared}"
    if _is_cut(data, error):
        return (
            f"{path.name}, line {line}: the file ends in the middle of a character; it was cut short, export it again"
        )
    if encoding != "auto" and is_utf8(data):
        return f"{where}; but the file is valid UTF-8: {_declare('auto')}"
    fitting = [name for name in _fitting(data) if name != encoding]
    return f"{where}; {_advice(data, error.start, fitting)}"


def _is_cut(data: bytes, error: UnicodeDecodeError) -> bool:
    """Whether all is well up to the last character, of which only the first bytes are there."""
    whole = data[: error.start]
    is_open = error.reason in ("unexpected end of data", "incomplete multibyte sequence", "truncated data")
    return is_open and not whole.isascii() and is_text(whole, error.encoding)


def _nul(data: bytes) -> str:
    """Why there is a NUL: every second byte of Latin letters is one in UTF-16, and where they are says which."""
    fitting = _fitting(data)
    if not fitting:
        return "which no text holds; leave it out of the export"
    return f"as in UTF-16 without a byte order mark; {_advice(data, 0, fitting)}"


def _advice(data: bytes, at: int, fitting: Sequence[str]) -> str:
    """Which encodings fit, with what stands around a byte under each: a person sees which of them is right."""
    looks = " or ".join(f"{name} ({_word(data, at, name)!r})" for name in fitting)
    if len(fitting) == 1:
        return f"it would decode as {looks}: if that is right, {_declare(fitting[0])}"
    if fitting:
        return f"it would decode as {looks}: declare the one that is right, such as {_declaration(fitting[0])}"
    return "declare the file's encoding (source.encoding)"


def _fitting(data: bytes) -> list[str]:
    """The encodings under which these bytes are text; which of them it was, only a person can tell."""
    if data.count(0) * 10 < len(data):
        return [name for name in _CANDIDATES if is_text(data, name)]
    name = "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
    return [name] if is_text(data, name) else []


def is_text(data: bytes, encoding: str) -> bool:
    """Whether these bytes are text in an encoding, without characters that no text holds."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return _NO_TEXT.search(text) is None


def _word(data: bytes, at: int, encoding: str) -> str:
    """What stands in the cell with this byte. Decoded up to it, for a character may begin at any byte before."""
    before = data[:at].decode(encoding, "ignore")
    text = data.decode(encoding)
    start = len(before)
    cell = _CELL_END.split(text[start : start + _AROUND])[0]
    head = _CELL_END.split(text[max(0, start - _AROUND) : start])[-1]
    return f"{head}{cell}".strip() or text[start : start + 1]


def _declare(encoding: str) -> str:
    return f"declare {_declaration(encoding)}"


def _declaration(encoding: str) -> str:
    return f"`encoding: {encoding}` (init: --encoding {encoding})"


def is_utf8(data: bytes) -> bool:
    """Whether these bytes are UTF-8 and not ASCII alone, which is nearly every encoding."""
    return not data.isascii() and is_text(data, "utf-8")
