"""Findings about users and groups: who keeps access, is renamed, created, left behind, or is not clear. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from scim_bridge.access.switch.compare import is_address
from scim_bridge.access.switch.facts import Facts
from scim_bridge.access.switch.held import PRIVILEGED
from scim_bridge.model.identity import ACTIVE, EMAILS, Desired, Kind
from scim_bridge.model.switch import EXTERNAL, Compared, Finding, How, Pair, StoreResource
from scim_bridge.model.text import folded

_CONTROL_TOWER = ("awscontroltower", "awsaccountfactory", "awsservicecatalog", "awssecurityaudit", "awslogarchive",
                  "awsauditaccount")  # fmt: skip
"""How the names of the groups begin that Control Tower makes in Identity Center, folded."""
Rows = tuple[tuple[str, ...], ...]


def people_findings(facts: Facts, kind: Kind) -> Iterator[Finding]:
    """What there is to say about the users, or about the groups."""
    compared = facts.compared.get(kind)
    if compared is None:
        if facts.stored[kind] and (kind == "user" or facts.direction.is_destructive):
            key = f"{kind}s_made_by_hand" if facts.direction.is_destructive else "users_need_passwords"
            yield Finding(key=key, mark="note", values={"count": len(facts.stored[kind])})
        return
    if facts.direction.is_destructive:
        yield from _restored(facts, kind, compared)
    else:
        yield from _matched(facts, kind, compared)
    if facts.direction.needs_names:
        yield from _source(facts, kind, compared)


def _matched(facts: Facts, kind: Kind, compared: Compared) -> Iterator[Finding]:
    """Where resources stay: the same name signs in and is adopted, another one has to be changed first."""
    by_how: dict[How, list[Pair]] = {"exact": [], "differs": [], "id": [], "email": []}
    for pair in compared.pairs:
        by_how[pair.how].append(pair)
    yield Finding(key=f"{kind}s_exact", mark="note", values={"count": len(by_how["exact"])})
    for how in ("differs", "id", "email"):
        pairs = [p for p in by_how[how] if not facts.said.protect.covers(kind, p.found.name)]
        columns = (
            ("name_now", "name_then", "differs", "holds") if how == "differs" else ("name_now", "name_then", "holds")
        )
        yield from _found(f"{kind}s_{how}", "fix", columns, _pair_rows(facts, pairs, with_differences=how == "differs"))
    if facts.direction.before == EXTERNAL and len(by_how["exact"]) < len(compared.pairs):
        yield Finding(key=f"{kind}s_may_be_named_back", mark="note", pages=("delegated-admin",))
    asleep = [p for p in compared.pairs if not p.found.is_active and p.desired.attributes.get(ACTIVE) is not False]
    yield from _found(
        f"{kind}s_inactive", "note", ("name_now", "holds"), _resource_rows(facts, [p.found for p in asleep])
    )
    ending = [p.found for p in compared.pairs if p.found.is_active and p.desired.attributes.get(ACTIVE) is False]
    yield from _found(f"{kind}s_ending", "note", ("name_now", "holds"), _resource_rows(facts, ending))
    yield from _left(facts, kind, compared.only_store)
    yield from _found(f"{kind}s_only_source", "note", ("record", "place"), _record_rows(compared.only_source))


def _pair_rows(facts: Facts, pairs: Iterable[Pair], *, with_differences: bool) -> Rows:
    rows = []
    for pair in pairs:
        held = facts.held.by(pair.found.kind, pair.found.id)
        differs = (", ".join(pair.differs),) if with_differences else ()
        rows.append((held.rank, (pair.found.name, pair.desired.name, *differs, held.words)))
    return tuple(row for _, row in sorted(rows))


def _resource_rows(facts: Facts, resources: Iterable[StoreResource]) -> Rows:
    """With what they hold, the most privileged first."""
    held = [(facts.held.by(one.kind, one.id), one) for one in resources]
    return tuple((one.name, what.words) for what, one in sorted(held, key=lambda each: (each[0].rank, each[1].name)))


def _record_rows(records: Iterable[Desired]) -> Rows:
    return tuple((record.name, record.places[0]) for record in records)


def _left(facts: Facts, kind: Kind, left: Iterable[StoreResource]) -> Iterator[Finding]:
    """Those who are in Identity Center only: they keep what they have, and can no longer sign in."""
    protected: list[StoreResource] = []
    privileged: list[StoreResource] = []
    others: list[StoreResource] = []
    tower: list[StoreResource] = []
    for one in left:
        if facts.said.protect.covers(kind, one.name):
            protected.append(one)
        elif kind == "group" and is_control_towers(one.name):
            tower.append(one)
        elif kind == "user" and one.is_active and facts.held.by(kind, one.id).level in PRIVILEGED:
            privileged.append(one)
        else:
            others.append(one)
    columns = ("name_now", "holds")
    yield from _found(f"{kind}s_left_privileged", "fix", columns, _resource_rows(facts, privileged))
    yield from _found(f"{kind}s_control_tower", "fix", columns, _resource_rows(facts, tower))
    yield from _found(f"{kind}s_left", "note", columns, _resource_rows(facts, others))
    yield from _found(f"{kind}s_protected", "note", columns, _resource_rows(facts, protected))


def is_control_towers(name: str) -> bool:
    """Whether a group's name is one of those that AWS Control Tower makes and needs."""
    return folded(name).startswith(_CONTROL_TOWER)


