"""Answers that Graph would never give, as a proxy in between might: each is a sentence, and none is believed."""

import ssl
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
import trustme

from scim_bridge.config.secret import Secret
from scim_bridge.config.source import ClientSecret, EntraCloud, EntraScope, EntraSettings, ManagedIdentity
from scim_bridge.errors import SourceUnreadable
from scim_bridge.model.identity import SourceKey
from scim_bridge.model.source import Memory
from scim_bridge.source.entra.sign_in import _number, roles_of
from scim_bridge.source.entra.source import EntraSource
from tests.source.entra.tenant import GROUPS, TODAY, USERS, machine_at, patience

LAST = "@odata.deltaLink"


class Scripted(ThreadingHTTPServer):
    """Answers what is asked for below a path with what was written down for it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        token = {"access_token": "any", "expires_in": "3599", "token_type": "Bearer"}
        self.answers: dict[str, Any] = {"/metadata/identity/oauth2/token": token}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, body: Any) -> None:
        """What a path gives, whatever its query is."""
        self.answers[f"/v1.0/{path}"] = body


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, Scripted)
        body = orjson.dumps(self.server.answers[self.path.partition("?")[0]])
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the library's interface

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's interface
        """Nothing."""


@contextmanager
def serving(server: Scripted) -> Iterator[Scripted]:
    """The server, answering until the end."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def graph() -> Iterator[Scripted]:
    with serving(Scripted()) as server:
        server.answer("groups/delta", {"value": [], LAST: f"{server.url}/v1.0/groups/delta?$deltatoken=1"})
        server.answer("users/delta", {"value": [], LAST: f"{server.url}/v1.0/users/delta?$deltatoken=1"})
        with machine_at(server.url):
            yield server


def source(graph: Scripted, **changed: Any) -> EntraSource:
    """A source on what was written down. changed: settings that are to be others."""
    credential, cloud = ManagedIdentity(""), EntraCloud(graph.url, graph.url)
    settings = EntraSettings(
        tenant="tenant",
        client="",
        credential=credential,
        scope=EntraScope(),
        cloud=cloud,
        reads_changes=True,
        page_size=500,
        timeout=timedelta(seconds=5),
    )
    return EntraSource(replace(settings, **changed), USERS, GROUPS, patience())


def memory(graph: Scripted) -> Memory:
    """No one is remembered, and where the next rounds begin."""
    link = f"{graph.url}/v1.0/users/delta?$deltatoken=1"
    watermark = {"users": link, "groups": link.replace("users", "groups"), "assigned": {"users": [], "groups": []}}
    return Memory(orjson.dumps(watermark).decode(), {})


def said(graph: Scripted, memory: Memory | None = None, **changed: Any) -> str:
    """The sentence with which the source cannot be read."""
    return refusal(lambda: source(graph, **changed).read(TODAY, memory))


def refusal(act: Callable[[], object]) -> str:
    """The sentence with which the source cannot be read."""
    with pytest.raises(SourceUnreadable) as refused:
        act()
    return str(refused.value)


@pytest.mark.parametrize("page, sentence", [
    ({}, "a page of Graph has no list of objects with ids"),
    ({"value": {"id": "u1"}}, "a page of Graph has no list of objects with ids"),
    ({"value": [{"displayName": "no id"}]}, "a page of Graph has no list of objects with ids"),
    ([], "answers with JSON that is not an object"),
    ({"value": []}, "cut short: its last page has no delta link"),
    ({"value": [], "@odata.nextLink": 7}, "a next link of Graph is not an address"),
    ({"value": [], "@odata.nextLink": "https://graph:y/"}, "a next link of Graph is not an address"),
    ({"value": [{"id": "u1", "manager@delta": [{}]}], LAST: "x"}, "the manager of u1 in a form"),
    ({"value": [{"id": "u1", "manager@delta": "x"}], LAST: "x"}, "the manager of u1 in a form"),
    ({"value": [{"id": "u1", "manager": {"id": 7}}], LAST: "x"}, "the manager of u1 in a form"),
    ({"value": [{"id": "u1", "employeeOrgData": "x"}], LAST: "x"}, "employeeOrgData of u1 in a form"),
])  # fmt: skip
def test_a_page_that_is_none_is_not_believed(graph: Scripted, page: Any, sentence: str) -> None:
    graph.answer("users/delta", page)
    assert sentence in said(graph)


