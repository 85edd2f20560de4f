"""The decisions about a conflict, as buttons: what each is called, and what it will do."""

from collections.abc import Mapping
from dataclasses import dataclass

from scim_bridge.model.conflict_kind import Decision, decisions
from scim_bridge.view.translation import _

_WORDS: Mapping[Decision, tuple[str, str]] = {
    "link": ("Link", "The record and the chosen resource are the same. From the next run on they are kept equal."),
    "separate": ("Separate", "The record is someone else. The next run creates a new resource for it."),
    "adopt": ("Adopt", "They are the same. The next run takes the resource over, and keeps it equal to the record."),
    "ignore": ("Ignore", "Everything stays as it is for as long as the cause lasts. No one is asked again."),
    "source": ("Use the source", "The next run writes what the source says to the target."),
    "target": ("Keep the target", "The target's value stays. The difference is not reported again."),
}
_OF_KIND: Mapping[tuple[str, Decision], str] = {
    ("missing", "source"): "The next run creates the resource again, with a new id.",
    ("missing", "target"): "The resource stays deleted.",
    ("disabled_there", "source"): "The next run activates the user again: the user may sign in.",
    ("disabled_there", "target"): "The user stays deactivated on the target.",
    ("unclaimed", "source"): "The next run does with the resource what the policy says of leavers.",
    ("refused_by_target", "source"): "The next run sends it again.",
    ("name_taken", "source"): "The next run sends it again.",
    ("not_answered", "source"): "The next run sends it again.",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision. effect: what it will do."""

    decision: Decision
    words: str
    effect: str


def choices(kind: str) -> tuple[Choice, ...]:
    """The decisions that a conflict of this kind allows."""
    return tuple(_choice(kind, decision) for decision in decisions(kind))


def said(decision: str) -> str:
    """What a decision is called; of one of another version, its name."""
    found = _WORDS.get(decision)  # type: ignore[call-overload]  # the state may be of another version
    return _(found[0]) if found is not None else decision


def _choice(kind: str, decision: Decision) -> Choice:
    words, effect = _WORDS[decision]
    return Choice(decision, _(words), _(_OF_KIND.get((kind, decision), effect)))


def texts() -> tuple[str, ...]:
    """All texts of these tables, for the catalogs."""
    return (*(text for pair in _WORDS.values() for text in pair), *_OF_KIND.values())
