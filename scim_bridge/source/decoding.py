"""A file's bytes become text, or a sentence that says where they can't. Nothing is guessed from statistics."""

import codecs
import os
from pathlib import Path

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Unreadable(Exception):
    """A file that cannot be trusted: one sentence that names file and place."""


def read_text(path: Path, encoding: str) -> str:
    """The whole file as text, without its byte order mark.

    encoding: "auto" = by byte order mark, else strict UTF-8; any other name is taken at its word. Raises Unreadable.
    """
    data = _read_still(path)
    name = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8") if encoding == "auto" else encoding
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        raise Unreadable(_undecodable(path, data, error, encoding)) from None
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise Unreadable(f"{path.name}, line {line}: a NUL character; is this UTF-16 without a byte order mark?")
    return text


def _read_still(path: Path) -> bytes:
    """The bytes of a file that nobody is writing to: size and time are the same before and after."""
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            data = file.read()
            after = os.fstat(file.fileno())
    except FileNotFoundError:
        raise Unreadable(f"{path.name}: there is no such file ({path})") from None
    except OSError as error:
        raise Unreadable(f"{path.name}: cannot be read ({error.strerror})") from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise Unreadable(f"{path.name}: is being written at this moment; try again when it is complete")
    return data


def _undecodable(path: Path, data: bytes, error: UnicodeDecodeError, encoding: str) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    where = f"{path.name}, line {line}: byte {error.start} is not {'UTF-8' if encoding == 'auto' else encoding}"
    if encoding != "auto":
        return f"{where}; but the file is valid UTF-8: declare `encoding: auto`" if is_utf8(data) else where
    if not _decodes(data, "cp932"):
        return f"{where}; declare the file's encoding (source.encoding)"
    return f"{where}; it would decode as cp932 (Japanese Excel): if it is, declare `encoding: cp932`"


def is_utf8(data: bytes) -> bool:
    """Whether these bytes are UTF-8 and not ASCII alone, which is nearly every encoding."""
    return not data.isascii() and _decodes(data, "utf-8")


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
