"""`service` of `bridge.yaml`: what it means, and that nothing unsafe ever listens. File and schema agree."""

from pathlib import Path

import jsonschema
import pytest

from scim_bridge.config.document import json_schema
from scim_bridge.config.settings import Settings, load
from scim_bridge.config.yaml_file import YamlFile
from scim_bridge.errors import Misconfigured
from tests.config.test_settings import MINIMAL

AUTH = "auth: {issuer: https://idp.example, client: bridge, secret: env:S, roles: {viewer: [staff], approver: [leads]}}"
URL = "public_url: https://bridge.example"
TLS = "tls: {cert_file: cert.pem, key_file: key.pem}"


def _load(folder: Path, service: str) -> Settings:
    path = folder / "bridge.yaml"
    path.write_text(f"{MINIMAL}service: {{{service}}}\n", encoding="utf-8")
    return load(path)


def _fits_schema(folder: Path) -> bool:
    data = YamlFile(folder / "bridge.yaml").data
    return not list(jsonschema.Draft202012Validator(json_schema()).iter_errors(data))


@pytest.mark.parametrize(
    "service",
    [
        "",
        'listen: "localhost:8080"',
        'listen: "0.0.0.0:8443", ' + ", ".join((AUTH, URL, TLS)),
        'listen: "[::]:8443", ' + ", ".join((AUTH, URL, TLS)),
        'listen: "bridge.example:8443", behind_proxy: true, ' + ", ".join((AUTH, URL)),
        "behind_proxy: true, " + URL,
        f"{AUTH}, public_url: 'http://127.0.0.1:8080'",
    ],
)
def test_what_is_safe_is_accepted(tmp_path: Path, service: str) -> None:
    _load(tmp_path, service)
    assert _fits_schema(tmp_path)


@pytest.mark.parametrize(
    ("service", "sentence"),
    [
        (
            'listen: "0.0.0.0:8080"',
            "0.0.0.0:8080, which is beyond loopback, without service.auth, so anyone could use it",
        ),
        (f'listen: "0.0.0.0:8080", {URL}, {TLS}', "without service.auth"),
        (
            f'listen: "10.0.0.1:8080", {AUTH}, {URL}',
            "beyond loopback, without TLS; add service.tls, or behind_proxy: true",
        ),
        (f'listen: "0.0.0.0:8443", {AUTH}, {TLS}', "service needs the key public_url"),
        (f"{AUTH}", "service needs the key public_url"),
        ("behind_proxy: true", "service needs the key public_url"),
        ("behind_proxy: true, public_url: 'http://127.0.0.1:80'", "it has to begin with https:"),
        ("public_url: http://bridge.example", "write https://HOST, without a path; http is for loopback only"),
        ("public_url: https://bridge.example/x", "write https://HOST, without a path"),
        ("listen: 8080", "service.listen must be text"),
        ('listen: "8080"', "write a host and a port, such as 127.0.0.1:8080"),
        (f"{URL}, {AUTH.replace('https://idp', 'http://idp')}", "write the issuer as the provider shows it"),
        (f"{URL}, {AUTH.replace('env:S', 's3cr3t')}", "write env:NAME or file:PATH, never the secret itself"),
        (f"{URL}, {AUTH.replace('viewer: [staff], approver: [leads]', '')}", "names no group, so no one could sign in"),
        (f"{URL}, {AUTH.replace('viewer', 'root')}", "root: there is no such key"),
        ("tls: {cert_file: cert.pem}", "service.tls needs the key key_file"),
    ],
)
def test_what_is_not_safe_is_refused_with_the_way_out(tmp_path: Path, service: str, sentence: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        _load(tmp_path, service)
    told = "\n".join(refused.value.problems) or str(refused.value)
    assert sentence in told
    assert told.startswith("bridge.yaml, line ")
    assert "s3cr3t" not in told
    assert not _fits_schema(tmp_path)


def test_what_is_written_is_meant(tmp_path: Path) -> None:
    service = _load(tmp_path, f'listen: "0.0.0.0:8443", {URL}/, {TLS}, {AUTH}').service
    assert (service.listen, service.public_url, service.public_host) == (
        ("0.0.0.0", 8443),
        "https://bridge.example",
        "bridge.example",
    )
    assert service.tls is not None
    assert service.tls.cert_file == tmp_path / "cert.pem"
    assert (service.is_secure, service.url(("0.0.0.0", 8443))) == (True, "https://bridge.example")
    assert service.auth is not None
    assert (service.auth.groups_claim, service.auth.separation) == ("groups", False)


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["staff"], "viewer"),
        (["leads"], "approver"),
        (["staff", "leads", "x"], "approver"),
        (["STAFF"], None),
        ([], None),
    ],
)
def test_the_highest_role_of_a_users_groups_counts(tmp_path: Path, groups: list[str], role: str | None) -> None:
    auth = _load(tmp_path, f"{URL}, {AUTH}").service.auth
    assert auth is not None
    assert auth.role_of(frozenset(groups)) == role
