"""Numbers and lists as sentences have them, for every room that writes sentences (view/words.py has the rest)."""

from collections.abc import Sequence


def counted(count: int, what: str) -> str:
    """A number and its noun: "1 conflict", "2,104 conflicts"."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def listed(items: Sequence[str]) -> str:
    """All of them as a sentence names them: "ann", "ann and ben", "ann, ben and cleo"."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def some(names: Sequence[str], shown: int = 5, mark: str = ", ") -> str:
    """The first of these, and how many more there are: "ann, ben and 3 more". mark: what stands between two."""
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return mark.join(names[:shown]) + more
