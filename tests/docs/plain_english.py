"""The lint of plain English: words that a second-language reader stumbles over, each with a better one.

    python -m tests.docs.plain_english

It reads README.md, CONTRIBUTING.md, docs/, the mappings, the pages' templates, and every text in scim_bridge: messages,
help, comments and docstrings. words.txt beside this file has the list and the reason for each entry.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORDS = Path(__file__).with_name("words.txt")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_TAG = re.compile(r"<style>.*?</style>|<script.*?</script>|<[^>]*>|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """One entry of the list. pattern: case does not count, and a word is matched as a whole."""

    pattern: re.Pattern[str]
    better: str
    reason: str


@dataclass(frozen=True)
class Text:
    """A piece of text of a file, and the line where it begins."""

    file: Path
    line: int
    text: str


def words() -> list[Word]:
    """The list. Each line: the pattern, a better word, the reason, with " | " between them; `#` begins a comment."""
    lines = WORDS.read_text(encoding="utf-8").splitlines()
    entries = [line.split(" | ") for line in lines if line.strip() and not line.startswith("#")]
    return [Word(re.compile(rf"\b(?:{p.strip()})", re.IGNORECASE), b.strip(), r.strip()) for p, b, r in entries]


def texts(root: Path = ROOT) -> Iterator[Text]:
    """Everything that a person reads."""
    pages = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    for page in pages:
        yield Text(page, 1, _CODE.sub(_blank, page.read_text(encoding="utf-8")))
    for path in sorted((root / "mappings").rglob("*.yaml")):
        yield from _comments_of_yaml(path)
    for path in sorted((root / "scim_bridge").rglob("templates/*.*")):
        yield Text(path, 1, _TAG.sub(_blank, path.read_text(encoding="utf-8")))
    for path in sorted((root / "scim_bridge").rglob("*.py")):
        yield from _texts_of(path)


def _blank(found: re.Match[str]) -> str:
    """Code is not English; its lines stay, so that those after it keep their numbers."""
    return "x" + "\n" * found[0].count("\n")


def _comments_of_yaml(path: Path) -> Iterator[Text]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if "#" in line:
            yield Text(path, number, line.partition("#")[2])


def _texts_of(path: Path) -> Iterator[Text]:
    """String literals, docstrings and comments. A literal of one word without a blank is a key, not English."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield Text(path, node.lineno, _CODE.sub(_blank, node.value))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Text(path, token.start[0], _CODE.sub(_blank, token.string))


def findings(root: Path = ROOT) -> list[str]:
    """One sentence for each place: file, line, what stands there, and what to write in its place."""
    entries = words()
    found = set()
    for text in texts(root):
        for word in entries:
            for hit in word.pattern.finditer(text.text):
                line = text.line + text.text.count("\n", 0, hit.start())
                place = f"{text.file.relative_to(root)}:{line}"
                found.add((place, f"{place}: {hit[0]!r}: write {word.better} ({word.reason})"))
    return [sentence for _, sentence in sorted(found)]


def main() -> int:
    """Print what was found; 1 if there is anything."""
    found = findings()
    sys.stdout.write("\n".join(found or ["plain English: nothing found"]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
