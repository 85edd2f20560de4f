"""Several questions in one request (https://learn.microsoft.com/graph/json-batching): saves round trips, not quota."""

from collections.abc import Iterable, Mapping, Sequence
from types import NoneType
from typing import Any

from scim_bridge.errors import Retry, SourceUnreadable
from scim_bridge.model.protocol import silent
from scim_bridge.source.entra.form import next_of, rows_of
from scim_bridge.source.entra.graph import Graph, Request
from scim_bridge.source.entra.paging import Tally, listing
from scim_bridge.source.entra.permission import PermissionMissing
from scim_bridge.source.entra.refusal import Absent, error_of

MOST = 20
"""Questions in one batch, as documented."""

Answers = dict[str, dict[str, Any] | Exception]
"""url → body, or what that question came to: Absent, PermissionMissing …"""


def ask_all(graph: Graph, questions: Sequence[Request]) -> Answers:
    """Every question's answer, by its url (below the version). One that is refused does not stop the others.

    What is throttled or fails in passing is asked again after a while, the others are not. Raises SourceUnreadable when
    patience has run out.
    """
    answers: Answers = {}
    for start in range(0, len(questions), MOST):
        _Batch(graph, questions[start : start + MOST], answers).send()
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
