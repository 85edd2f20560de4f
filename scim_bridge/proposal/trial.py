"""A proposed mapping, tried on what was seen: who would be provisioned, who would wait, and why.

It goes the way of a first run up to the plan: mapped, fitted to Identity Center, correlated with an empty target. So
anyone who waits here waits in `plan`, and no one else does. Values that a spreadsheet damaged, or that stand for
nothing, are named too.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from scim_bridge.mapping.compiled import compile_mapping
from scim_bridge.mapping.document import Mapping, wanted_by
from scim_bridge.mapping.record import map_records
from scim_bridge.mapping.selftest import require_passing
from scim_bridge.model.identity import ACTIVE, Directory, Flaw, Inventory, Kind
from scim_bridge.model.policy import Policy
from scim_bridge.model.remembered import LastApplied, Remembered
from scim_bridge.model.wording import counted, some
from scim_bridge.plan.conflict import KIND_OF_DUPLICATE
from scim_bridge.plan.fit import fit
from scim_bridge.plan.match.correlate import Matches, correlate
from scim_bridge.plan.match.pairing import Terms
from scim_bridge.proposal.survey import Survey, texts
from scim_bridge.source.membership import OTHER
from scim_bridge.target.identity_center import IDENTITY_CENTER

Uses = dict[tuple[Kind, str], list[str]]
"""Attribute → the paths whose rules read it, and `id` and `scope`."""
_SHOWN = 5
"""Values that several records claim: so many are named."""


def tried(mapping: Mapping, survey: Survey, today: str) -> list[str]:
    """What a person should know, a sentence each. Raises Misconfigured if the mapping does not fit the source."""
    require_passing(mapping)
    compiled = compile_mapping(mapping, survey.types["user"], survey.types["group"])
    directory = fit(map_records(survey.snapshot, compiled, today, LastApplied()), IDENTITY_CENTER)
    matches = correlate(directory, Inventory(), Remembered(), _terms(mapping))
    return [
        *_scope(directory, survey),
        *_waiting(matches),
        *_flaws(directory),
        *_shared_values(matches),
        *spreadsheets(survey, uses(mapping)),
        *placeholders(survey, uses(mapping)),
        *_warnings(directory),
        *_strange_ids(mapping, survey),
    ]


def uses(mapping: Mapping) -> Uses:
    """What each attribute is used for."""
    found: Uses = {}
    for rules in (mapping.users, mapping.groups):
        if rules.attributes:
            found.setdefault((rules.kind, rules.id), []).append("id")
        for rule in (rules.scope, *rules.attributes):
            for name in sorted(wanted_by(rule)):
                found.setdefault((rules.kind, name), []).append(rule.path)
    return found


def _terms(mapping: Mapping) -> Terms:
    """Of a connection whose policy no one has changed yet."""
    return Terms(
        {"user": mapping.users.match, "group": mapping.groups.match},
        {"user": IDENTITY_CENTER.unique("user"), "group": IDENTITY_CENTER.unique("group")},
        Policy(),
    )


def _scope(directory: Directory, survey: Survey) -> list[str]:
    users, groups = len(survey.of("user")), len(survey.of("group"))
    told = [f"{len(directory.users):,} of the {users:,} users seen are in scope"]
    told += [f"{len(directory.groups):,} of the {groups:,} groups seen are in scope"] if groups else []
    states = Counter(user.attributes[ACTIVE] for user in directory.users if ACTIVE in user.attributes)
    return [*told, f"{counted(states[True], 'user')} would be active, {states[False]:,} inactive"] if states else told


def _waiting(matches: Matches) -> list[str]:
    number = sum(match.is_held for match in matches)
    return [f"{number:,} of them would wait for a decision (`plan` counts them as held)"] if number else []


def _flaws(directory: Directory) -> Iterator[str]:
    """What would hold someone or leave an attribute alone, by what is wrong, with where it is wrong."""
    found: dict[tuple[str, str, bool], list[tuple[Flaw, str]]] = defaultdict(list)
    for one in (*directory.users, *directory.groups):
        for flaw in one.flaws:
            found[flaw.kind, flaw.attribute, flaw.fatal].append((flaw, one.places[0]))
    for (_, attribute, is_fatal), flaws in sorted(found.items(), key=lambda item: -len(item[1])):
        detail = flaws[0][0].detail
        said = detail if attribute in detail.split() else f"{attribute}: {detail}"
        effect = "would wait" if is_fatal else "would go on without it"
        yield f"{said} ({counted(len(flaws), 'record')} {effect}: {some([place for _, place in flaws], mark='; ')})"


def _shared_values(matches: Matches) -> Iterator[str]:
    """Values that must be unique on the target and are not here, with everyone who claims them."""
    for path, kind in KIND_OF_DUPLICATE.items():
        found = {c.key: c.detail for match in matches for c in match.conflicts if c.kind == kind}
        yield from list(found.values())[:_SHOWN]
        more = len(found) - _SHOWN
        if more > 0:
            yield f"{counted(more, 'other value')} of {path} {'is' if more == 1 else 'are'} claimed by several"


def _warnings(directory: Directory) -> Iterator[str]:
    """Memberships that are dropped, as numbers with an example: of other things, and of no one known."""
    dropped = [warning for warning in directory.warnings if warning.kind == "unknown_member"]
    others = [warning for warning in dropped if OTHER in warning.detail]
    unknown = [warning for warning in dropped if OTHER not in warning.detail]
    if others:
        yield f"{counted(len(others), 'membership')} of what is never provisioned, such as: {others[0].detail}"
    if unknown:
        name = "membership names" if len(unknown) == 1 else "memberships name"
        yield f"{len(unknown):,} {name} no user or group by the id chosen, such as: {unknown[0].detail}"


def _strange_ids(mapping: Mapping, survey: Survey) -> list[str]:
    told = []
    for rules in (mapping.users, mapping.groups):
        seen = survey.profile(rules.kind, rules.id)
        if rules.attributes and seen is not None and not seen.is_key:
            told.append(
                f"{rules.id} is not an id of every {rules.kind}: {seen.filled:,} of {seen.records:,} have one, "
                f"{seen.distinct:,} different ones"
            )
    return told


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


def spreadsheets(survey: Survey, used: Uses) -> Iterator[str]:
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


def _lost_zeros(survey: Survey, used: Uses) -> Iterator[str]:
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


def _without_zeros(what: str, named: Iterable[str], ids: dict[str, str], whole: set[str]) -> Iterator[str]:
    found = [(text, ids[text.lstrip("0")]) for text in named if text not in whole and text.lstrip("0") in ids]
    if found:
        reference, meant = found[0]
        yield (
            f"{counted(len(found), what)} would fit if ids had the same zeros at their beginning "
            f"({reference!r} where the users have {meant!r}): a spreadsheet has removed them from one of the files; "
            "export it again with the ids as text"
        )


_WORDS = """- -- --- ? n/a na #n/a n.a. nil none null nan tbd unknown
    なし ナシ 無し 該当なし 不明 未定 ー ― —"""
_NOTHING = frozenset(_WORDS.split())
"""As they are compared: full width as half width, without case."""


def placeholders(survey: Survey, used: Uses) -> Iterator[str]:
    """A sentence for each attribute with such values. used: attribute → paths whose rules read it.

    What only says who may sign in is left out: a rule that cannot read its value fails, and that is reported as it is.
    """
    for (kind, name), paths in used.items():
        if set(paths) == {ACTIVE}:
            continue
        found: dict[str, list[str]] = defaultdict(list)
        for record in survey.of(kind):
            for text in texts((record,), name):
                if unicodedata.normalize("NFKC", text).strip().casefold() in _NOTHING:
                    found[text].append(record.place)
        for text, places in found.items():
            yield (
                f"{name} is {text!r} in {counted(len(places), 'record')} ({some(places, mark='; ')}), and would be "
                f"used as it is for {', '.join(paths)}; if it means nothing, leave it empty in the source"
            )
