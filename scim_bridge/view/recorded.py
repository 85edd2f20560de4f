"""What runs have recorded, said in the reader's language: a stored sentence is read back by the template that made it.

Conflicts, reasons, outcomes and the ends of runs are kept as English sentences, in the state and in the API. A page
in another language finds the template and the values of such a sentence (template.py) and says it by the translation of
the template. So rows of any age are understood, and no run has to know who will read it.

The templates are the sentences of the code itself; tests/service/recorded.py reads them off the code. The catalog
(service/locale/*/LC_MESSAGES/recorded.po) has them all, each with its translation.

Of several readings the one counts by which most of the text is ours. If two are equally good, since a name looks like a
part of a sentence, the sentence stays as it was recorded: a page never guesses what a run has meant.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from unicodedata import east_asian_width

from scim_bridge.view.template import Template, counted, words

_AND_MORE = "{names:list} and {n:number} more"
"""The template of a list that is not shown whole."""
_MORE = re.compile(r" and ([\d,]+) more$")
_LISTS = (
    (re.compile(r"[^\s,]+(?:, [^\s,]+)*(?: and [^\s,]+)?"), re.compile(r", | and ")),
    (re.compile(r"(?:[^(),]+ \([^()]+\)(?:, | and |$))+"), re.compile(r"(?<=\)), |(?<=\)) and ")),
)
"""Lists whose names are certain: none has a blank, or each has something in brackets after it. With what is between."""
_ROWS = ("; ", ", ", " and ")
"""What stands between clauses in a row."""
_LEAST = 5
"""Characters of a whole sentence that templates must have made; one with fewer fits the words of others, too."""
_LONGEST, _MOST_READINGS, _MOST_PARTS, _DEEPEST, _MOST_TRIED = 4_000, 40, 20, 8, 4_000
"""What is read at most: a text with more of anything holds a value that was made to be misread, or to take long."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what is said. is_foreign: it stands as it was recorded, for no template of ours made it."""

    text: str
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A reading of a text. known: how many of its characters templates of ours have made; own: the outermost one.

    holes: of that one.
    """

    pieces: tuple[Piece, ...]
    known: int = 0
    own: int = 0
    holes: int = 0

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """The more is ours, the less is left over, and the fewer templates and holes it takes, the better it is."""
        return self.known, -self.foreign, self.own, -self.holes

    @property
    def foreign(self) -> int:
        """How many characters stand as they were recorded, though they should be ours."""
        return sum(len(piece.text) for piece in self.pieces if piece.is_foreign)


class Recorded:
    """Says recorded sentences in one language. said: template → its translation; with none, nothing is changed."""

    def __init__(self, said: Mapping[str, str]) -> None:
        pairs = [(Template.of(text), Template.of(translation)) for text, translation in said.items()]
        self.whole = {template.literals[0]: to.literals[0] for template, to in pairs if not template.holes}
        self.holed: dict[str, list[tuple[Template, Template]]] = defaultdict(list)
        for template, to in pairs:
            if template.holes:
                self.holed[template.anchor].append((template, to))
        self.and_more = said.get(_AND_MORE, "")
        self.say = lru_cache(maxsize=20_000)(self._say)

    def _say(self, text: str) -> tuple[Piece, ...]:
        """A recorded text in this language, each line of it. What cannot be read stays, as a foreign piece."""
        if not self.holed:
            return (Piece(text),)
        lines = [self._line(line) for line in text.split("\n")]
        said = [piece for n, line in enumerate(lines) for piece in ((Piece("\n"), *line) if n else line)]
        return merged(
            [piece if not piece.is_foreign or _is_english(piece.text) else Piece(piece.text) for piece in said]
        )

    def _line(self, text: str) -> tuple[Piece, ...]:
        foreign = (Piece(text, is_foreign=True),)
        try:
            return _Reader(self).line(text).pieces if 0 < len(text) <= _LONGEST else foreign
        except _TooMuchError:
            return foreign


class _TooMuchError(Exception):
    """There are more ways to read a text than anyone would wait for."""


class _Reader:
    """Reads one line. Each part of it is read once, however many templates it could fill a hole of."""

    def __init__(self, language: Recorded) -> None:
        self._language = language
        self._read: dict[str, Said | None] = {}
        self._depth = 0
        self._tried = 0

    def line(self, text: str) -> Said:
        """A whole sentence, or several after each other, whichever leaves less over."""
        one, several = self._whole(text), self._sentences(text)
        return one if one is not None and one.rank >= several.rank else several

    def _sentences(self, text: str) -> Said:
        """Several sentences, the longest that can be read first."""
        stops = [found.start() + 1 for found in re.finditer(r"\.(?= |$)", text)]
        for start in (0, *(stop + 1 for stop in stops)):
            for end in (stop for stop in reversed(stops) if stop > start):
                said = self._whole(text[start:end]) if end - start < len(text) else None
                if said is not None:
                    before = (Piece(text[:start], is_foreign=True),) if start else ()
                    rest = self.line(text[end + 1 :]) if text[end + 1 :] else Said(())
                    return Said(merged([*before, *said.pieces, *rest.pieces]), said.known + rest.known)
        return Said((Piece(text, is_foreign=True),))

    def _whole(self, text: str) -> Said | None:
        """A sentence; its full stop may be of the template, or stand after it."""
        both = (self.read(text), _stopped(self.read(text[:-1])) if text.endswith(".") else None)
        said = max(filter(None, both), key=lambda one: one.rank, default=None)
        return said if said is not None and said.known >= min(_LEAST, len(text) // 2) else None

    def read(self, text: str) -> Said | None:
        """What this text says; None if no template made it, or if more than one can have."""
        if not text or self._depth > _DEEPEST:
            return None
        if text not in self._read:
            self._depth += 1
            # Pages and alerts begin a sentence with a capital.
            written = tuple(dict.fromkeys((text, text[0].lower() + text[1:])))
            fixed = next((self._language.whole[each] for each in written if each in self._language.whole), None)
            found = Said((Piece(fixed),), len(text), len(text)) if fixed is not None else self._made(text, written)
            self._read[text] = found
            self._depth -= 1
        return self._read[text]

    def _made(self, text: str, written: Sequence[str]) -> Said | None:
        """By one template, or several clauses in a row, whichever leaves less over."""
        one, several = self._best(written), self._row(text)
        return several if one is None or (several is not None and several.known > one.known) else one

    def _best(self, written: Sequence[str]) -> Said | None:
        """The reading by which most of the text is ours, if there is only one such."""
        best: set[Said] = set()
        rank = (0, 0, 0, 0)
        for template, to, values in self._fitting(written):
            # What it can make at most: most readings need not be looked at more closely.
            if template.length + template.inside(values) < rank[0]:
                continue
            self._tried += 1
            if self._tried > _MOST_TRIED:
                raise _TooMuchError
            said = self._filled(template, to, values)
            if said is not None and said.rank >= rank:
                best = {said} | (best if said.rank == rank else set())
                rank = said.rank
        return best.pop() if len(best) == 1 else None

    def _fitting(self, written: Sequence[str]) -> Iterator[tuple[Template, Template, tuple[str, ...]]]:
        """Each template that can have made this, with its translation and the values; the longest ones first."""
        for text in written:
            found = [pair for word in words(text) for pair in self._language.holed.get(word, ())]
            for template, to in sorted(found, key=lambda pair: -pair[0].length):
                if text is not written[0] and not template.literals[0]:
                    continue  # it begins with a value, whose letters stay as they are
                yield from ((template, to, values) for values in _few(template, text))

    def _filled(self, template: Template, to: Template, values: Sequence[str]) -> Said | None:
        filled = {name: self._value(kind, value) for (name, kind), value in zip(template.holes, values, strict=True)}
        if template.is_joint and not all(filled[name].known for name, kind in template.holes if kind == "said"):
            return None
        pieces = [Piece(to.literals[0])]
        for (name, _), after in zip(to.holes, to.literals[1:], strict=True):
            pieces += (*filled[name].pieces, Piece(after))
        known = template.length + sum(said.known for said in filled.values())
        return Said(merged(pieces), known, template.length, len(template.holes))

    def _value(self, kind: str, value: str) -> Said:
        """What fills a hole."""
        if kind in ("said", "place"):
            # A single word is the name of an attribute, a key, a type: it is the same in every language.
            return self.read(value) or Said((Piece(value, is_foreign=kind == "said" and " " in value),))
        if kind == "list":
            return Said((Piece(self._listed(value)),))
        number, noun = counted(kind, value)
        return Said((Piece(number),), len(noun))

    def _listed(self, value: str) -> str:
        """Several names; what stands between them is ours, where it is certain which of it is."""
        more = _MORE.search(value)
        names = value[: more.start()] if more else value
        for certain, between in _LISTS:
            if certain.fullmatch(names):
                names = "、".join(map(self._with_place, between.split(names)))
                break
        return self._language.and_more.replace("{names}", names).replace("{n}", more[1]) if more else names

    def _with_place(self, item: str) -> str:
        """ "ann (users.csv, line 17)": its place is said as a place."""
        name, _, place = item.removesuffix(")").partition(" (")
        said = self.read(place)
        return f"{name}（{''.join(piece.text for piece in said.pieces)}）" if said is not None else item

    def _row(self, text: str) -> Said | None:
        """Clauses in a row: all of them are ours, or it is not read."""
        for mark in _ROWS:
            parts = text.split(mark)
            if 1 < len(parts) <= _MOST_PARTS:
                said = [one for part in parts if (one := self.read(part)) is not None]
                if len(said) == len(parts):
                    between = (Piece("。" if mark == "; " else "、"),)
                    pieces = [p for n, one in enumerate(said) for p in (between if n else ()) + one.pieces]
                    return Said(merged(pieces), sum(one.known for one in said))
        return None


def _few(template: Template, text: str) -> Sequence[tuple[str, ...]]:
    found = list(islice(template.readings(text), _MOST_READINGS + 1))
    return found if len(found) <= _MOST_READINGS else ()


def _stopped(said: Said | None) -> Said | None:
    return Said((*said.pieces, Piece("。")), said.known, said.own) if said is not None else None


def merged(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The same, what belongs together in one piece, with a blank where Japanese and Latin letters meet alone."""
    found: list[Piece] = []
    for piece in filter(lambda piece: piece.text, pieces):
        text = piece.text
        if found and _is_wide(found[-1].text.rstrip(" ")[-1:]) and _is_wide(text.lstrip(" ")[:1]):
            found[-1] = Piece(found[-1].text.rstrip(" "), found[-1].is_foreign)
            text = text.lstrip(" ")
        if found and _is_apart(found[-1].text[-1:], text[:1]):
            text = f" {text}"
        if found and found[-1].is_foreign == piece.is_foreign:
            text = found.pop().text + text
        found.append(Piece(text, piece.is_foreign))
    return tuple(found)


def _is_wide(character: str) -> bool:
    return character != "" and east_asian_width(character) in "WF"


def _is_apart(before: str, after: str) -> bool:
    """Whether a blank stands between the two: a Japanese letter, and a Latin one or a digit."""
    return before.isalnum() and after.isalnum() and _is_wide(before) != _is_wide(after)


def _is_english(text: str) -> bool:
    """Whether it is written in Latin letters for the most part: what a person has noted may be in any language."""
    return sum(map(str.isascii, filter(str.isalpha, text))) * 2 > sum(map(str.isalpha, text))
