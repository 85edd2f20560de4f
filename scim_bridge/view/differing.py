"""Why the two sides differ, in sentences with the names of those concerned."""

from collections.abc import Iterable
from dataclasses import dataclass

from scim_bridge.model.differing import Differing
from scim_bridge.model.identity import Whom
from scim_bridge.view.translation import _, _n
from scim_bridge.view.words import printable


@dataclass(frozen=True, slots=True)
class DifferingView:
    """One reason. headline: how many there are; explained: what that means; more: how many names are not shown."""

    headline: str
    explained: str
    names: tuple[tuple[str, Whom], ...]
    more: int


def view_differing(found: Iterable[Differing]) -> tuple[DifferingView, ...]:
    """Each reason, users before groups."""
    return tuple(
        DifferingView(
            _headline(one),
            _explained(one),
            tuple((printable(name), whom) for name, whom in one.names),
            one.count - len(one.names),
        )
        for one in found
    )


def _headline(one: Differing) -> str:
    if one.kind == "user":
        count = _n("%(count)s user", "%(count)s users", one.count)
    else:
        count = _n("%(count)s group", "%(count)s groups", one.count)
    where = _("only on the target") if one.why in ("unmanaged", "departed") else _("only in the source")
    return _("%(count)s %(where)s", count=count, where=where)


def _explained(one: Differing) -> str:
    return {
        "unmanaged": _("No record and no connection claims them, so scim-bridge never changes them."),
        "departed": _(
            "They left the source and were deactivated. With deletion on, they stay until their grace is over."
        ),
        "held": _("They are held, because a conflict about them waits for a decision."),
        "left_alone": _("A rule leaves them alone, for example because they are protected."),
        "not_yet": _("They are not on the target yet; a run creates or adopts them."),
    }[one.why]
