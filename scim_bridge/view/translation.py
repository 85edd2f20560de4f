"""The language in which views speak: English, unless the one who asks reads another (service/preference.py).

`_` and `_n` stand where a sentence is made, so that a whole sentence is translated and never its pieces. Texts of
tables that others read as well (kinds, commands) stay English there, and go through `_` when they are shown. What is in
the state stays as it was recorded.
"""

from contextvars import ContextVar
from gettext import NullTranslations

_SPOKEN: ContextVar[NullTranslations] = ContextVar("spoken", default=NullTranslations())  # noqa: B039 - it never changes


def speak(translations: NullTranslations) -> None:
    """From now on in this context (a request), views speak this language."""
    _SPOKEN.set(translations)


def gettext(text: str) -> str:
    """This text in the reader's language, as it stands in the catalog. For templates; views have `_`."""
    return _SPOKEN.get().gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """The text for so many, as it stands in the catalog. For templates; views have `_n`."""
    return _SPOKEN.get().ngettext(one, many, count)


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