def _restored(facts: Facts, kind: Kind, compared: Compared) -> Iterator[Finding]:
    """Where everything is deleted: whose assignments can be made again by name (access/backup.py compares folded)."""
    again = {p.found.id for p in compared.pairs if folded(p.found.name) == folded(p.desired.name)}
    holding = [one for one in facts.stored[kind] if (kind, one.id) in facts.held.direct]
    lost = [one for one in holding if one.id not in again]
    yield Finding(key=f"{kind}s_restored", mark="note", values={"count": len(holding) - len(lost)})
    yield from _found(f"{kind}s_not_restored", "fix", ("name_now", "holds"), _resource_rows(facts, lost))


def _source(facts: Facts, kind: Kind, compared: Compared) -> Iterator[Finding]:
    """What is wrong with the source's own side, and what fits several."""
    unclear = tuple(
        (", ".join(d.name for d in one.desired), ", ".join(s.name for s in one.found)) for one in compared.unclear
    )
    yield from _found(f"{kind}s_unclear", "fix", ("record", "name_now"), unclear)
    twice = tuple((value, ", ".join(r.places[0] for r in records)) for value, records in compared.duplicates)
    yield from _found(f"{kind}s_duplicate", "fix", ("value", "place"), twice)
    records = _records(facts, kind)
    yield from _found(f"{kind}s_refused", "fix", ("record", "place", "why"), _flaws(records, fatal=True))
    yield from _found(f"{kind}s_left_out", "note", ("record", "place", "why"), _flaws(records, fatal=False))
    if kind == "user":
        wrong = [d for d in records if d.is_valid and not is_address(d.name)]
        yield from _found("users_no_address", "fix", ("record", "place"), _record_rows(wrong))
        yield from _found("users_email_taken", "fix", ("record", "value", "name_now"), _taken(facts, compared))


def _records(facts: Facts, kind: Kind) -> Sequence[Desired]:
    assert facts.desired is not None  # noqa: S101 - something is compared, so it was read
    return facts.desired.users if kind == "user" else facts.desired.groups


def _flaws(records: Iterable[Desired], *, fatal: bool) -> Rows:
    return tuple((r.name, r.places[0], flaw.detail) for r in records for flaw in r.flaws if flaw.fatal is fatal)


def _taken(facts: Facts, compared: Compared) -> Rows:
    """Records whose email another user has: the email is unique, so that the first sync could not give it."""
    if facts.direction.is_destructive:
        return ()
    holders = {folded(email): one for one in facts.stored["user"] for email in one.emails}
    theirs = [(p.desired, p.found.id) for p in compared.pairs] + [(d, "") for d in compared.only_source]
    rows = []
    for record, own in theirs:
        email = str(record.attributes.get(EMAILS) or "")
        holder = holders.get(folded(email))
        if email and holder is not None and holder.id != own:
            rows.append((record.name, email, holder.name))
    return tuple(rows)


def _found(key: str, mark: str, columns: tuple[str, ...], rows: Rows) -> Iterator[Finding]:
    """A finding about those in the rows; none if there are none."""
    if rows:
        yield Finding(key=key, mark=mark, values={"count": len(rows)}, columns=columns, rows=rows)  # type: ignore[arg-type]
