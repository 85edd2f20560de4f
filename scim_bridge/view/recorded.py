"""What runs have recorded, said in the reader's language: a stored sentence is read back by the template that made it.

Conflicts, reasons, outcomes and the ends of runs are kept as English sentences, in the state and in the API. A page
in another language finds the template and the values of such a sentence and says it by the translation of the
template, so rows of any age are understood and no run has to know who will read it.

The templates are the sentences of the code itself, with holes where values are filled in; tests/service/recorded.py
reads them off the code and says what a hole's name and kind mean. The catalog (locale/*/LC_MESSAGES/recorded.po) has
them all, each with its translation.

A sentence that has two readings, since a name in it looks like a part of a sentence, stays as it was recorded. So a
page never says something else than what was recorded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from unicodedata import east_asian_width

_HOLE = re.compile(r"\{([a-z_]\w*)(?::([\w ]*))?\}", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"-?\d[\d.,]*")
_QUOTED = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|True|False|None|-?\d+(?:\.\d+)?|[\w.]*[(\[{].*[)\]}]""", re.DOTALL
)
"""A value as Python writes it."""
_MEETING = re.compile(r"(?=[ ,;(])|$")
_MORE = re.compile(r" and ([\d,]+) more$")
_AND_MORE = "{names:list} and {n:number} more"
"""The template of a list that is not shown whole."""
_LISTS = (
    (re.compile(r"[^\s,]+(?:, [^\s,]+)*(?: and [^\s,]+)?"), re.compile(r", | and ")),
    (re.compile(r"(?:[^(),]+ \([^()]+\)(?:, | and |$))+"), re.compile(r"(?<=\)), |(?<=\)) and ")),
)
"""Lists whose names are certain: none has a blank, or each has something in brackets after it. With what is between."""
_STOP = re.compile(r"[;:] ")
"""What no place of a record has; else a whole sentence before it might be taken for one."""
_ANY = frozenset({"", "said", "list", "place"})
"""The kinds of holes that can hold every text."""
_LONGEST = 4_000
"""Characters of a sentence that is read; what is longer holds a value that is no name."""
_MOST_READINGS = 200
"""Ways to fill one template that are tried. A text with more is one that someone made to be misread."""
_MOST_PARTS = 20
_LEAST = 5
"""Characters of a whole sentence that a template must have made; one with fewer fits the words of others, too."""
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what is said. is_foreign: it stands as it was recorded, for no template of ours made it."""

    text: str
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence with holes. literals: the text before, between and after them. holes: name and kind of each."""

    literals: tuple[str, ...]
    holes: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, text: str) -> "Template":
        """A sentence as a catalog has it."""
        pieces = _HOLE.split(text)
        return cls(tuple(pieces[::3]), tuple(zip(pieces[1::3], (kind or "" for kind in pieces[2::3]), strict=True)))

    @property
    def anchor(self) -> str:
        """The longest part that a sentence made by this template must have."""
        return max(self.literals, key=len)

    @property
    def is_joint(self) -> bool:
        """Whether it has no words itself. Then what it joins must all be ours."""
        return _WORD.search(" ".join(self.literals)) is None

    def readings(self, text: str) -> Iterator[tuple[str, ...]]:
        """Each way in which this text can have been made by filling the holes: the values, in order."""
        first, last = self.literals[0], self.literals[-1]
        if not self.holes:
            if text == first:
                yield ()
        elif text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last):
            yield from self._filled(text, 0, len(first))

    def _filled(self, text: str, hole: int, start: int) -> Iterator[tuple[str, ...]]:
        kind, after = self.holes[hole][1], self.literals[hole + 1]
        last = len(text) - len(self.literals[-1])
        if hole == len(self.holes) - 1:
            if start <= last and _can_be(kind, text[start:last]):
                yield (text[start:last],)
            return
        # Where two holes meet, the second holds a piece that begins with a mark, such as "; limits stop it", or nothing.
        ends = _find(after, text, start) if after else (found.start() for found in _MEETING.finditer(text, start, last))
        for end in ends:
            if _can_be(kind, text[start:end]):
                for rest in self._filled(text, hole + 1, end + len(after)):
                    yield (text[start:end], *rest)