@pytest.mark.parametrize("changes", [7, "x", ["m1"], [{}], [{"id": ["m1"]}], [{"id": "m1", "@odata.type": []}]])
def test_members_in_a_form_that_is_none_are_not_believed(graph: Scripted, changes: Any) -> None:
    graph.answer("groups/delta", {"value": [{"id": "g1", "members@delta": changes}], LAST: "x"})
    assert "the members of g1 in a form that it does not document" in said(graph)


@pytest.mark.parametrize("answers", [
    {}, {"responses": 7}, {"responses": []}, {"responses": [{"id": "0"}]},
    {"responses": [{"id": "0", "status": 404, "headers": ["x"]}]},
])  # fmt: skip
def test_a_batch_that_is_not_answered_whole_is_not_believed(graph: Scripted, answers: Any) -> None:
    known = memory(graph)
    link = f"{graph.url}/v1.0/users/delta?$deltatoken=2"
    graph.answer("users/delta", {"value": [{"id": "u1"}, {"id": "u2"}], LAST: link})
    graph.answer("$batch", answers)
    assert "batch" in said(graph, known)


def answered(*bodies: Any) -> dict[str, Any]:
    """A batch of successes."""
    return {"responses": [{"id": str(number), "status": 200, "body": body} for number, body in enumerate(bodies)]}


@pytest.mark.parametrize("shown, sentence", [
    ({"displayName": "no id"}, "Graph shows an object without an id"),
    ({"id": 7}, "Graph shows an object without an id"),
    ({"id": "u1", "manager": {"id": None}}, "the manager of u1 in a form"),
    ({"id": "u1", "onPremisesExtensionAttributes": []}, "onPremisesExtensionAttributes of u1 in a form"),
])  # fmt: skip
def test_one_user_in_a_form_that_is_none_is_not_believed(graph: Scripted, shown: Any, sentence: str) -> None:
    graph.answer("$batch", answered(shown, {"value": []}))
    reader = source(graph)
    assert sentence in refusal(lambda: reader.ask(TODAY, memory(graph), [SourceKey("user", "u1")]))


@pytest.mark.parametrize("groups, sentence", [
    ({"value": [{"id": "g1", "@odata.type": ["group"]}]}, "the type of g1 in a form"),
    ({"value": [], "@odata.nextLink": 7}, "a next link of Graph is not an address"),
])  # fmt: skip
def test_the_groups_of_one_user_in_a_form_that_is_none_are_not_believed(
    graph: Scripted, groups: Any, sentence: str
) -> None:
    graph.answer("$batch", answered({"id": "u1"}, groups))
    reader = source(graph)
    assert sentence in refusal(lambda: reader.ask(TODAY, memory(graph), [SourceKey("user", "u1")]))


@pytest.mark.parametrize("path, row", [
    ("users", {"id": "u1", "manager": {}}),
    ("groups", {"id": "g1", "members@delta": [{}]}),
])  # fmt: skip
def test_a_plain_listing_in_a_form_that_is_none_is_not_believed(graph: Scripted, path: str, row: Any) -> None:
    graph.answer("users", {"value": []})
    graph.answer("groups", {"value": []})
    graph.answer(path, {"value": [row]})
    assert "in a form that it does not document" in said(graph, reads_changes=False)


