"""The template of a recorded sentence: a text with holes, and each way in which a sentence can have been made by it.

A hole has a name and a kind, which says what its value can be:

    {name}            any text
    {why:said}        a sentence, or a piece of one, that has a template itself
    {where:place}     a record's place in the source, such as "users.csv, line 17"
    {names:list}      several names: "ann, ben and 3 more"
    {value:quoted}    a value as Python writes it: 'ann', True
    {n:number}        a number: 1,840
    {n:member}        a number with that noun: "1 member", "3 members"
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

_HOLE = re.compile(r"\{([a-z_]\w*)(?::([\w ]*))?\}", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_MEETING = re.compile(r"(?=[ ,;(])|$")
_STOP = re.compile(r"[;:] ")
"""What no place of a record has; else a whole sentence before it might be taken for one."""
_NUMBER = re.compile(r"-?\d[\d.,]*")
_QUOTED = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|True|False|None|-?\d+(?:\.\d+)?|[\w.]*[(\[{].*[)\]}]""", re.DOTALL
)
_ANY = frozenset({"", "said", "list", "place"})
_PLAIN = _ANY | {"number", "quoted"}


@dataclass(frozen=True)
class Template:
    """A sentence with holes. literals: the text before, between and after them. holes: name and kind of each."""

    literals: tuple[str, ...]
    holes: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, text: str) -> "Template":
        """A sentence as a catalog has it."""
        pieces = _HOLE.split(text)
        return cls(tuple(pieces[::3]), tuple(zip(pieces[1::3], (kind or "" for kind in pieces[2::3]), strict=True)))

    @cached_property
    def anchor(self) -> str:
        """The longest word of every sentence that this template makes, by which it is found; "" if none is sure."""
        # A hole can continue the word beside it: "{kind}s".
        last = len(self.literals) - 1
        sure = [
            word[0]
            for n, literal in enumerate(self.literals)
            for word in _WORD.finditer(literal)
            if (n == 0 or word.start() > 0) and (n == last or word.end() < len(literal))
        ]
        return max(sure, key=len, default="")

    @cached_property
    def length(self) -> int:
        """How many characters of a sentence it makes itself."""
        return sum(map(len, self.literals))

    @cached_property
    def is_joint(self) -> bool:
        """Whether it has no words itself. Then it fits nearly everything, and what it joins must all be ours."""
        return _WORD.search(" ".join(self.literals)) is None

    def inside(self, values: Sequence[str]) -> int:
        """How many characters of these values other templates can have made."""
        return sum(
            len(value) if kind in ("said", "place") else len(counted(kind, value)[1])
            for (_, kind), value in zip(self.holes, values, strict=True)
        )

    def readings(self, text: str) -> Iterator[tuple[str, ...]]:
        """Each way in which this text can have been made by filling the holes: the values, in order."""
        first, last = self.literals[0], self.literals[-1]
        if text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last):
            yield from self._filled(text, 0, len(first))

    def _filled(self, text: str, hole: int, start: int) -> Iterator[tuple[str, ...]]:
        kind, after = self.holes[hole][1], self.literals[hole + 1]
        last = len(text) - len(self.literals[-1])
        if hole == len(self.holes) - 1:
            if start <= last and _can_be(kind, text[start:last]):
                yield (text[start:last],)
            return
        # Where two holes meet, the second holds a piece that begins with a mark ("; limits stop it"), or nothing.
        ends = _find(after, text, start) if after else (found.start() for found in _MEETING.finditer(text, start, last))
        for end in ends:
            if _can_be(kind, text[start:end]):
                for rest in self._filled(text, hole + 1, end + len(after)):
                    yield (text[start:end], *rest)


def words(text: str) -> frozenset[str]:
    """The words of a text, and "": the anchors that it can have."""
    return frozenset(("", *_WORD.findall(text)))


def counted(kind: str, value: str) -> tuple[str, str]:
    """The number and the noun of what is counted; other values have no noun."""
    if kind in _PLAIN:
        return value, ""
    number, _, noun = value.partition(" ")
    return number, noun


def _find(part: str, text: str, start: int) -> Iterator[int]:
    while (start := text.find(part, start)) >= 0:
        yield start
        start += 1


def _can_be(kind: str, value: str) -> bool:
    """Whether a hole of this kind can hold this value."""
    if kind in _ANY:
        return kind != "place" or _STOP.search(value) is None
    if kind == "quoted":
        return _QUOTED.fullmatch(value) is not None
    number, noun = counted(kind, value)
    return _NUMBER.fullmatch(number) is not None and (kind == "number" or noun in (kind, f"{kind}s"))
