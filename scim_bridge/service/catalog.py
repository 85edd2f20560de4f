"""The languages of the pages: English in the code, every other one a catalog in locale/ (gettext's .po, as text).

Catalogs are read when the service starts, so there are no compiled files to keep in step with them.
"""

import re
from collections.abc import Mapping
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from types import MappingProxyType

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from scim_bridge.view.recorded import Recorded

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "scim_bridge"
"""The texts of the pages."""
RECORDED = "recorded"
"""The sentences that runs record (recorded.py)."""
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


@cache
def recorded(language: str) -> Recorded:
    """What runs have recorded, said in one of LANGUAGES."""
    if not po_file(language, RECORDED).exists():
        return Recorded({})
    said = {str(message.id): str(message.string) for message in read_catalog(language, RECORDED) if message.id}
    return Recorded(_counts(language) | said)


def _counts(language: str) -> dict[str, str]:
    """What pages count ("3 users created") is counted in sentences that are recorded as well."""
    found = {}
    for message in read_catalog(language):
        if isinstance(message.id, tuple | list) and isinstance(message.string, tuple | list):
            for text in message.id:
                if re.findall(r"%\((\w+)\)s", text) == ["count"]:
                    found[_with_hole(text)] = _with_hole(message.string[-1])
    return found


def _with_hole(text: str) -> str:
    return text.replace("%(count)s", "{count:number}")


def po_file(language: str, domain: str = DOMAIN) -> Path:
    """Where the catalog of a language is."""
    return LOCALE / language / "LC_MESSAGES" / f"{domain}.po"


def read_catalog(language: str, domain: str = DOMAIN) -> Catalog:
    """The catalog of a language, as it stands in its file."""
    with po_file(language, domain).open("rb") as file:
        return read_po(file, locale=language, domain=domain)
