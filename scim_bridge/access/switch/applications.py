"""Findings about applications that keep identities of their own, and roles that are assigned without a set. Pure.

Which of them keep what: the services' models (S3 Access Grants, Managed Grafana, Q Business and Kiro keep ids;
Redshift, SageMaker and QuickSight keep names; a SAML application gets the name as its subject). An ARN does not tell
the kind for sure, so the name counts too.
"""

from collections.abc import Iterator

from scim_bridge.access.switch.facts import Facts
from scim_bridge.model.switch import Finding

_KEEPS = (
    ("grafana", "id"), ("access grants", "id"), ("accessgrants", "id"), ("qbusiness", "id"), ("q business", "id"),
    ("account access", "id"), ("qdevprofile", "id"), ("kiroprofile", "id"), ("codewhisperer", "id"),
    ("sagemaker", "name"), ("redshift", "name"), ("quicksight", "group"), ("custom-saml", "name"), ("catalog/", "name"),
)  # fmt: skip
"""A part of the name or of the provider's ARN, folded → by what the application knows users."""


def application_findings(facts: Facts) -> Iterator[Finding]:
    """Applications that know users by id die with a new id; those that know them by name, with a new name."""
    rows = tuple((name, keeps_by(name, provider)) for name, provider in sorted(facts.surroundings.applications.items()))
    copies = tuple(row for row in rows if row[1])
    if copies:
        key = "copies_lost" if facts.direction.is_destructive else "copies"
        mark = "fix" if facts.direction.is_destructive else "note"
        values = {"count": len(copies)}
        yield Finding(key=key, mark=mark, values=values, columns=("application", "keeps"), rows=copies)  # type: ignore[arg-type]
    roles = sum(facts.reading.sets[edge.permission_set].is_role for edge in facts.reading.edges)
    if roles:
        key = "entitlements_lost" if facts.direction.is_destructive else "entitlements_kept"
        yield Finding(key=key, mark="note", values={"count": roles})


def keeps_by(name: str, provider: str) -> str:
    """By what an application knows its users: id, name, group (by the name of a group), "" if nothing tells."""
    text = f"{name} {provider}".casefold()
    return next((how for part, how in _KEEPS if part in text), "")
