"""Which operations of a run a person asks for."""

from dataclasses import dataclass

MEMBER_KINDS = ("add_members", "remove_members")
"""Kinds whose operations are about a group and name users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFilter:
    """Every condition has to hold; "" is none. text: a part of the name of a user or group, of any case, or a whole id.

    kind: of operation; status: its outcome.
    """

    text: str = ""
    kind: str = ""
    status: str = ""
