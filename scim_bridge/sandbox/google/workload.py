"""The proof by which a workload in AWS says who it is: a signed GetCallerIdentity request, which Google alone sends.

docs.cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds; the signature is AWS's version 4
(docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
"""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import orjson

AWS_TOKEN = "urn:ietf:params:aws:token-type:aws4_request"  # noqa: S105 - a kind of token
_TARGET = "x-goog-cloud-target-resource"


def is_proof(text: str, audience: str, keys: Mapping[str, str]) -> bool:
    """Whether a subject token is one for this provider, signed with one of these keys (id → secret)."""
    try:
        asked = orjson.loads(unquote(text))
        headers = {each["key"].lower(): str(each["value"]) for each in asked["headers"]}
        scope, names, signature = _parts(headers["authorization"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return False
    secret, there = keys.get(scope[0]), urlsplit(asked["url"])
    is_meant = headers.get(_TARGET) == audience and (there.hostname or "").startswith("sts.")
    if secret is None or not is_meant or "Action=GetCallerIdentity" not in there.query:
        return False
    signed = "".join(f"{name}:{headers.get(name, there.netloc).strip()}\n" for name in names)
    empty = hashlib.sha256(b"").hexdigest()
    request = "\n".join((asked["method"], there.path or "/", there.query, signed, ";".join(names), empty))
    digest = hashlib.sha256(request.encode()).hexdigest()
    to_sign = "\n".join(("AWS4-HMAC-SHA256", headers["x-amz-date"], "/".join(scope[1:]), digest))
    key = f"AWS4{secret}".encode()
    for part in scope[1:]:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex(), signature)


def _parts(authorization: str) -> tuple[list[str], list[str], str]:
    """Key id with the scope (date, region, service, aws4_request), names of the signed headers, signature."""
    _, _, rest = authorization.partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    return given["Credential"].split("/"), given["SignedHeaders"].split(";"), given["Signature"]
