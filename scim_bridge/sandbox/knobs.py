"""Where the documents leave a choice, the emulator can do either. The defaults are what AWS most likely does."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from scim_bridge.sandbox.setting import check


@dataclass(frozen=True, slots=True)
class Knobs:
    """One setting for each open question about the endpoint; docs/sandbox.md says what each one does."""

    rate: float | None = 20
    quota: Literal["together", "per_api"] = "together"
    retry_after: int | None = None
    put_group: Literal[501, 400, 404, 405] = 501
    put_without_id: Literal["refuse", "accept"] = "refuse"
    put_success: Literal[201, 200] = 201
    members_replace: Literal["refuse", "ignore", "empty"] = "refuse"
    members_remove_all: Literal["refuse", "remove"] = "refuse"
    members_path_filter: Literal["accept", "refuse"] = "accept"
    redundant_member_change: Literal["accept", "refuse"] = "accept"
    unknown_member: Literal[404, 400] = 404
    empty_cursor_with_filter: Literal["accept", "refuse"] = "accept"
    unsupported_parameter: Literal["refuse", "ignore"] = "refuse"
    invalid_count: Literal["refuse", "clamp"] = "refuse"
    filter_unknown_member: Literal[404, 200] = 404
    filter_unknown_group: Literal[200, 404] = 200
    groups_value_filter: Literal["accept", "refuse"] = "accept"
    members_value_filter: Literal["accept", "refuse"] = "accept"
    member_filter: Literal["accept", "refuse"] = "accept"
    page_without_cursor: Literal[100, 50] = 100
    short_pages: bool = False
    case_exact: bool = False
    active_by_default: bool = True
    unsupported_attribute: Literal["refuse", "ignore"] = "refuse"
    read_only_attribute: Literal["ignore", "refuse"] = "ignore"
    strict_text: bool = False
    patch_schemas: Literal["require", "accept"] = "require"
    patch_oddity: Literal["refuse", "ignore"] = "refuse"
    replace_without_match: Literal["refuse", "create"] = "refuse"
    patch_bare_value: Literal["refuse", "accept"] = "refuse"
    patch_dotted_key: Literal["refuse", "accept"] = "refuse"
    wrong_method: Literal[400, 404, 405] = 400
    unauthorized_body: Literal["error", "empty"] = "error"
    removed_tenant: Literal[401, 404] | None = None
    visible_after: float = 0.0
    content_type: Literal["application/json", "application/scim+json"] = "application/json"
    error_keys: Literal["both", "old", "lower"] = "both"
    applies_throttled_posts: bool = False
    assignments_of_deleted: Literal["keep", "remove"] = "keep"
    list_lag: float = 0.0
    straggler_chance: float = 0.0
    straggler_lag: float = 60.0


def changed(knobs: Knobs, given: Any) -> Knobs:
    """The settings with some of them changed, from JSON. Raises Unfit with a sentence for what does not fit."""
    check("knob", Knobs, given)
    return replace(knobs, **given)
