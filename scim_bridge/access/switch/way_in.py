"""Findings about who still gets in: administrators of the management account, and ways that need no Identity Center.

Only the management account can repair what is provisioned there (User guide, delegated-admin), so one administrator of
it whose name is matched exactly has to stay, and someone who gets in without Identity Center at all.
"""

from collections.abc import Iterator

from scim_bridge.access.switch.facts import Facts
from scim_bridge.model.switch import DIRECTORY, Finding

_COLUMNS = ("name_now",)


def way_in_findings(facts: Facts) -> Iterator[Finding]:
    """Who keeps a way in."""
    names = {user.id: user.name for user in facts.stored["user"]}
    administrators = {who: names.get(who, who) for who in facts.held.administrators}
    if not facts.reading.instance.management:
        yield Finding(key="administrators_unknown", mark="note")
    elif facts.direction.is_destructive:
        yield _listed("administrators_lose", administrators.values())
        yield facts.ask("assignments-saved", pages=("manage-your-identity-source-considerations",))
    elif facts.direction.needs_names:
        yield from _kept(facts, administrators)
    else:
        yield _listed("administrators_need_passwords", administrators.values())
    if facts.direction.after == DIRECTORY:
        yield facts.ask("passwords", pages=("manage-your-identity-source-considerations",))
    if facts.direction.needs_names:
        yield facts.ask("name-id", pages=("troubleshooting",))
        if facts.direction.before != facts.direction.after:
            yield facts.ask("mfa", pages=("enable-mfa",))
    yield facts.ask("break-glass", pages=("delegated-admin",))


def _kept(facts: Facts, administrators: dict[str, str]) -> Iterator[Finding]:
    """The administrators who sign in with the name that they have, and those who do after the renames."""
    pairs = [p for p in facts.compared["user"].pairs if p.found.id in administrators and p.desired.is_valid]
    open_ones = [p for p in pairs if p.desired.attributes.get("active") is not False]
    now = [p.found.name for p in open_ones if p.how == "exact"]
    later = [p.found.name for p in open_ones if p.how != "exact"]
    if now:
        yield _listed("administrators_kept", now)
    if later:
        yield _listed("administrators_after_fixes", later)
    if not now and not later:
        yield Finding(key="administrators_none", mark="stop", pages=("delegated-admin",))


def _listed(key: str, names: object) -> Finding:
    rows = tuple((name,) for name in sorted(names))  # type: ignore[call-overload]  # names of users
    return Finding(key=key, mark="note", values={"count": len(rows)}, columns=_COLUMNS, rows=rows)
