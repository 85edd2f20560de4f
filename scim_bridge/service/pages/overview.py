"""The overview: what needs a person, then every connection, the most urgent first; one or three hundred of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from scim_bridge.model.conflict_kind import UNREADABLE
from scim_bridge.model.glance import Glance
from scim_bridge.service.auth.principal import require_viewer
from scim_bridge.service.pages.frame import Frame, Framed, PageNumber
from scim_bridge.state.liveness import as_it_is
from scim_bridge.state.reader import StateReader
from scim_bridge.view.attention import needs
from scim_bridge.view.conflict import still_open
from scim_bridge.view.connection import ConnectionView, Situation, by_urgency, view_connection
from scim_bridge.view.run import view_runs
from scim_bridge.view.shadow import PERIOD, period_of, view_shadow
from scim_bridge.view.spark import Spark, changes_of, durations_of
from scim_bridge.view.translation import _

router = APIRouter(dependencies=[Depends(require_viewer)])
_PAGE = 50
_FEW = 6
"""Up to so many connections there is nothing to search, and each has room to say more."""
_NEEDS, _RUNS, _TREND = 8, 8, 30
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter by state, as a link. key: "" for all of them."""

    key: str
    words: str
    count: int


@router.api_route("/", methods=["GET", "HEAD"])
def overview(
    request: Request,
    frame: Framed,
    q: Annotated[str, Query(max_length=_LONGEST)] = "",
    state: Annotated[str, Query(max_length=_LONGEST)] = "",
    page: PageNumber = 1,
) -> Response:
    """Is it well, what changed, what waits. q: a part of a connection's name; state: the key of a chip."""
    with frame.look() as reader:
        everyone = by_urgency(
            view_connection(situation(frame, reader, glance)) for glance in all_glances(frame, reader)
        )
        found = [one for one in everyone if q.casefold() in one.name.casefold() and _is(one, state)]
        shown = found[(page - 1) * _PAGE : page * _PAGE]
        trends = _trends(reader, shown)
        recent = view_runs(frame.runs(reader, limit=_RUNS))
        undecided = reader.undecided(newest=_NEEDS)
        first = still_open(record.conflict for record in reader.undecided(kinds=UNREADABLE))
    waiting = sum(one.conflicts for one in everyone)
    asking = needs(everyone, undecided)
    return frame.render(
        request,
        "overview.html",
        refused=frame.shown.refused(),
        first=first,
        needy=sum(one.needs_you for one in everyone),
        needs=asking[:_NEEDS],
        more_needs=len(asking) - len(asking[:_NEEDS]) + waiting - len(undecided),
        total=len(everyone),
        connections=shown,
        found=len(found),
        is_few=len(everyone) <= _FEW,
        chips=_chips(everyone),
        trends=trends,
        runs=recent,
        asked={"q": q, "state": state},
        page=page,
        pages=max(1, -(-len(found) // _PAGE)),
    )


def glance_of(frame: Frame, reader: StateReader, name: str) -> Glance | None:
    """One connection, None if it is neither configured nor known."""
    known = reader.glances(name).get(name)
    if known is None and name not in frame.shown.connections:
        return None
    return as_it_is_now(frame, reader, known or Glance(connection=name))


def all_glances(frame: Frame, reader: StateReader) -> list[Glance]:
    """Every connection that is configured or has run."""
    known = reader.glances()
    names = dict.fromkeys((*frame.shown.connections, *known))
    return [as_it_is_now(frame, reader, known.get(name) or Glance(connection=name)) for name in names]


def as_it_is_now(frame: Frame, reader: StateReader, glance: Glance) -> Glance:
    """The same; a run whose process is gone is not running any more."""
    if glance.last is None or glance.last.status != "running":
        return glance
    last = as_it_is(reader, frame.shown.state, [glance.last])[0]
    return replace(glance, last=last, judged=last)


def situation(frame: Frame, reader: StateReader, glance: Glance) -> Situation:
    """What is known of a connection now."""
    name, now = glance.connection, frame.shown.now()
    is_shadow = glance.judged is not None and glance.judged.status == "shadow"
    settings = frame.shown.settings.get(name)
    return Situation(
        glance=glance,
        every=frame.shown.connections.get(name),
        now=now,
        shadow=view_shadow(name, reader.shadow(name, period_of(PERIOD, now)), PERIOD, now) if is_shadow else None,
        token_expires=settings.target.token_expires if settings is not None else None,
    )


def _is(connection: ConnectionView, state: str) -> bool:
    return state in ("", connection.health.key) or (state == "needs_you" and connection.needs_you)


def _chips(everyone: Sequence[ConnectionView]) -> list[Chip]:
    by_key = Counter(one.health.key for one in everyone)
    words = {one.health.key: one.health.words for one in everyone}
    needy = sum(one.needs_you for one in everyone)
    asking = [Chip("needs_you", _("Needs you"), needy)] if needy else []
    return [Chip("", _("All"), len(everyone)), *asking, *(Chip(key, words[key], by_key[key]) for key in words)]


def _trends(reader: StateReader, shown: Iterable[ConnectionView]) -> dict[str, tuple[Spark, Spark]]:
    found = reader.trends([one.name for one in shown], _TREND)
    return {name: (changes_of(points), durations_of(points)) for name, points in found.items()}
