"""Each row of the table of documented consequences (docs/switch.md), for each of its directions."""

import pytest

from scim_bridge.access.switch.consequences import CONSEQUENCES, DIRECTIONS, consequences_of, steps_of
from scim_bridge.model.switch import ACTIVE_DIRECTORY, DIRECTORY, EXTERNAL, Direction, SourceKind

KEPT = {"users_kept", "memberships_kept", "assignments_kept"}
DELETED = {"users_deleted", "memberships_deleted", "assignments_deleted"}
ALWAYS = {"sets_kept", "tags_kept", "sessions_run_on", "needs_an_organization_instance"}
TABLE: list[tuple[SourceKind, SourceKind, set[str]]] = [
    (
        DIRECTORY,
        EXTERNAL,
        KEPT
        | {
            "names_must_match",
            "nobody_is_created_by_sign_in",
            "passwords_unused",
            "scim_waits_for_a_push",
            "can_be_switched_back",
            "mfa_deleted",
        },
    ),
    (EXTERNAL, DIRECTORY, KEPT | {"passwords_kept_or_reset", "token_unused", "mfa_by_default"}),
    (EXTERNAL, EXTERNAL, KEPT | {"names_must_match", "new_scim_must_match", "old_token_writes"}),
    (
        DIRECTORY,
        ACTIVE_DIRECTORY,
        DELETED | {"store_id_changes", "portal_url_changes", "key_policies_name_the_store", "sync_and_assign_again"},
    ),
    (
        ACTIVE_DIRECTORY,
        DIRECTORY,
        DELETED | {"store_id_changes", "portal_url_changes", "key_policies_name_the_store", "sync_and_assign_again"},
    ),
    (ACTIVE_DIRECTORY, EXTERNAL, DELETED | {"store_id_changes", "names_must_match", "directory_untouched"}),
    (EXTERNAL, ACTIVE_DIRECTORY, DELETED | {"store_id_changes", "roles_are_removed", "directory_untouched"}),
]


@pytest.mark.parametrize(("before", "after", "wanted"), TABLE)
def test_a_row_of_the_table(before: SourceKind, after: SourceKind, wanted: set[str]) -> None:
    keys = {one.key for one in consequences_of(Direction(before, after))}
    assert wanted | ALWAYS <= keys
    other = KEPT if wanted >= DELETED else DELETED
    assert not other & keys
    kept_by = {"store_id_stays", "roles_stay", "copies_of_ids_kept"}
    lost_by = {"store_id_changes", "roles_are_removed", "copies_of_ids_lost", "sessions_cannot_be_ended"}
    assert (kept_by if wanted >= KEPT else lost_by) <= keys
    assert not (lost_by if wanted >= KEPT else kept_by) & keys


def test_the_table_has_every_direction_and_every_consequence_has_its_page() -> None:
    assert {Direction(before, after) for before, after, _ in TABLE} == DIRECTIONS
    assert all(one.pages and one.directions for one in CONSEQUENCES)
    assert len({one.key for one in CONSEQUENCES}) == len(CONSEQUENCES)


def test_additional_regions_are_a_step_only_where_there_are_some() -> None:
    direction = Direction(DIRECTORY, ACTIVE_DIRECTORY)
    with_some = [one.key for one in steps_of(direction, has_regions=True)]
    assert with_some.index("step_remove_regions") < with_some.index("step_change")
    assert "step_remove_regions" not in [one.key for one in steps_of(direction, has_regions=False)]


@pytest.mark.parametrize("direction", sorted(DIRECTIONS))
def test_the_order_of_the_day_saves_first_and_changes_before_it_syncs(direction: Direction) -> None:
    steps = [one.key for one in steps_of(direction, has_regions=True)]
    assert steps[0] == "step_export"
    later = [key for key in ("step_sync", "step_restore", "step_leftovers", "step_reset_passwords") if key in steps]
    assert all(steps.index("step_change") < steps.index(key) for key in later)
    assert ("step_restore" in steps) is direction.is_destructive
