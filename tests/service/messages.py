"""All texts of the pages, and the catalogs that hold them in other languages.

    python -m tests.service.messages     # adds what is new to each catalog, drops what is gone, lists what is missing

Texts stand in templates, in the views, in the pages' code, and in tables that views look up; what runs record
(tests/service/recorded.py) has a catalog of its own.
"""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from scim_bridge.model import conflict_kind
from scim_bridge.model.actor import ROLES, Via
from scim_bridge.model.audit import ACTIONS
from scim_bridge.model.conflict_kind import CONFLICT_KINDS
from scim_bridge.model.operation_kind import OPERATION_KINDS
from scim_bridge.model.order import OrderStatus
from scim_bridge.plan.match import situation
from scim_bridge.service.auth.principal import MAY
from scim_bridge.service.catalog import DOMAIN, LANGUAGES, RECORDED, po_file, read_catalog
from scim_bridge.service.pages.frame import MENU
from scim_bridge.view import decision, effect_names, impact, order, run, words
from scim_bridge.view.access import CHANGED, DIFFERENCE, DIRECTLY
from scim_bridge.view.person import SITUATIONS
from tests.service.recorded import recorded

ROOT = Path(__file__).parents[2] / "scim_bridge"
METHODS = [("**/templates/*.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
KEYWORDS = {"_": None, "_n": (1, 2), "gettext": None, "ngettext": (1, 2)}
CATALOGS = [(language, domain) for language in LANGUAGES if language != "en" for domain in (DOMAIN, RECORDED)]
Text = str | tuple[str, str]


def _from_tables() -> Iterator[Text]:
    """Texts that stand in tables, which `_` is given by name."""
    yield from (entry.title for entry in MENU)
    yield from (status.words for status in (*words.RUN_STATUS.values(), *words.OPERATION_STATUS.values()))
    yield from words.TO_DO.values()
    yield from words.DONE.values()
    yield from (row.words for row in OPERATION_KINDS.values())
    yield from (conflict_kind.words(kind) for kind in CONFLICT_KINDS)
    yield from (column.capitalize() for column in impact.COLUMNS)
    yield from (column.capitalize() for column in (*DIFFERENCE, *CHANGED))
    yield from SITUATIONS
    yield from SITUATIONS.values()
    yield from get_args(situation.Action)
    yield from get_args(OrderStatus)
    yield from ("Users", "Groups", "Memberships", DIRECTLY, "in shadow: nothing was written", run.SIDES_DIFFER)
    yield from decision.texts()
    yield from effect_names.CONCERNS.values()
    yield from (status.words for status in (*order.ORDER_STATUS.values(), order.BEING_CANCELLED))
    yield from (*order.ORDER_WORDS.values(), *ACTIONS, *get_args(Via))
    yield from ("read users", "read groups", "read members", "members", "apply")
    yield from ("look at source users and groups", "look at target users and groups")
    yield from ("each of them", "d", "h", "min", "s", *ROLES, *MAY.values(), "expired", "revoked")


@cache
def texts() -> frozenset[Text]:
    """Every text, those that are counted as a pair."""
    found: set[Text] = set(_from_tables())
    options = {"**/templates/*.html": {"newstyle_gettext": "true"}}
    for room in ("service", "view"):
        for _, _line, message, *_rest in extract_from_dir(
            ROOT / room, METHODS, options, keywords=KEYWORDS, comment_tags=()
        ):
            found.add((message[0], message[1]) if isinstance(message, tuple) else message)
    found.discard("")
    return frozenset(found)


def needed(domain: str) -> frozenset[Text]:
    """Every text that the catalogs of this domain must have."""
    return texts() if domain == DOMAIN else frozenset[Text](recorded())


def missing(language: str, domain: str) -> list[str]:
    """Texts that this catalog does not have, and texts that it has for nothing."""
    catalog = read_catalog(language, domain)
    known = {message.id: message for message in catalog if message.id}
    said = []
    for text in sorted(needed(domain), key=str):
        message = known.pop(text, None)
        strings = message.string if message is not None else ""
        if message is None or message.fuzzy or not all(strings if isinstance(strings, tuple) else (strings,)):
            said.append(f"not translated: {text!r}")
    return said + [f"no longer used: {text!r}" for text in known]


def renew(language: str, domain: str) -> None:
    """The catalog with exactly the texts that there are, in their order, and what was translated already."""
    path = po_file(language, domain)
    old = read_catalog(language, domain) if path.exists() else Catalog()
    new = Catalog(locale=language, domain=domain, project="scim-bridge", fuzzy=False)
    for text in sorted(needed(domain), key=str):
        known = old.get(text if isinstance(text, str) else text[0])
        new.add(text, known.string if known is not None else None)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, new, width=110, omit_header=False, ignore_obsolete=True)
    stamped = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in stamped if not line.startswith(_STAMPS)), encoding="utf-8")


_STAMPS = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By', '"Last-Translator', '"Report-Msgid')


def main() -> int:
    """Renew every catalog; 1 if something is left to translate."""
    lacking = []
    for language, domain in CATALOGS:
        renew(language, domain)
        lacking += missing(language, domain)
    sys.stdout.write("\n".join(lacking or ["every text is translated"]) + "\n")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
