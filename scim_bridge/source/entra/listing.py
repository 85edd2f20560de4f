"""Listings: pages to their end, several questions in one request, and whether it all has the form that Graph documents.

The form is checked once, where an answer comes in, so that the other files may rely on it. A proxy in between may give
anything, and what cannot be read is not believed in part: all pages (https://learn.microsoft.com/graph/paging) count,
or none. A batch (https://learn.microsoft.com/graph/json-batching) saves round trips, not quota.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

from scim_bridge.errors import Retry, SourceUnreadable
from scim_bridge.model.protocol import Progress, silent
from scim_bridge.source.entra.graph import Graph, Request
from scim_bridge.source.entra.memory import GraphObject
from scim_bridge.source.entra.property import MANAGER, OBJECTS
from scim_bridge.source.entra.refusal import Absent, PermissionMissing, error_of

_NEXT, _DELTA = "@odata.nextLink", "@odata.deltaLink"
_NEXT_RUN = "Nothing was changed; the next run reads from the beginning."
_LOOK = "Look at any proxy in between; the next run reads again."
_MOST_PAGES = 20_000
"""More than that is not a directory but a listing that never ends (200 rows a page make four million)."""
_MOST_EMPTY = 1_000
"""Pages without a row that may follow each other: some do, but a listing must get on."""
_BATCH = 20
"""Questions in one batch, as documented."""

Answers = dict[str, dict[str, Any] | Exception]
"""url → body, or what that question came to: Absent, PermissionMissing …"""


def rows_of(page: Mapping[str, Any]) -> list[GraphObject]:
    """The objects of a page. Raises SourceUnreadable for a page that has been cut or is none."""
    rows = page.get("value")
    if not isinstance(rows, list) or not all(map(_is_object, rows)):
        raise SourceUnreadable("a page of Graph has no list of objects with ids, so it cannot be trusted", _NEXT_RUN)
    return list(map(object_of, rows))


def object_of(body: GraphObject) -> GraphObject:
    """One object, with ids wherever it refers to others. Raises SourceUnreadable for one that is none."""
    if not _is_object(body):
        raise SourceUnreadable("Graph shows an object without an id, so it cannot be trusted", _LOOK)
    if flaw := _flaw(body):
        raise SourceUnreadable(f"Graph shows {flaw} of {body['id']} in a form that it does not document", _LOOK)
    return body


def principal_of(row: GraphObject) -> tuple[str, str]:
    """What kind of principal an assignment is about, and its object id. Raises SourceUnreadable if it tells neither."""
    kind, object_id = row.get("principalType"), row.get("principalId")
    if not isinstance(kind, str) or not isinstance(object_id, str):
        raise SourceUnreadable(f"Graph does not show who is assigned by assignment {row['id']}", _LOOK)
    return kind, object_id


def next_of(page: Mapping[str, Any]) -> str | None:
    """Where a listing goes on, None if this is its end. Raises SourceUnreadable for a link that is none."""
    link = page.get(_NEXT)
    if link is not None and not isinstance(link, str):
        raise SourceUnreadable("a next link of Graph is not an address", _NEXT_RUN)
    return link


def _is_object(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("id"), str)


def _flaw(row: GraphObject) -> str:
    """What of an object would be read and is not as documented, "" if nothing is."""
    if not isinstance(row.get("@odata.type", ""), str):
        return "the type"
    if not _are_references(row.get("members@delta")):
        return "the members"
    if not _are_references(row.get(f"{MANAGER}@delta")) or not _is_reference(row.get(MANAGER)):
        return "the manager"
    return next((name for name in OBJECTS if not isinstance(row.get(name), (dict, NoneType))), "")


def _are_references(value: Any) -> bool:
    return value is None or (isinstance(value, list) and None not in value and all(map(_is_reference, value)))


def _is_reference(value: Any) -> bool:
    return value is None or (_is_object(value) and isinstance(value.get("@odata.type", ""), str))


@dataclass(slots=True)
class Tally:
    """Told while pages are read: how many rows of what."""

    step: str
    progress: Progress
    done: int = 0

    def add(self, rows: int) -> None:
        """So many more."""
        self.done += rows
        self.progress(self.step, self.done, None)


def pages(graph: Graph, first: Request, tally: Tally) -> Iterator[dict[str, Any]]:
    """Every page, the first included. Raises SourceUnreadable if they do not come to an end."""
    request, seen, empty = first, {first.url}, 0
    while len(seen) <= _MOST_PAGES and empty <= _MOST_EMPTY:
        page = graph.send(request)
        rows = rows_of(page)
        empty = 0 if rows else empty + 1
        tally.add(len(rows))
        yield page
        link = next_of(page)
        if link is None:
            return
        # A next link is opaque; if one comes again, so would all pages after it, forever.
        if link in seen:
            raise SourceUnreadable("a listing of Graph leads in a circle: a next link came twice", _NEXT_RUN)
        seen.add(link)
        request = Request(link, first.permission, headers=first.headers)
    raise SourceUnreadable(f"a listing of Graph does not end: {len(seen) - 1:,} pages were read", _NEXT_RUN)


def listing(graph: Graph, first: Request, tally: Tally) -> list[GraphObject]:
    """Every row of a listing. Raises SourceUnreadable, CredentialsRefused, PositionLost, Absent."""
    return [row for page in pages(graph, first, tally) for row in rows_of(page)]


def changes(graph: Graph, first: Request, tally: Tally) -> tuple[list[GraphObject], str]:
    """Every row of one round of a delta query, in the order in which they came, and the link for the next round.

    A round ends with its delta link and nothing else: without it the pages are not all there.
    """
    rows: list[GraphObject] = []
    link = ""
    for page in pages(graph, first, tally):
        rows += rows_of(page)
        link = page.get(_DELTA, "")
    if not isinstance(link, str) or not link:
        raise SourceUnreadable("a listing of changes was cut short: its last page has no delta link", _NEXT_RUN)
    return rows, link


def ask_all(graph: Graph, questions: Sequence[Request]) -> Answers:
    """Every question's answer, by its url (below the version). One that is refused does not stop the others.

    Parts of a batch are throttled one by one (https://learn.microsoft.com/graph/throttling#throttling-and-batching):
    what is throttled or fails in passing is asked again after a while, the others are not. Raises SourceUnreadable when
    patience has run out.
    """
    answers: Answers = {}
    for start in range(0, len(questions), _BATCH):
        _Batch(graph, questions[start : start + _BATCH], answers).send()
    return answers


class _Batch:
    def __init__(self, graph: Graph, questions: Sequence[Request], answers: Answers) -> None:
        self._graph = graph
        self._open = {str(number): question for number, question in enumerate(questions)}
        self._answers = answers

    def send(self) -> None:
        if len(self._open) == 1:
            (question,) = self._open.values()
            self._answers[question.url] = self._alone(question)
        else:
            self._graph.wait_for(self._attempt)

    def _alone(self, question: Request) -> dict[str, Any] | Exception:
        try:
            return self._graph.send(question)
        except (Absent, PermissionMissing) as refusal:
            return refusal

    def _attempt(self) -> None:
        """Ask whatever has no answer yet. Raises the Retry of one that is to be asked again."""
        body = {"requests": [_written(number, question) for number, question in self._open.items()]}
        permission = next(iter(self._open.values())).permission
        shown = self._graph.send(Request("$batch", permission, "POST", body)).get("responses")
        retries = [retry for one in _listed(shown) if (retry := self._take(one)) is not None]
        if retries:
            raise max(retries, key=lambda retry: retry.after or 0)
        if self._open:
            raise SourceUnreadable("Graph left questions of a batch without an answer", "The next run asks again.")

    def _take(self, one: Mapping[str, Any]) -> Retry | None:
        question = self._open.get(str(one.get("id")))
        if question is None:
            return None
        status, body = one["status"], one.get("body")
        answer: dict[str, Any] | Exception
        if 200 <= status < 300 and isinstance(body, dict):
            answer = body
        else:
            headers = {name.lower(): str(value) for name, value in (one.get("headers") or {}).items()}
            answer = error_of(status, headers, body, question.permission, self._graph.client)
            if isinstance(answer, Retry):
                return answer
        self._answers[question.url] = answer
        del self._open[str(one["id"])]
        return None


def _written(number: str, question: Request) -> dict[str, Any]:
    return {"id": number, "method": question.method, "url": f"/{question.url}"} | (
        {"headers": dict(question.headers)} if question.headers else {}
    )


def _listed(shown: Any) -> Iterable[Mapping[str, Any]]:
    if not isinstance(shown, list) or not all(map(_is_answer, shown)):
        raise SourceUnreadable("Graph answers a batch without a list of answers", "The next run asks again.")
    return shown


def _is_answer(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("status"), int)
        and isinstance(one.get("headers"), (dict, NoneType))
    )


def every_row(graph: Graph, question: Request, answer: dict[str, Any] | Exception) -> list[dict[str, Any]]:
    """Every row of a listing whose first page came in a batch. Raises what the answer was, if it was a refusal."""
    if isinstance(answer, Exception):
        raise answer
    rows = list(rows_of(answer))
    if link := next_of(answer):
        rows += listing(graph, Request(link, question.permission), Tally("", silent))
    return rows
