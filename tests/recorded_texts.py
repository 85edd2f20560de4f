"""What the runs of a test have recorded, held against the templates by which pages read it back (view/recorded.py)."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from scim_bridge.service.catalog import recorded

_COLUMNS = {
    "runs": ("detail",),
    "conflicts": ("detail", "remedy"),
    "operations": ("detail",),
    "remarks": ("detail",),
    "orders": ("sentence",),
    "connections": ("quarantine_reason",),
}
_LISTS = {"runs": "guard", "access_readings": "warnings"}
_JAPANESE = re.compile("[぀-ヿ一-鿿]")


def unread(folder: Path) -> list[str]:
    """The sentences in the states of this folder that no template has made. On a page they would stay English.

    What another program has said stays English within a sentence of ours.
    """
    language = recorded("ja")
    texts = {text for path in folder.rglob("*.db") for text in _texts(path)}
    return sorted(
        text
        for text in texts
        if _JAPANESE.search("".join(p.text for p in language.say(text) if not p.is_foreign)) is None
    )


def _texts(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as state:
        tables = {name for (name,) in state.execute("select name from sqlite_master where type = 'table'")}
        if "runs" not in tables:
            return
        for table, columns in _COLUMNS.items():
            for column in columns:
                yield from (text for (text,) in state.execute(f"select distinct {column} from {table}") if text)
        for table, column in _LISTS.items():
            for (texts,) in state.execute(f"select distinct {column} from {table}"):
                yield from json.loads(texts)
        for (document,) in state.execute("select document from operations"):
            yield from filter(None, [json.loads(document).get("reason")])