def _find(part: str, text: str, start: int) -> Iterator[int]:
    while (start := text.find(part, start)) >= 0:
        yield start
        start += 1


def _can_be(kind: str, value: str) -> bool:
    """Whether a hole of this kind can hold this value."""
    if kind in _ANY:
        return kind != "place" or _STOP.search(value) is None
    if kind == "number":
        return _NUMBER.fullmatch(value) is not None
    if kind == "quoted":
        return _QUOTED.fullmatch(value) is not None
    number, _, noun = value.partition(" ")
    return _NUMBER.fullmatch(number) is not None and noun in (kind, f"{kind}s")


@dataclass(frozen=True, slots=True)
class _Said:
    """A reading of a text. known: how many of its characters templates of ours have made; own: the outermost of them."""

    pieces: tuple[Piece, ...]
    known: int
    own: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """The more is ours, the less is left over, and the fewer templates it takes, the better it is."""
        return self.known, -sum(len(piece.text) for piece in self.pieces if piece.is_foreign), self.own


class Recorded:
    """Says recorded sentences in one language. said: template → its translation."""

    def __init__(self, said: Mapping[str, str]) -> None:
        pairs = [(Template.of(text), Template.of(translation)) for text, translation in said.items()]
        self._whole = {template.literals[0]: to.literals[0] for template, to in pairs if not template.holes}
        self._holed = [(template, to, template.anchor) for template, to in pairs if template.holes]
        self._and_more = said.get(_AND_MORE, "")
        self._depth = 0
        self._read = lru_cache(maxsize=50_000)(self._reading)

    def say(self, text: str) -> tuple[Piece, ...]:
        """A recorded text in this language, each line of it. What cannot be read stays, as a foreign piece."""
        if not self._holed:
            return (Piece(text),)
        lines = [self._line(line) for line in text.split("\n")]
        said = [piece for n, line in enumerate(lines) for piece in ((Piece("\n"), *line) if n else line)]
        return _merged([piece if not piece.is_foreign or _is_english(piece.text) else Piece(piece.text) for piece in said])

    def _line(self, text: str) -> tuple[Piece, ...]:
        if not text or len(text) > _LONGEST:
            return (Piece(text, is_foreign=bool(text)),)
        said = self._whole_read(text)
        return said.pieces if said is not None else self._sentences(text)

    def _whole_read(self, text: str) -> _Said | None:
        said = self._read(text)
        return said if said is not None and said.known >= min(_LEAST, len(text) // 2) else None

    def _sentences(self, text: str) -> tuple[Piece, ...]:
        """Several sentences after each other, the longest that can be read first."""
        stops = [found.start() + 1 for found in re.finditer(r"\.(?= |$)", text)]
        for start in (0, *(stop + 1 for stop in stops)):
            for end in (stop for stop in reversed(stops) if stop > start):
                said = self._whole_read(text[start:end])
                if said is None and (said := self._whole_read(text[start : end - 1])) is not None:
                    said = _Said((*said.pieces, Piece("。")), said.known, said.own)
                if said is not None:
                    before = (Piece(text[:start], is_foreign=True),) if start else ()
                    return _merged([*before, *said.pieces, *self._line(text[end + 1 :])])
        return (Piece(text, is_foreign=True),)

    def _reading(self, text: str) -> _Said | None:
        """What this text says; None if no template made it, or if more than one can have."""
        if not text or self._depth > _DEEPEST:
            return None
        # Pages and alerts begin a sentence with a capital.
        both = tuple(dict.fromkeys((text, text[0].lower() + text[1:])))
        whole = next((self._whole[written] for written in both if written in self._whole), None)
        if whole is not None:
            return _Said((Piece(whole),), len(text), len(text))
        self._depth += 1
        try:
            return self._best(both) or self._parts(text)
        finally:
            self._depth -= 1

    def _best(self, written: Sequence[str]) -> _Said | None:
        """The reading by which most of the text is ours, if there is only one such."""
        found = {
            said
            for text in written
            for template, to, anchor in self._holed
            if anchor in text
            for values in _few(template, text)
            if (said := self._filled(template, to, values)) is not None
        }
        most = max((said.rank for said in found), default=None)
        best = [said for said in found if said.rank == most]
        return best[0] if len(best) == 1 else None

    def _filled(self, template: Template, to: Template, values: Sequence[str]) -> _Said | None:
        filled = {name: self._value(kind, value) for (name, kind), value in zip(template.holes, values, strict=True)}
        if template.is_joint and any(p.is_foreign for said in filled.values() for p in said.pieces):
            return None
        pieces = [Piece(to.literals[0])]
        for (name, _), after in zip(to.holes, to.literals[1:], strict=True):
            pieces += (*filled[name].pieces, Piece(after))
        own = sum(map(len, template.literals))
        return _Said(_merged(pieces), own + sum(said.known for said in filled.values()), own)

    def _value(self, kind: str, value: str) -> _Said:
        """What fills a hole."""
        if kind in ("said", "place"):
            # A single word is the name of an attribute, a key, a type: it is the same in every language.
            foreign = Piece(value, is_foreign=kind == "said" and " " in value)
            return self._read(value) or _Said((foreign,), 0, 0)
        if kind == "list":
            return _Said((Piece(self._listed(value)),), 0, 0)
        is_plain = kind in _ANY or kind in ("number", "quoted")
        number, _, noun = ("", "", "") if is_plain else value.partition(" ")
        return _Said((Piece(number or value),), len(noun), 0)

    def _listed(self, value: str) -> str:
        """Several names; what stands between them is ours, where it is certain which of it is."""
        more = _MORE.search(value)
        names = value[: more.start()] if more else value
        for certain, between in _LISTS:
            if certain.fullmatch(names):
                names = "、".join(map(self._with_place, between.split(names)))
                break
        return self._and_more.replace("{names}", names).replace("{n}", more[1]) if more else names

    def _with_place(self, item: str) -> str:
        """ "ann (users.csv, line 17)": its place is said as a place."""
        name, _, place = item.removesuffix(")").partition(" (")
        said = self._read(place) if place else None
        return f"{name}（{''.join(piece.text for piece in said.pieces)}）" if said is not None else item

    def _parts(self, text: str) -> _Said | None:
        """Clauses in a row: all of them are ours, or it is not read."""
        for mark in ("; ", ", ", " and "):
            parts = text.split(mark)
            if 1 < len(parts) <= _MOST_PARTS:
                said = [one for part in parts if (one := self._read(part)) is not None]
                if len(said) == len(parts):
                    between = (Piece("。" if mark == "; " else "、"),)
                    pieces = [p for n, one in enumerate(said) for p in (between if n else ()) + one.pieces]
                    return _Said(_merged(pieces), sum(one.known for one in said), 0)
        return None


def _few(template: Template, text: str) -> Sequence[tuple[str, ...]]:
    found = list(islice(template.readings(text), _MOST_READINGS + 1))
    return found if len(found) <= _MOST_READINGS else ()


def _merged(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The same, what belongs together in one piece, and no blank between two characters that are written without."""
    found: list[Piece] = []
    for piece in filter(lambda piece: piece.text, pieces):
        text = piece.text
        if found and _is_wide(found[-1].text.rstrip(" ")[-1:]) and _is_wide(text.lstrip(" ")[:1]):
            found[-1] = Piece(found[-1].text.rstrip(" "), found[-1].is_foreign)
            text = text.lstrip(" ")
        if found and found[-1].is_foreign == piece.is_foreign:
            text = found.pop().text + text
        found.append(Piece(text, piece.is_foreign))
    return tuple(found)


def _is_english(text: str) -> bool:
    """Whether it is written in Latin letters for the most part: what a person has noted may be in any language."""
    return sum(map(str.isascii, filter(str.isalpha, text))) * 2 > sum(map(str.isalpha, text))


def _is_wide(character: str) -> bool:
    return character != "" and east_asian_width(character) in "WF"
