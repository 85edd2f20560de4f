"""A proposed mapping, tried on what was seen: who would be provisioned, who would wait, and why."""

from collections import Counter

from scim_bridge.mapping.compiled import compile_mapping
from scim_bridge.mapping.document import Mapping, wanted_by
from scim_bridge.mapping.record import map_records
from scim_bridge.mapping.selftest import require_passing
from scim_bridge.model.identity import DISPLAY_NAME, USER_NAME, Directory, Kind
from scim_bridge.proposal.survey import Survey


def tried(mapping: Mapping, survey: Survey, today: str) -> list[str]:
    """What a person should know, a sentence each. Raises Misconfigured if the mapping does not fit the source."""
    require_passing(mapping)
    compiled = compile_mapping(mapping, survey.types["user"], survey.types["group"])
    directory = map_records(survey.snapshot, compiled, today)
    return [
        *_scope(directory, survey),
        *_flaws(directory),
        *_shared_names(directory),
        *_warnings(directory),
        *_strange_ids(mapping, survey),
    ]


def uses(mapping: Mapping) -> dict[tuple[Kind, str], list[str]]:
    """Attribute → the paths whose rules read it, and `id` and `scope`."""
    found: dict[tuple[Kind, str], list[str]] = {}
    for rules in (mapping.users, mapping.groups):
        if rules.attributes:
            found.setdefault((rules.kind, rules.id), []).append("id")
        for rule in (rules.scope, *rules.attributes):
            for name in sorted(wanted_by(rule)):
                found.setdefault((rules.kind, name), []).append(rule.path)
    return found


def _scope(directory: Directory, survey: Survey) -> list[str]:
    users, groups = len(survey.of("user")), len(survey.of("group"))
    told = [f"{len(directory.users):,} of the {users:,} users seen are in scope"]
    return told + ([f"{len(directory.groups):,} of the {groups:,} groups seen are in scope"] if groups else [])


def _flaws(directory: Directory) -> list[str]:
    """What would hold somebody or leave an attribute alone, by what is wrong, with the first that it is wrong with."""
    found = [
        (f"{flaw.attribute}: {flaw.detail}", one) for one in (*directory.users, *directory.groups) for flaw in one.flaws
    ]
    number = Counter(detail for detail, _ in found)
    first = {detail: one.places[0] for detail, one in reversed(found)}
    return [
        f"{detail} ({number[detail]:,} record(s), the first: {first[detail]})" for detail, _ in number.most_common(5)
    ]


def _shared_names(directory: Directory) -> list[str]:
    """Names that must be unique on every target and are not here."""
    told = []
    for path, desired in ((USER_NAME, directory.users), (DISPLAY_NAME, directory.groups)):
        number = Counter(str(one.attributes.get(path, "")).casefold() for one in desired)
        shared = sorted(name for name, times in number.items() if name and times > 1)
        if shared:
            told.append(
                f"{len(shared):,} value(s) of {path} are claimed by several, who would wait; such as {shared[0]!r}"
            )
    return told


def _warnings(directory: Directory) -> list[str]:
    """Memberships that name nobody, as a number and an example."""
    unknown = [warning for warning in directory.warnings if warning.kind == "unknown_member"]
    if not unknown:
        return []
    return [f"{len(unknown):,} membership(s) name nobody by the id chosen, such as: {unknown[0].detail}"]


def _strange_ids(mapping: Mapping, survey: Survey) -> list[str]:
    told = []
    for rules in (mapping.users, mapping.groups):
        seen = survey.profile(rules.kind, rules.id)
        if rules.attributes and seen is not None and not seen.is_key:
            told.append(
                f"{rules.id} is no id for every {rules.kind}: {seen.filled:,} of {seen.records:,} have one, "
                f"{seen.distinct:,} different ones"
            )
    return told
