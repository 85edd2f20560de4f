"""Single values as YAML text: as a person would write them, quoted only where they must be."""

import json
import re
from collections.abc import Mapping

_PLAIN_RULE = re.compile(r"[A-Za-z_](?:[\w.(),+=|&]|(?<!:) (?!#))*")
_PLAIN_VALUE = re.compile(r"[^\W\d_][\w./@+-]*(?::[\w./@{}+-]+)*")
_PLAIN_SENTENCE = re.compile(r"[^\W\d_](?:[\w.,'()/+-]|(?<! ) (?! |$|#))*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""What a reader of another version of YAML takes for something else than text."""


def rule(expression: str) -> str:
    """An expression: plain if nothing in it means anything to YAML, else in single quotes."""
    if _PLAIN_RULE.fullmatch(expression) and expression.casefold() not in _WORDS:
        return expression
    return "'" + expression.replace("'", "''") + "'"


def value(text: str) -> str:
    """A text: a path, a URL, a name."""
    if _PLAIN_VALUE.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def sentence(text: str) -> str:
    """A text of several words: plain if YAML reads it as it stands, else quoted."""
    return text if _PLAIN_SENTENCE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def inline(pairs: Mapping[str, str | bool]) -> str:
    """A mapping on one line."""
    written = (f"{value(name)}: {_flag(it) if isinstance(it, bool) else value(it)}" for name, it in pairs.items())
    return "{" + ", ".join(written) + "}"


def _flag(truth: bool) -> str:
    return "true" if truth else "false"


def cel_text(text: str) -> str:
    """A text as a rule has it."""
    return json.dumps(text, ensure_ascii=False)
