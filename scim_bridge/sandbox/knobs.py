"""Where the documents leave a choice, the emulator can do either. The defaults are what AWS most likely does."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Knobs:
    """One setting for each open question about the endpoint.

    rate: requests a second, and the bucket's size; None = any number. visible_after: seconds until a new id can be
    used in a PATCH. strict_text: refuse `<>;:%` in every attribute. list_lag: seconds until lists and filters show a
    write; a share of writes (straggler_chance, 0 to 1) takes straggler_lag seconds instead.
    """

    rate: float | None = 20
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
    page_without_cursor: Literal[100, 50] = 100
    short_pages: bool = False
    case_exact: bool = False
    active_by_default: bool = True
    unsupported_attribute: Literal["refuse", "ignore"] = "refuse"
    strict_text: bool = False
    unauthorized_body: Literal["error", "empty"] = "error"
    visible_after: float = 0.0
    content_type: str = "application/json"
    error_keys: Literal["both", "old"] = "both"
    applies_throttled_posts: bool = False
    assignments_of_deleted: Literal["keep", "remove"] = "keep"
    list_lag: float = 0.0
    straggler_chance: float = 0.0
    straggler_lag: float = 60.0
