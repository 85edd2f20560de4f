"""`explain` from the state alone: what is known of one user or group, without asking the source or the target.

Who is who is found by the same code as in a run (plan/match), over those who can have a say. What a run would read
again is as the last one left it. What it would send is not said here: that takes a plan, and a plan takes both sides.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from scim_bridge.config.settings import ConnectionSettings
from scim_bridge.errors import BridgeError
from scim_bridge.mapping.document import Mapping as MappingFile
from scim_bridge.mapping.document import Rules, load_mapping
from scim_bridge.model.desired_side import Mapped
from scim_bridge.model.identity import (
    NAMES,
    Directory,
    Existing,
    Inventory,
    Kind,
    SourceCounts,
    SourceKey,
    Whom,
)
from scim_bridge.model.plan import Conflict
from scim_bridge.model.policy import Policy
from scim_bridge.model.run import LinkRecord
from scim_bridge.plan.match.correlate import Match, correlate
from scim_bridge.plan.match.pairing import Terms
from scim_bridge.run.bridge import endpoint_key, key_of_mapping
from scim_bridge.run.overlay import Edges, Overlay
from scim_bridge.run.part import related_to
from scim_bridge.run.some import decided
from scim_bridge.state.lookup import Lookup
from scim_bridge.state.people import Place
from scim_bridge.state.reader import StateReader
from scim_bridge.target.identity_center import IDENTITY_CENTER
from scim_bridge.view.explain import Explanation, InPlan, InSource, Member, OnTarget, Portrait, Rule
from scim_bridge.view.translation import _, recorded

_LISTED = 200
"""So many memberships are shown of one user or group."""
_COMPARED = 2_000
"""Members of a group beyond which a page does not compare both sides: a run does."""
_NO_COUNTS = SourceCounts(0, 0, 0)


def portrait(reader: StateReader, settings: ConnectionSettings | None, place: Place, whom: Whom) -> Portrait | None:
    """What the state has of one user or group; None if it knows no one of this id.

    settings: None if the configuration has no such connection any more; then there are no rules to show.
    """
    rules, broken = _rules_of(settings, whom.kind)
    with reader.lookup(*place) as lookup:
        found = _standing(reader, settings, lookup, place, whom=whom, rules=rules)
        if found is None:
            return None
        match, mapped, links = found
        link = next((each for each in links if (each.kind, each.source_id) == (whom.kind, match.source_id)), None)
        target_id = _target_id(match, link, whom)
        members, more, is_compared = _members(
            lookup, mapped, target_id, whom, is_flat=rules is None or rules.nested == "flatten"
        )
        shown = lookup.resources(whom.kind, [target_id]).get(target_id) if target_id else None
        conflicts = [
            c.conflict for c in reader.conflicts_about(place.connection, _both(whom, match, target_id)) if not c.closed
        ]
    told = Explanation(
        kind=whom.kind,
        name=match.name,
        source_id=match.source_id,
        source=_in_source(mapped, rules),
        plan=_in_plan(match, conflicts),
        target=OnTarget(
            shown.target_id if shown is not None else None,
            link.applied if link is not None else {},
            dict(shown.attributes) if shown is not None else {},
        ),
    )
    return Portrait(
        connection=place.connection,
        told=told,
        members=members,
        more_members=more,
        is_compared=is_compared,
        seen_at=link.seen_at if link is not None else None,
        departed=link.departed if link is not None else None,
        doubt=broken or _doubt(reader, settings, place),
    )


def _both(whom: Whom, match: Match, target_id: str) -> tuple[Whom, ...]:
    both = [Whom.record(match.key)] if match.source_id else []
    return (*both, *([Whom.resource(whom.kind, target_id)] if target_id else ()))


def whom_of(told: Explanation) -> tuple[Whom, ...]:
    """The record and the resource of a portrait: by these its history is found."""
    kind: Kind = "user" if told.kind == "user" else "group"
    both = [Whom.record(SourceKey(kind, told.source_id))] if told.source_id else []
    return (*both, *([Whom.resource(kind, told.target.target_id)] if told.target.target_id else ()))


def _standing(
    reader: StateReader,
    settings: ConnectionSettings | None,
    lookup: Lookup,
    place: Place,
    *,
    whom: Whom,
    rules: Rules | None,
) -> tuple[Match, Mapped | None, list[LinkRecord]] | None:
    """How it stands: the match of a run, what its record has become, and the links of its ids."""
    known = reader.known(*place, with_links=False)
    overlay = Overlay(lookup, {}, {}, decided(known))
    found = related_to(whom.kind, overlay, frozenset([whom]))
    records = {each.key: each for each in overlay.records(whom.kind, found.ids)}
    desired = tuple(one for each in records.values() for one in each.desired)
    outside = tuple(out for each in records.values() for out in each.outside)
    there = overlay.resources(whom.kind, found.targets)
    users, groups = (desired, ()) if whom.kind == "user" else ((), desired)
    links = overlay.links
    known = replace(known, users=links["user"], groups=links["group"], linked_elsewhere=frozenset(overlay.elsewhere))
    side = Directory(users=users, groups=groups, members={}, counts=_NO_COUNTS, out_of_scope=outside)
    inventory = Inventory(there, {}) if whom.kind == "user" else Inventory({}, there)
    matches = correlate(side, inventory, known, _terms(settings, whom.kind, rules))
    match = next((each for each in matches if _is_it(each, whom)), None)
    if match is None:
        return None
    return match, records.get(match.key), reader.links(*place, match.source_id) if match.source_id else []


def _is_it(match: Match, whom: Whom) -> bool:
    if whom.side == "source":
        return match.source_id == whom.id
    return match.existing is not None and match.existing.target_id == whom.id


def _terms(settings: ConnectionSettings | None, kind: Kind, rules: Rules | None) -> Terms:
    """How it is matched. What another SCIM server tells apart is asked of it in each run; here it is taken to be what
    most tell apart."""
    match = rules.match if rules is not None else (NAMES[kind],)
    unique = {"user": IDENTITY_CENTER.unique("user"), "group": IDENTITY_CENTER.unique("group")}
    other: Mapping[Kind, tuple[str, ...]] = {"user": (NAMES["user"],), "group": (NAMES["group"],)}
    return Terms({**other, kind: match}, unique, settings.policy if settings is not None else Policy())  # type: ignore[arg-type]


def _target_id(match: Match, link: LinkRecord | None, whom: Whom) -> str:
    if match.existing is not None:
        return match.existing.target_id
    return whom.id if whom.side == "target" else link.target_id if link is not None else ""


def mapping_of(path: Path) -> MappingFile:
    """The mapping as the file has it now; read again when the file has changed. Raises Misconfigured."""
    about = path.stat()
    return _mapping(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=64)
def _mapping(path: Path, _changed: int, _size: int) -> MappingFile:
    return load_mapping(path)


def _rules_of(settings: ConnectionSettings | None, kind: Kind) -> tuple[Rules | None, str]:
    """The rules of a kind, and why there are none."""
    if settings is None:
        return None, _("The configuration has no connection of this name, so its rules are not shown.")
    try:
        mapping = mapping_of(settings.mapping)
    except (BridgeError, OSError) as error:
        return None, _("The mapping cannot be read, so its rules are not shown: %(why)s", why=recorded(str(error)))
    return (mapping.users if kind == "user" else mapping.groups), ""


def _doubt(reader: StateReader, settings: ConnectionSettings | None, place: Place) -> str:
    """Why the next run may find it otherwise than it is shown, "" if nothing says so."""
    if settings is not None and settings.target.url and endpoint_key(settings.target.url) != place.endpoint:
        return _("target.url is another one than in the last run. The next run matches everyone again.")
    used = reader.mapping_used(place.connection)
    if settings is not None and used and used != key_of_mapping(settings.mapping.read_bytes()):
        return _("The mapping has changed since the last run. The values are those of the rules before.")
    return ""


def _in_source(mapped: Mapped | None, rules: Rules | None) -> InSource:
    """What the record has become, rule by rule, as the last reading of the source left it."""
    if mapped is None:
        return InSource(places=(), record={}, raw={}, scope=_("the source shows no such record"), rules=())
    outside = next(iter(mapped.outside), None)
    if outside is not None:
        scope = _(
            "out of scope by %(rule)s", rule=f"{rules.scope.text} ({rules.scope.place})" if rules else outside.rule
        )
        return InSource(places=(outside.place,), record={}, raw={}, scope=scope, rules=())
    desired = next(iter(mapped.desired))
    scope = _("in scope")
    if rules is not None and rules.scope.text.strip() != "true":
        scope = _("in scope by %(rule)s", rule=f"{rules.scope.text} ({rules.scope.place})")
    failures = {flaw.attribute: flaw.detail for flaw in desired.flaws}
    return InSource(
        places=desired.places,
        record={},
        raw={},
        scope=scope,
        rules=tuple(_rules(desired.attributes, failures, rules)),
    )


def _rules(values: Mapping[str, object], failures: Mapping[str, str], rules: Rules | None) -> Iterator[Rule]:
    written = {rule.path: rule for rule in rules.attributes} if rules is not None else {}
    for path in dict.fromkeys((*values, *written, *failures)):
        rule = written.get(path)
        yield Rule(
            path,
            rule.text if rule is not None else "",
            rule.place if rule is not None else "",
            values.get(path),
            failures.get(path, ""),
        )


def _in_plan(match: Match, conflicts: Iterable[Conflict]) -> InPlan:
    return InPlan(
        situation=match.row.situation,
        action="hold" if match.is_held else match.row.action,
        conflicts=tuple(f"{c.kind}: {c.detail}. {c.remedy}" for c in conflicts),
    )


def _members(
    lookup: Lookup, mapped: Mapped | None, target_id: str, whom: Whom, *, is_flat: bool
) -> tuple[tuple[Member, ...], int, bool]:
    """The groups of a user, or the users of a group: as the source wants them, and as they were last seen on the
    target; how many are not listed; and whether the two sides were compared: those of a very large group are not.
    """
    edges = Edges(lookup, frozenset(), frozenset(), is_flat=is_flat)
    key = mapped.key if mapped is not None and mapped.desired else None
    if whom.kind == "user":
        wanted = edges.above([key])[key] if key is not None else set()
        held = set(lookup.inside([target_id])) if target_id else set()
        return (*_named(lookup, "group", wanted, held), True)
    size = lookup.sizes([target_id]).get(target_id, 0) if target_id else 0
    if max(size, lookup.direct_count(key.id) if key is not None else 0) > _COMPARED:
        first = set(lookup.some_members(target_id, _LISTED))
        listed, more = _named(lookup, "user", set(), first)
        return listed, more + max(0, size - len(first)), False
    wanted = edges.users_below([key.id])[key.id] if key is not None else set()
    held = set(lookup.members([target_id]).get(target_id, ())) if target_id else set()
    return (*_named(lookup, "user", wanted, held), True)


def _named(lookup: Lookup, kind: Kind, wanted: set[str], held: set[str]) -> tuple[tuple[Member, ...], int]:
    """wanted: source ids; held: target ids. Those on one side only come first: they are what a person looks for."""
    # Beyond a few thousand the difference is not looked for: what is listed is then the first of them.
    some_wanted, some_held = set(sorted(wanted)[: 10 * _LISTED]), set(sorted(held)[: 10 * _LISTED])
    links, _elsewhere = lookup.links(kind, some_wanted, some_held)
    by_target = {link.target_id: source_id for source_id, link in links.items()}
    found: dict[str, Member] = {}
    shown: Mapping[str, Existing] = lookup.resources(kind, {*some_held, *by_target})
    records = lookup.mapped(SourceKey(kind, each) for each in some_wanted)
    for source_id in some_wanted:
        link = links.get(source_id)
        record = records.get(SourceKey(kind, source_id))
        if record is None or not record.desired:
            continue  # out of scope: no run puts it there
        there = shown.get(link.target_id) if link is not None else None
        name = there.name if there is not None else record.desired[0].name
        found[source_id] = Member(
            "source", source_id, name, is_wanted=True, is_there=link is not None and link.target_id in held
        )
    for target_id in some_held:
        source_id = by_target.get(target_id, "")
        there = shown.get(target_id)
        name = there.name if there is not None else target_id
        if not source_id:
            found[f"\0{target_id}"] = Member("target", target_id, name, is_wanted=False, is_there=True)
        elif source_id not in found:
            found[source_id] = Member("source", source_id, name, is_wanted=False, is_there=True)
    ordered = sorted(found.values(), key=lambda m: (m.is_wanted and m.is_there, m.name.casefold(), m.id))
    total = max(len(wanted), len(held), len(found))
    return tuple(ordered[:_LISTED]), max(0, total - min(len(ordered), _LISTED))
