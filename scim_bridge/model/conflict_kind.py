"""The kinds of conflicts, one row each: what a person can do about it, and how it is decided.

A new kind is a row here and in the table of docs/operations.md; tests/docs/test_conflicts.py holds the two, and the
kinds that the code opens, together. What happened is put into words where it is found (plan/conflict.py,
plan/refusal.py, the mapping), since only there the values are known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scim_bridge.model.identity import DISPLAY_NAME, EMAILS, EXTERNAL_ID, USER_NAME

Decision = Literal["link", "separate", "adopt", "ignore", "source", "target"]
LASTING: tuple[Decision, ...] = ("ignore", "target")
"""Decisions that leave everything as it is for as long as the conflict lasts; the others are carried out, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRow:
    """What there is to know of one kind of conflict.

    remedy: what a person can do, with {names} for what only the plan knows; KEY stands for
    the conflict's key until it has one; "" where it depends on the value or on the answer, and is said with it.
    decisions: the ways to decide it; every kind can be ignored. is_told_by_target: no plan foresees it, only an answer
    of the target opens it. is_unreadable: a rule gives nothing for a record.
    """

    remedy: str = ""
    decisions: tuple[Decision, ...] = ("ignore",)
    is_told_by_target: bool = False
    is_unreadable: bool = False


_RESOLVE = "scim-bridge conflicts resolve KEY"
_ANOTHER_NAME = "Give {whom} another {what} in the source."
_CHANGE_ONE = "Change the {what} of one of the two."
_FIT_ONE = "Make the reference in the source fit one record alone."
_SENT_AGAIN: tuple[Decision, ...] = ("source", "ignore")
"""What the target refused is sent again at once, or not any more."""

CONFLICT_KINDS: Mapping[str, ConflictRow] = {
    # Something is wrong with one record.
    "duplicate_id": ConflictRow(remedy="Give each row an id of its own."),
    "missing_id": ConflictRow(remedy="Give the record its id in the source."),
    "rounded_id": ConflictRow(remedy="Export again with the ids as text; do not save the file in a spreadsheet."),
    "missing_value": ConflictRow(remedy="Give it a value in the source or a fallback in the mapping."),
    "invalid_value": ConflictRow(),
    "rule_failed": ConflictRow(is_unreadable=True, remedy="Fix the value in the source, or the rule in the mapping."),
    "unusable_character": ConflictRow(is_unreadable=True, remedy="Remove it in the source."),
    "ambiguous_manager": ConflictRow(remedy=_FIT_ONE),
    "ambiguous_reference": ConflictRow(remedy=_FIT_ONE),
    "several_held": ConflictRow(
        remedy="Say in the rule which value is meant, or take away the resource that is not this record's.",
    ),
    "protected_name": ConflictRow(
        remedy="Give the record another name in the source, or take the name out of `policy.protect`.",
    ),
    # Several records, or resources, claim one value.
    "duplicate_user_name": ConflictRow(remedy=_ANOTHER_NAME),
    "duplicate_email": ConflictRow(remedy=_ANOTHER_NAME),
    "duplicate_display_name": ConflictRow(remedy=_ANOTHER_NAME),
    "user_name_taken": ConflictRow(remedy=_CHANGE_ONE),
    "email_taken": ConflictRow(remedy=_CHANGE_ONE),
    "display_name_taken": ConflictRow(remedy=_CHANGE_ONE),
    "external_id_taken": ConflictRow(remedy=_CHANGE_ONE),
    "external_id_mixed": ConflictRow(
        remedy="Find out which other program writes to the target, and correct the externalIds there.",
    ),
    "ambiguous_member": ConflictRow(),
    # Who is who.
    "match_taken": ConflictRow(decisions=("link", "ignore"), remedy="Give one of the two another name in the source."),
    "match_contested": ConflictRow(
        decisions=("link", "ignore"),
        remedy=f"Give the records different names in the source, or decide: {_RESOLVE} --link TARGET_ID.",
    ),
    "match_ambiguous": ConflictRow(
        decisions=("link", "ignore"),
        remedy=f"Decide which one it is: {_RESOLVE} --link TARGET_ID.",
    ),
    "adopt?": ConflictRow(
        decisions=("adopt", "link", "ignore"),
        remedy=f"If they are the same: {_RESOLVE} --adopt. If not, rename one of the two.",
    ),
    "rehire?": ConflictRow(
        decisions=("link", "separate", "ignore"),
        remedy=f"If it is the same user: {_RESOLVE} --link {{resource_id}}. "
        f"If it is another one: {_RESOLVE} --separate.",
    ),
    "unclaimed": ConflictRow(
        decisions=("source", "ignore"),
        remedy=f"If so: {_RESOLVE} --source ({{effect}}). If not, bring the record back into scope, "
        "or leave it: --ignore.",
    ),
    "orphan_with_assignments": ConflictRow(
        remedy="Take the assignments away in IAM Identity Center, or bring its record into scope.{too} "
        f"If this is intended: {_RESOLVE} --ignore.",
    ),
    # Someone else has changed the target.
    "drift": ConflictRow(
        decisions=("source", "target", "ignore"),
        remedy=f"To use the source's value: {_RESOLVE} --source. To keep the target's: --target.",
    ),
    "missing": ConflictRow(
        decisions=("source", "target", "ignore"),
        remedy=f"To create it again, with a new id: {_RESOLVE} --source. To leave it deleted: --target.",
    ),
    "disabled_there": ConflictRow(
        decisions=("source", "target", "ignore"),
        remedy=f"If the user may sign in again: {_RESOLVE} --source. "
        "If not: --target, or deactivate the user in the source.",
    ),
    "another_provisioner": ConflictRow(
        remedy="CloudTrail names the other program: stop one of the two, or allow the difference with "
        "`policy.drift: report`.",
    ),
    # The target has refused something.
    "refused_by_target": ConflictRow(decisions=_SENT_AGAIN, is_told_by_target=True),
    "name_taken": ConflictRow(decisions=_SENT_AGAIN, is_told_by_target=True),
    "not_answered": ConflictRow(
        decisions=_SENT_AGAIN,
        is_told_by_target=True,
        remedy="If it happens again, give AWS the request id.",
    ),
}

TOLD_BY_TARGET = tuple(kind for kind, row in CONFLICT_KINDS.items() if row.is_told_by_target)
UNREADABLE = tuple(kind for kind, row in CONFLICT_KINDS.items() if row.is_unreadable)
KIND_OF_TAKEN: Mapping[str, str] = {
    USER_NAME: "user_name_taken",
    EMAILS: "email_taken",
    DISPLAY_NAME: "display_name_taken",
    EXTERNAL_ID: "external_id_taken",
}
"""Attribute → the kind of conflict for a value of it that another resource holds."""


def remedy(kind: str, **names: str) -> str:
    """What a person can do about a conflict of this kind. names: what its row leaves open."""
    return CONFLICT_KINDS[kind].remedy.format(**names)


def decisions(kind: str) -> tuple[Decision, ...]:
    """The ways to decide a conflict of this kind; one of a kind that is not known any more can only be ignored."""
    row = CONFLICT_KINDS.get(kind)
    return row.decisions if row is not None else ("ignore",)


def words(kind: str) -> str:
    """As a view calls it: by its own name, in words."""
    return kind.replace("_", " ")