@pytest.mark.parametrize("row", [
    {"id": "1"},
    {"id": "1", "principalType": ["User"], "principalId": "u1"},
    {"id": "1", "principalType": "User", "principalId": None},
])  # fmt: skip
def test_an_assignment_that_does_not_tell_to_whom_is_not_believed(graph: Scripted, row: Any) -> None:
    graph.answer("servicePrincipals(appId='aws')/appRoleAssignedTo", {"value": [row]})
    assert "does not show who is assigned by assignment 1" in said(graph, scope=EntraScope(application="aws"))


OBJECT = "answers the sign-in with JSON that is not an object"
NEITHER = "answers with neither a token nor a refusal"


@pytest.mark.parametrize("token, sentence", [
    ([], OBJECT),
    ("x", OBJECT),
    (None, OBJECT),
    ({}, NEITHER),
    ({"access_token": {"a": 1}, "expires_in": 1}, NEITHER),
    ({"access_token": "one\nX-Other: two", "expires_in": 1}, NEITHER),
    ({"access_token": "ключ", "expires_in": 1}, NEITHER),
    ({"access_token": "any", "expires_in": "soon"}, NEITHER),
    ({"access_token": "any", "expires_in": [1]}, NEITHER),
])  # fmt: skip
def test_an_answer_to_a_sign_in_that_is_none_is_an_outage_not_a_refusal(
    graph: Scripted, token: Any, sentence: str
) -> None:
    graph.answers["/metadata/identity/oauth2/token"] = token
    assert sentence in said(graph)


@pytest.fixture
def login(tmp_path: Path) -> Iterator[Scripted]:
    """A sign-in host, and the authority of its certificate in ca.pem."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(Scripted()) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        at = {name: f"https{server.url[4:]}/{name}" for name in ("authorization_endpoint", "token_endpoint", "issuer")}
        server.answers = {"/tenant/v2.0/.well-known/openid-configuration": at}
        yield server


@pytest.mark.parametrize("answer", [[], "x", None, {}, {"access_token": [], "expires_in": 5, "token_endpoint": 5}])
@pytest.mark.parametrize("path", ["/token_endpoint", "/tenant/v2.0/.well-known/openid-configuration"])
def test_a_sign_in_host_that_answers_with_something_else_is_an_outage(
    graph: Scripted, login: Scripted, tmp_path: Path, answer: Any, path: str
) -> None:
    login.answers[path] = answer
    cloud = EntraCloud(f"https{login.url[4:]}", graph.url, tmp_path / "ca.pem")
    sentence = said(graph, credential=ClientSecret(Secret("hush-hush", Path())), client="app", cloud=cloud)
    assert OBJECT in sentence or NEITHER in sentence
    assert "hush-hush" not in sentence


@pytest.mark.parametrize("codes", [5, "7000215", {"a": 1}, None])
def test_numbers_of_a_refusal_in_a_form_that_is_none_leave_its_text(codes: Any) -> None:
    text = "AADSTS7000222: The provided client secret keys are expired."
    assert _number({"error_codes": codes, "error_description": text}) == "7000222"


@pytest.mark.parametrize("roles", [5, None, "User.Read.All", {}])
def test_roles_in_a_form_that_is_none_are_roles_not_shown(roles: Any) -> None:
    body = urlsafe_b64encode(orjson.dumps({"roles": roles})).decode()
    assert roles_of(f"head.{body}.signature") is None


@pytest.mark.parametrize("reads_changes", [True, False], ids=["by delta query", "by listing"])
def test_hidden_members_are_no_empty_group_where_the_token_does_not_show_what_we_may(
    graph: Scripted, reads_changes: bool
) -> None:
    group = {"id": "g1", "displayName": "Students", "visibility": "HiddenMembership"}
    graph.answer("groups/delta", {"value": [group], LAST: f"{graph.url}/v1.0/groups/delta?$deltatoken=1"})
    graph.answer("groups", {"value": [group]})
    graph.answer("users", {"value": []})
    graph.answer("groups/g1/members", {"value": []})
    sentence = said(graph, reads_changes=reads_changes)
    assert "Students would seem to be empty, hides its members, and the token does not show" in sentence
    assert "Grant Member.Read.Hidden" in sentence
