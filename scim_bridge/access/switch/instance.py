"""Findings about the instance: what it is, Regions, key, quotas, what no API tells. Pure.

Quotas: User guide, limits (2026): users 200,000, groups 100,000, accounts and applications 7,000 each, 3,500 permission
sets, 6 Regions, 10 trusted token issuers, 100 groups for a permission set and account.
"""

from collections import Counter
from collections.abc import Iterator

from scim_bridge.access.switch.facts import Facts
from scim_bridge.model.switch import ACTIVE_DIRECTORY, EXTERNAL, Finding

_GROUPS_OF_A_PAIR = 100
_REGIONS, _ISSUERS = 6, 10
_LIMITS, _CHANGE = ("limits",), ("manage-your-identity-source-change",)


def instance_findings(facts: Facts, *, is_guessed: bool) -> Iterator[Finding]:
    """What there is to say about the instance and its organization."""
    yield from _kind(facts, is_guessed=is_guessed)
    yield from _regions(facts)
    yield from _key(facts)
    if facts.reading.instance.delegated:
        values = {"account": facts.reading.instance.delegated}
        yield Finding(key="delegated", mark="note", values=values, pages=("delegated-admin",))
    yield from _quotas(facts)
    yield from _provider(facts)
    if facts.direction.is_destructive:
        yield facts.ask("portal-url", values={"store": facts.reading.instance.store}, pages=("howtochangeURL",))
    yield from _unknown(facts)


def _kind(facts: Facts, *, is_guessed: bool) -> Iterator[Finding]:
    before = facts.direction.before
    yield Finding(key="source_guessed" if is_guessed else "source_configured", mark="note", values={"source": before})
    values = {"account": facts.surroundings.owner}
    if facts.surroundings.is_of_organization:
        yield Finding(key="organization_instance", mark="note", values=values)
    else:
        yield Finding(key="account_instance", mark="stop", values=values, pages=_CHANGE)


def _regions(facts: Facts) -> Iterator[Finding]:
    around = facts.surroundings
    if not around.regions:
        yield Finding(key="one_region", mark="note", values={"region": around.region})
        return
    forbidden = facts.direction.after == ACTIVE_DIRECTORY
    values = {"region": around.region, "others": ", ".join(around.regions)}
    key = "regions_to_remove" if forbidden else "more_regions"
    yield Finding(key=key, mark="stop" if forbidden else "note", values=values, pages=_CHANGE)


def _key(facts: Facts) -> Iterator[Finding]:
    key = facts.surroundings.key
    values = {"key": key, "store": facts.reading.instance.store}
    if key and facts.direction.is_destructive:
        yield facts.ask("key-policies", values=values, pages=_CHANGE)
    else:
        yield Finding(key="own_key" if key else "key_of_aws", mark="note", values=values)


def _quotas(facts: Facts) -> Iterator[Finding]:
    counts = (
        ("users", len(facts.stored["user"]) + _created(facts, "user"), 200_000),
        ("groups", len(facts.stored["group"]) + _created(facts, "group"), 100_000),
        ("permission_sets", sum(not one.is_role for one in facts.reading.sets.values()), 3_500),
        ("accounts", len(facts.reading.accounts), 7_000),
        ("applications", len(facts.reading.applications), 7_000),
        ("regions", 1 + len(facts.surroundings.regions), _REGIONS),
        ("token_issuers", len(facts.surroundings.issuers), _ISSUERS),
    )
    rows = tuple((what, f"{count:,}", f"{limit:,}") for what, count, limit in counts)
    over = tuple(row for row, (_, count, limit) in zip(rows, counts, strict=True) if count > limit)
    columns = ("quota", "count", "limit")
    yield Finding(key="quotas", mark="note", columns=columns, rows=rows, pages=_LIMITS)
    if over:
        values = {"count": len(over)}
        yield Finding(key="over_quota", mark="fix", values=values, columns=columns, rows=over, pages=_LIMITS)
    yield from _crowded(facts)


def _crowded(facts: Facts) -> Iterator[Finding]:
    """Where more groups are assigned than AWS allows for one permission set and account, or one application."""
    pairs = Counter((e.permission_set, e.account) for e in facts.reading.edges if e.principal.kind == "group")
    crowded = [
        (facts.reading.sets[held].name, facts.reading.accounts[account].name, f"{count:,}")
        for (held, account), count in sorted(pairs.items())
        if count > _GROUPS_OF_A_PAIR
    ]
    uses = Counter(use.application for use in facts.reading.uses if use.principal.kind == "group")
    crowded += [
        (facts.reading.applications[arn].name, "", f"{count:,}")
        for arn, count in sorted(uses.items())
        if count > _GROUPS_OF_A_PAIR
    ]
    if crowded:
        columns = ("set_or_application", "account", "count")
        values = {"count": len(crowded), "limit": _GROUPS_OF_A_PAIR}
        yield Finding(key="crowded", mark="fix", values=values, columns=columns, rows=tuple(crowded), pages=_LIMITS)


def _created(facts: Facts, kind: str) -> int:
    """How many the first sync adds, where the others stay."""
    compared = facts.compared.get(kind)  # type: ignore[call-overload]  # a kind
    if facts.direction.is_destructive or compared is None:
        return 0
    return len(compared.only_source)


def _provider(facts: Facts) -> Iterator[Finding]:
    """What belongs to the identity provider: issuers of trusted tokens, attributes for access control."""
    issuers = facts.surroundings.issuers
    if issuers:
        is_new = facts.direction.before == EXTERNAL
        rows = tuple((name,) for name in issuers)
        key, mark = ("issuers_to_replace", "fix") if is_new else ("issuers", "note")
        values = {"count": len(issuers)}
        pages = ("setuptrustedtokenissuer",)
        yield Finding(key=key, mark=mark, values=values, columns=("issuer",), rows=rows, pages=pages)  # type: ignore[arg-type]
    if facts.reading.tags:
        tags = tuple(sorted(facts.reading.tags.items()))
        values = {"count": len(tags)}
        pages = ("attributesforaccesscontrol",)
        yield Finding(key="tags", mark="note", values=values, columns=("tag", "attribute"), rows=tags, pages=pages)


def _unknown(facts: Facts) -> Iterator[Finding]:
    """What the program cannot know: said, so that it is not taken for looked at."""
    session = facts.said.portal_session
    if session is None:
        yield Finding(key="portal_session_unknown", mark="note", pages=("howtosessionduration",))
    else:
        yield Finding(key="portal_session", mark="note", values={"hours": f"{session.total_seconds() / 3600:g}"})
    yield Finding(key="not_told_by_any_api", mark="note")
    unread = tuple((sentence,) for sentence in (*facts.surroundings.unread, *facts.reading.warnings))
    if unread:
        rows = tuple(dict.fromkeys(unread))
        yield Finding(key="not_read", mark="note", values={"count": len(rows)}, columns=("what",), rows=rows)
