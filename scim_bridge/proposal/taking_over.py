"""What other tools have left in Identity Center, and how a mapping for Google Workspace begins equal to it.

What each writes, and how, was read in their code (ssosync 2.6.3, idp-scim-sync 0.45.1); docs/from-ssosync.md and
docs/from-idp-scim-sync.md say it for people. A rule for what a tool does not write would be one more update for each
user in the first plan, and one for what it writes in another form would overwrite it; both are left for later.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scim_bridge.model.identity import Kind

_NAME = '{0}.replace("\\u200b", "")'
_BOTH = f'({_NAME.format("name.givenName")} + " " + {_NAME.format("name.familyName")}).trim()'
_LATER = "it would be one more update for each user in the first plan; add it in a second one"

Place = tuple[Kind, str]
"""Kind of record, and the path of a rule's attribute."""


@dataclass(frozen=True, slots=True)
class Leavings:
    """What a tool leaves. rules: what they become, in its way. left_out: rules not to begin with, each with why."""

    rules: Mapping[Place, str] = field(default_factory=dict)
    left_out: Mapping[Place, str] = field(default_factory=dict)


_SSOSYNC: Mapping[Place, str] = {
    ("user", "title"): f"ssosync does not write it: {_LATER}",
    ("user", "enterprise.department"): f"ssosync does not write it: {_LATER}",
    ("user", "enterprise.manager"): f"ssosync does not write it: {_LATER}",
}
_DISPLAY_NAME: Place = ("user", "displayName")
_GIVEN_AND_FAMILY = f"firstNonEmpty({_BOTH}, primaryEmail)"
LEAVINGS: Mapping[str, Leavings] = {
    "ssosync": Leavings({_DISPLAY_NAME: _GIVEN_AND_FAMILY}, _SSOSYNC),
    "ssosync-users-groups": Leavings({_DISPLAY_NAME: _GIVEN_AND_FAMILY, ("group", "displayName"): "email"}, _SSOSYNC),
    "idp-scim-sync": Leavings(
        {_DISPLAY_NAME: f"firstNonEmpty(name.fullName, {_BOTH}, primaryEmail)"},
        {("user", "enterprise.manager"): f"idp-scim-sync writes the manager's address instead of an id: {_LATER}"},
    ),
}
"""The tool, by its way to sync → what it leaves."""
