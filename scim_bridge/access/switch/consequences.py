"""What AWS documents about changing the identity source, as data: each consequence, its directions, where it is said.

Pages are those of the user guide (docs.aws.amazon.com/singlesignon/latest/userguide/NAME.html) unless they begin with
https. The sentences themselves, in each language, are in view/templates/switch.toml under the same keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from scim_bridge.model.switch import ACTIVE_DIRECTORY, DIRECTORY, EXTERNAL, Direction, Finding

_TO_IDP = Direction(DIRECTORY, EXTERNAL)
_TO_DIRECTORY = Direction(EXTERNAL, DIRECTORY)
_IDP_TO_IDP = Direction(EXTERNAL, EXTERNAL)
_DIRECTORY_TO_AD = Direction(DIRECTORY, ACTIVE_DIRECTORY)
_AD_TO_DIRECTORY = Direction(ACTIVE_DIRECTORY, DIRECTORY)
_AD_TO_IDP = Direction(ACTIVE_DIRECTORY, EXTERNAL)
_IDP_TO_AD = Direction(EXTERNAL, ACTIVE_DIRECTORY)
KEEPING = frozenset({_TO_IDP, _TO_DIRECTORY, _IDP_TO_IDP})
"""Users, groups, memberships and assignments stay."""
DELETING = frozenset({_DIRECTORY_TO_AD, _AD_TO_DIRECTORY, _AD_TO_IDP, _IDP_TO_AD})
DIRECTIONS = KEEPING | DELETING
_ASSERTED = frozenset({_TO_IDP, _IDP_TO_IDP, _AD_TO_IDP})
_ENTERING_AD = frozenset({_DIRECTORY_TO_AD, _IDP_TO_AD})
_CONSIDERATIONS, _CHANGE = "manage-your-identity-source-considerations", "manage-your-identity-source-change"


@dataclass(frozen=True, slots=True)
class Consequence:
    """One documented consequence. key: of its sentence. pages: where AWS says so."""

    key: str
    directions: frozenset[Direction]
    pages: tuple[str, ...]


CONSEQUENCES = (
    Consequence("users_kept", KEEPING, (_CONSIDERATIONS,)),
    Consequence("memberships_kept", KEEPING, (_CONSIDERATIONS,)),
    Consequence("assignments_kept", KEEPING, (_CONSIDERATIONS,)),
    Consequence("users_deleted", DELETING, (_CONSIDERATIONS,)),
    Consequence("memberships_deleted", DELETING, (_CONSIDERATIONS,)),
    Consequence("assignments_deleted", DELETING, (_CONSIDERATIONS,)),
    Consequence("sets_kept", DIRECTIONS, (_CONSIDERATIONS,)),
    Consequence("names_must_match", _ASSERTED, (_CONSIDERATIONS, "troubleshooting")),
    Consequence("nobody_is_created_by_sign_in", _ASSERTED, (_CONSIDERATIONS,)),
    Consequence("passwords_unused", frozenset({_TO_IDP}), (_CONSIDERATIONS,)),
    Consequence("can_be_switched_back", frozenset({_TO_IDP}), (_CONSIDERATIONS,)),
    Consequence("scim_waits_for_a_push", frozenset({_TO_IDP}), ("provision-automatically",)),
    Consequence("passwords_kept_or_reset", frozenset({_TO_DIRECTORY}), (_CONSIDERATIONS,)),
    Consequence("token_unused", frozenset({_TO_DIRECTORY}), ("provision-automatically",)),
    Consequence("mfa_by_default", frozenset({_TO_DIRECTORY}), ("enable-mfa",)),
    Consequence("new_scim_must_match", frozenset({_IDP_TO_IDP}), (_CONSIDERATIONS, "provision-automatically")),
    Consequence("old_token_writes", frozenset({_IDP_TO_IDP}), ("provision-automatically",)),
    Consequence("store_id_changes", DELETING, (_CONSIDERATIONS, _CHANGE)),
    Consequence("store_id_stays", KEEPING, (_CONSIDERATIONS,)),
    Consequence("portal_url_changes", DELETING, (_CONSIDERATIONS, "howtochangeURL")),
    Consequence("key_policies_name_the_store", DELETING, (_CHANGE,)),
    Consequence("roles_are_removed", DELETING, (_CHANGE, "referencingpermissionsets")),
    Consequence("roles_stay", KEEPING, (_CHANGE,)),
    Consequence("sync_and_assign_again", DELETING, (_CONSIDERATIONS,)),
    Consequence("directory_untouched", frozenset({_AD_TO_IDP, _IDP_TO_AD}), (_CONSIDERATIONS,)),
    Consequence("directory_lives_in_the_account", _ENTERING_AD, (_CHANGE,)),
    Consequence("users_sign_in_once", _ENTERING_AD, (_CONSIDERATIONS,)),
    Consequence("mfa_deleted", frozenset({_TO_IDP, _AD_TO_IDP}), ("enable-mfa", _CONSIDERATIONS)),
    Consequence("tags_kept", DIRECTIONS, ("attributesforaccesscontrol",)),
    Consequence("tags_of_the_provider_end", frozenset({_TO_DIRECTORY, _IDP_TO_IDP}), ("configure-abac-attributes",)),
    Consequence("issuers_belong_to_the_provider", frozenset({_IDP_TO_IDP}), ("setuptrustedtokenissuer",)),
    Consequence("sessions_run_on", DIRECTIONS, ("authconcept", "howtosessionduration")),
    Consequence("sessions_cannot_be_ended", DELETING, ("revoke-user-permissions",)),
    Consequence("regions_forbid_ad", _ENTERING_AD, (_CHANGE,)),
    Consequence("regions_allowed", KEEPING, ("multi-region-iam-identity-center",)),
    Consequence("needs_an_organization_instance", DIRECTIONS, (_CHANGE,)),
    Consequence("copies_of_ids_kept", KEEPING, (_CONSIDERATIONS,)),
    Consequence("copies_of_ids_lost", DELETING, (_CONSIDERATIONS,)),
)

_REGIONS_STEP = "step_remove_regions"
_STEPS = (
    ("step_export", DIRECTIONS),
    ("step_rename", _ASSERTED - {_AD_TO_IDP}),
    ("step_end_sessions", DELETING),
    (_REGIONS_STEP, _ENTERING_AD),
    ("step_stop_provisioning", frozenset({_IDP_TO_IDP, _TO_DIRECTORY, _IDP_TO_AD})),
    ("step_change", DIRECTIONS),
    ("step_test_sign_in", DIRECTIONS),
    ("step_reset_passwords", frozenset({_TO_DIRECTORY, _AD_TO_DIRECTORY})),
    ("step_enable_provisioning", _ASSERTED),
    ("step_dry_run", KEEPING & _ASSERTED),
    ("step_sync", _ASSERTED),
    ("step_restore", DELETING),
    ("step_search_roles", DELETING),
    ("step_leftovers", KEEPING & _ASSERTED),
    ("step_token_expires", _ASSERTED),
)
"""What to do, in order (manage-your-identity-source-idp, provision-automatically)."""


def consequences_of(direction: Direction) -> Iterator[Finding]:
    """Each documented consequence of this direction."""
    for one in CONSEQUENCES:
        if direction in one.directions:
            yield Finding(key=one.key, mark="note", pages=one.pages)


def steps_of(direction: Direction, *, has_regions: bool) -> Iterator[Finding]:
    """What to do on the day, in order. has_regions: additional ones, which there may be to remove."""
    for key, directions in _STEPS:
        if direction in directions and (has_regions or key != _REGIONS_STEP):
            yield Finding(key=key, mark="note")
