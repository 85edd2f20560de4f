"""The sentences of the switch report in the language that was asked for (templates/switch.toml)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = ("en", "ja")
Table = Mapping[str, Mapping[str, tuple[str, ...]]]


@cache
def sentences() -> Table:
    """Part → key → the sentence in each of LANGUAGES."""
    file = Path(__file__).parent / "templates" / "switch.toml"
    return {
        part: {key: tuple(said) for key, said in entries.items()}
        for part, entries in tomllib.loads(file.read_text(encoding="utf-8")).items()
    }


class Speech:
    """Says sentences in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._column = LANGUAGES.index(language)

    def say(self, part: str, key: str, /, **values: object) -> str:
        """The sentence of this key, filled. Numbers have their thousands apart."""
        shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
        return sentences()[part][key][self._column].format(**shown)

    def word(self, key: str) -> str:
        """A single word, or the key itself where there is none."""
        found = sentences()["word"].get(key)
        return found[self._column] if found is not None else key
