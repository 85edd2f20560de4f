"""The languages of the pages: English in the code, every other one a catalog in locale/ (gettext's .po, as text).

Catalogs are read when the service starts, so there are no compiled files to keep in step with them.
"""

from collections.abc import Mapping
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from types import MappingProxyType

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "scim_bridge"
LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "ja": "日本語"})
"""Each language by its code, called as its readers call it."""


class Spoken(NullTranslations):
    """A catalog, looked up. What it does not have is said in English."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._said: dict[str, tuple[str, ...]] = {}
        for message in catalog:
            if message.id and not message.fuzzy:
                one = message.id[0] if isinstance(message.id, tuple | list) else message.id
                said = message.string if isinstance(message.string, tuple | list) else (message.string,)
                self._said[one] = tuple(text or "" for text in said)

    def gettext(self, message: str) -> str:
        """The text in this language."""
        return self._said.get(message, ("",))[0] or message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The text for so many. Japanese has one form for every number."""
        said = self._said.get(msgid1)
        if not said or not said[0]:
            return super().ngettext(msgid1, msgid2, n)
        return said[0] if len(said) == 1 or n == 1 else said[-1]


@cache
def spoken(language: str) -> NullTranslations:
    """The texts of one of LANGUAGES."""
    path = po_file(language)
    return Spoken(read_catalog(language)) if path.exists() else NullTranslations()


def po_file(language: str) -> Path:
    """Where the catalog of a language is."""
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read_catalog(language: str) -> Catalog:
    """The catalog of a language, as it stands in its file."""
    with po_file(language).open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)
