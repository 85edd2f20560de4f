"""The whole report: every finding in its place, and what is to be done in order. Pure."""

from collections.abc import Mapping
from datetime import datetime

from scim_bridge.access.switch.applications import application_findings
from scim_bridge.access.switch.consequences import consequences_of, steps_of
from scim_bridge.access.switch.facts import Facts
from scim_bridge.access.switch.instance import instance_findings
from scim_bridge.access.switch.membership import membership_findings
from scim_bridge.access.switch.people import people_findings
from scim_bridge.access.switch.roles import role_patterns
from scim_bridge.access.switch.store_reading import Stored
from scim_bridge.access.switch.way_in import way_in_findings
from scim_bridge.model.switch import ACTIVE_DIRECTORY, DIRECTORY, EXTERNAL, Finding, SourceKind, SwitchReport, Topic

ORDER = (
    "account_instance", "regions_to_remove", "administrators_none", "ask_break_glass", "ask_assignments_saved",
    "users_duplicate", "groups_duplicate", "users_refused", "groups_refused", "users_no_address", "users_unclear",
    "groups_unclear", "users_email_taken", "users_differs", "users_id", "users_email", "groups_differs", "groups_id",
    "users_not_restored", "groups_not_restored", "users_left_privileged", "groups_control_tower", "over_quota",
    "crowded", "issuers_to_replace", "copies_lost", "ask_role_references", "ask_key_policies", "ask_portal_url",
    "ask_passwords", "ask_mfa", "ask_name_id",
)  # fmt: skip
"""What is to be done, in the order in which it makes sense: stops, the way out, the source, the renames, the rest."""


def make_report(facts: Facts, connection: str, now: datetime, *, is_guessed: bool) -> SwitchReport:
    """Everything there is to say about this switch. now: UTC."""
    findings: Mapping[Topic, tuple[Finding, ...]] = {
        "administrators": tuple(way_in_findings(facts)),
        "users": tuple(people_findings(facts, "user")),
        "groups": (*people_findings(facts, "group"), *membership_findings(facts)),
        "applications": tuple(application_findings(facts)),
        "roles": _roles(facts),
        "instance": tuple(instance_findings(facts, is_guessed=is_guessed)),
        "consequences": tuple(consequences_of(facts.direction)),
        "steps": tuple(steps_of(facts.direction, has_regions=bool(facts.surroundings.regions))),
    }
    unsorted = [finding for some in findings.values() for finding in some if finding.is_open]
    return SwitchReport(
        connection=connection,
        direction=facts.direction,
        is_guessed=is_guessed,
        store=facts.reading.instance.store,
        made=now,
        access_at=facts.reading.as_of,
        findings=findings,
        fixes=tuple(sorted(unsorted, key=lambda one: ORDER.index(one.key))),
    )


def _roles(facts: Facts) -> tuple[Finding, ...]:
    """The roles that go, with the pattern to search for."""
    if not facts.direction.is_destructive:
        return ()
    rows = tuple(role_patterns(facts.reading, facts.surroundings.region))
    if not rows:
        return ()
    columns, pages = ("permission_set", "account", "arn"), ("referencingpermissionsets",)
    values = {"count": len(rows)}
    return (facts.ask("role-references", values=values, columns=columns, rows=rows, pages=pages),)


def guess_source(stored: Stored, *, has_memberships: bool) -> SourceKind:
    """What the source probably is today, since no API says it. has_memberships: AWS shows who is in a group."""
    if not has_memberships:
        return ACTIVE_DIRECTORY
    for one in (*stored["user"], *stored["group"]):
        if one.external_ids or "scim" in one.made_by.casefold():
            return EXTERNAL
    return DIRECTORY
