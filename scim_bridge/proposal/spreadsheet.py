"""What a spreadsheet made of cells when someone opened the export and saved it: `init` says so first."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from scim_bridge.model.identity import Kind
from scim_bridge.model.wording import counted, some
from scim_bridge.proposal.profile import texts
from scim_bridge.proposal.survey import Survey

_DAMAGE = {
    re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?[Ee][+-]?[0-9]+"): (
        "a number that a spreadsheet has rounded; the digits are lost, so export it again with this column as text"
    ),
    re.compile(r"=.+"): "a formula and not its value; export it again with the value itself",
    re.compile(r"'[0-9].*"): "text with a spreadsheet's mark in front; export it again without the mark",
    re.compile(r"#(N/A|REF!|VALUE!|NAME\?|NUM!|DIV/0!|NULL!|#+)|#{3,}"): (
        "what a spreadsheet shows where there is no value; export it again"
    ),
}


def spreadsheets(survey: Survey, used: Mapping[tuple[Kind, str], list[str]]) -> Iterator[str]:
    """A sentence for each kind of damage to an attribute that rules read, and for zeros that references lack."""
    for kind, name in used:
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for record in survey.of(kind):
            for text in texts((record,), name):
                what = next((what for form, what in _DAMAGE.items() if form.fullmatch(text)), "")
                if what:
                    found[what].append((text, record.place))
        for what, cells in found.items():
            yield f"{name} is {cells[0][0]!r} in {some([place for _, place in cells], mark='; ')}: this is {what}"
    yield from _lost_zeros(survey, used)


def _lost_zeros(survey: Survey, used: Mapping[tuple[Kind, str], list[str]]) -> Iterator[str]:
    """References that are ids but for zeros at their beginning: one of the files went through a spreadsheet."""
    ids = {text.lstrip("0"): text for text in (record.id for record in survey.of("user")) if text.isdigit()}
    whole = set(ids.values())
    members = (notice.subject for notice in survey.snapshot.warnings if notice.kind == "unknown_member")
    managers = (
        text
        for (kind, name), paths in used.items()
        if kind == "user" and "enterprise.manager" in paths
        for text in texts(survey.of("user"), name)
    )
    yield from _without_zeros("membership", members, ids, whole)
    yield from _without_zeros("manager", managers, ids, whole)


def _without_zeros(what: str, named: Iterable[str], ids: Mapping[str, str], whole: set[str]) -> Iterator[str]:
    found = [(text, ids[text.lstrip("0")]) for text in named if text not in whole and text.lstrip("0") in ids]
    if found:
        reference, meant = found[0]
        yield (
            f"{counted(len(found), what)} would fit if ids had the same zeros at their beginning "
            f"({reference!r} where the users have {meant!r}): a spreadsheet has removed them from one of the files; "
            "export it again with the ids as text"
        )
