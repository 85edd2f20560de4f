"""Where Microsoft's pages leave a choice, or leave the client to expect anything, the emulator can do either."""

from dataclasses import dataclass
from typing import Literal

BASE_ROLES = ("User.Read.All", "GroupMember.Read.All", "Application.Read.All")
"""Application permissions that suffice for every scope of the source."""
WEEK = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraKnobs:
    """One setting for each open question, and for each thing that Graph may do and a client must have.

    roles: application permissions, written into tokens when they are issued. token_lifetime: seconds.
    page_cap: rows a list page holds at most, whatever $top says. empty_pages: before each page comes an empty one.
    lag: seconds until a change in the directory shows anywhere. without: properties that the schema does not know.
    units: resource units that may be used in ten seconds; None = any number.
    hidden_members: what the members of a group of hidden membership are without Member.Read.Hidden.

    Delta: delta_page rows and about delta_members membership entries a page. scattered: the parts of one group come
    between those of others. duplicates: half of the objects come twice in a round. replays: so many changes from before
    the link come again. history: every membership change in order, not only the last. endless: the round never ends,
    by the same next link or by new ones. removed_at_first: what was soft-deleted shows in a first round.
    deletions_as_removals: a deleted user also shows as removed from groups. delta_lifetime: seconds;
    expired_delta: how an older link is refused. delta_top: what $top does there.
    """

    roles: tuple[str, ...] = BASE_ROLES
    token_lifetime: int = 3599
    page_cap: int = 999
    empty_pages: bool = False
    lag: float = 0.0
    without: frozenset[str] = frozenset()
    units: int | None = None
    hidden_members: Literal["empty", "refuse"] = "empty"
    delta_page: int = 200
    delta_members: int = 1_000
    scattered: bool = False
    duplicates: bool = False
    replays: int = 0
    history: bool = False
    endless: Literal["no", "same", "new"] = "no"
    removed_at_first: bool = False
    deletions_as_removals: bool = False
    delta_lifetime: float = WEEK
    expired_delta: Literal["syncStateNotFound", "resyncRequired", "gone"] = "syncStateNotFound"
    delta_top: Literal["refuse", "ignore"] = "refuse"
