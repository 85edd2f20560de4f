"""iam:GetPolicy and GetPolicyVersion, in the query protocol with XML. Without seeded policies, both are denied."""

from typing import Any
from urllib.parse import parse_qs, quote
from xml.sax.saxutils import escape

import orjson

from scim_bridge.sandbox.cloud import Cloud, file_name
from scim_bridge.sandbox.fault import Fault
from scim_bridge.sandbox.transport import Response

_VERSION = "v1"


def answer_iam(cloud: Cloud, body: bytes, fault: Fault | None) -> tuple[str, Response]:
    """The call by its name in policies, and the answer."""
    asked = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
    action, arn = asked.get("Action", ""), asked.get("PolicyArn", "")
    call = f"iam:{action}"
    if action not in ("GetPolicy", "GetPolicyVersion") or cloud.policies is None or fault is not None:
        return call, _refused(403, "AccessDenied", f"User: bridge is not authorized to perform: {call}")
    document = cloud.policies.get(arn)
    if document is None:
        return call, _refused(404, "NoSuchEntity", f"Policy {arn} was not found.")
    return call, _told(action, _policy(arn) if action == "GetPolicy" else _version(document))


def _policy(arn: str) -> str:
    name = escape(file_name(arn))
    version = f"<DefaultVersionId>{_VERSION}</DefaultVersionId>"
    return f"<Policy><PolicyName>{name}</PolicyName><Arn>{arn}</Arn>{version}</Policy>"


def _version(document: Any) -> str:
    text = quote(orjson.dumps(document).decode())
    return f"<PolicyVersion><Document>{text}</Document><VersionId>{_VERSION}</VersionId></PolicyVersion>"


def _told(action: str, inner: str) -> Response:
    result = f"<{action}Result>{inner}</{action}Result>"
    return _xml(200, f'<{action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">{result}</{action}Response>')


def _refused(status: int, code: str, message: str) -> Response:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return _xml(status, f"<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>")


def _xml(status: int, text: str) -> Response:
    return Response(status, text.encode(), [(b"content-type", b"text/xml")])
