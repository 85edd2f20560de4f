"""The language in which views speak: English, unless the one who asks reads another (service/preference.py).

`_` and `_n` stand where a sentence is made, so that a whole sentence is translated and never its pieces. Texts of
tables that others read as well (kinds, commands) stay English there, and go through `_` when they are shown. What is in
the state stays English, and goes through `recorded` (recorded.py).
"""

from contextvars import ContextVar
from gettext import NullTranslations

from scim_bridge.view.recorded import Piece, Recorded

_NOTHING_RECORDED = Recorded({})
_RECORDED: ContextVar[Recorded] = ContextVar("recorded", default=_NOTHING_RECORDED)
_SPOKEN: ContextVar[NullTranslations] = ContextVar("spoken", default=NullTranslations())  # noqa: B039 - it never changes


def speak(translations: NullTranslations, said: Recorded = _NOTHING_RECORDED) -> None:
    """From now on in this context (a request), views speak this language. said: what runs have recorded, in it."""
    _SPOKEN.set(translations)
    _RECORDED.set(said)


def gettext(text: str) -> str:
    """This text in the reader's language, as it stands in the catalog. For templates; views have `_`."""
    return _SPOKEN.get().gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """The text for so many, as it stands in the catalog. For templates; views have `_n`."""
    return _SPOKEN.get().ngettext(one, many, count)


def pieces(text: str) -> tuple[Piece, ...]:
    """What a run has recorded, in the reader's language; what is foreign stands as it was recorded."""
    return _RECORDED.get().say(text)


def recorded(text: str) -> str:
    """The same as one text, for sentences that it is a part of."""
    return "".join(piece.text for piece in pieces(text))


def _(text: str, **values: object) -> str:
    """This text in the reader's language. values: for its %(name)s; numbers get their thousands apart."""
    return gettext(text) % _shown(values) if values else gettext(text)


def _n(one: str, many: str, count: int, **values: object) -> str:
    """The same for what is counted: one text for 1, another for any other number. %(count)s is the number."""
    return ngettext(one, many, count) % _shown({"count": count, **values})


def _shown(values: dict[str, object]) -> dict[str, object]:
    return {
        name: f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in values.items()
    }
