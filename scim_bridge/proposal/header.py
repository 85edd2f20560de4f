"""Which column of a CSV file holds what, by its header alone: the headers that HR systems and directories export.

Headers are compared without case, accents, spaces and punctuation, full width as half width. What is not known here is
left alone: a wrong guess costs more than a question.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from scim_bridge.model.identity import Kind
from scim_bridge.proposal.header_names import NAMES

ROLES: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    kind: {role: tuple(names.split()) for role, names in roles.items()} for kind, roles in NAMES.items()
}
"""What a column can be for → the headers that say so, the surest first. Roles are given out from the top."""

_BETWEEN = re.compile(r"[\W_]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_IDENTIFIER = re.compile(r"\[([A-Za-z][\w.]*)\]")
_SQUARE = re.compile(r"\[[^\]]*\]|【[^】]*】")
_ROUND = re.compile(r"[(（<＜][^)）>＞]*[)）>＞]")
_REMARK = re.compile(
    r"""\W*(required|optional|mandatory|read.?only|yes/no|true/false|y/n|[ymdhs/.\- :]{4,}|[tmj/.\-]{4,}|work|business
    |company|primary|erforderlich|pflicht(feld)?|ja/nein
    |bezeichnung|langtext|description|label|gesch[äa]ftlich|dienstlich|obligatoire|oui/non|professionnel(le)?
    |必須|任意|漢字|会社|社用|業務用|西暦.*|半角.*|全角.*|変更不可|自動.*|はい/いいえ)\W*""",
    re.VERBOSE | re.IGNORECASE,
)
"""What stands in round brackets and says how a cell is filled in. All else there (フリガナ, private) says what is."""
_NOTED = re.compile(r"[\s*:]*(required|optional|erforderlich|obligatoire|必須|任意)?[\s*:]*$", re.IGNORECASE)
_PREFIX = re.compile(
    r"(profile|user|employee|person|worker|account|attributes|従業員|社員)\s*[.:：/]\s*", re.IGNORECASE
)
_BLOCKS = re.compile(r"block|blo[qc]u|sperr|ブロック", re.IGNORECASE)


def roles_of(headers: Iterable[str], kind: Kind) -> dict[str, str]:
    """Role → the header of its column, for the roles that a header speaks of; no column has two roles."""
    free = {header: _forms(header) for header in headers}
    given: dict[str, str] = {}
    for role in ROLES[kind]:
        header = next(_speaking_of(free, kind, role), None)
        if header is not None:
            given[role] = header
            del free[header]
    return given


def headers_for(headers: Iterable[str], kind: Kind, role: str) -> list[str]:
    """Every header that speaks of one role, the surest first."""
    return list(dict.fromkeys(_speaking_of({header: _forms(header) for header in headers}, kind, role)))


def plain(text: str) -> str:
    """A text as it is compared: without case, accents, spaces and punctuation; `#` is a number."""
    return _BETWEEN.sub("", without_accents(text.replace("#", " number ")))


def without_accents(text: str) -> str:
    """A text in lower case, full width as half width, `é` as `e`; a Japanese voice mark stays."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", folded)))


def _speaking_of(free: Mapping[str, tuple[str, ...]], kind: Kind, role: str) -> Iterator[str]:
    """By name, then by how much of the header was left out to read it so, then by its place in the file."""
    for name in ROLES[kind][role]:
        found = [(forms.index(name), header) for header, forms in free.items() if name in forms]
        yield from (header for _, header in sorted(found, key=lambda each: each[0]))


def _forms(header: str) -> tuple[str, ...]:
    """How a header may be read, the whole of it first. `User name [userPrincipalName] Required` is what is in brackets.

    But `Block sign in (Yes/No) [accountEnabled] Required`, in Entra ID's template for bulk creation, is its contrary.
    """
    identifier = _IDENTIFIER.search(header)
    if identifier is not None and plain(identifier[1]) == "accountenabled" and _BLOCKS.search(header):
        return ("blocked",)
    bare = _ROUND.sub(lambda found: "" if _REMARK.fullmatch(found[0]) else found[0], _SQUARE.sub("", header))
    bare = _NOTED.sub("", bare)
    read = [header, identifier[1] if identifier is not None else "", bare, _PREFIX.sub("", bare, count=1)]
    return tuple(dict.fromkeys(form for each in read if (form := plain(each))))


def speaks_of(header: str, names: str) -> bool:
    """Whether a header is one of these, separated by spaces."""
    return not set(_forms(header)).isdisjoint(names.split())
