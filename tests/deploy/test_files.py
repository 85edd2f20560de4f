"""The files of deploy/: what they say is what the program, Kubernetes, Compose, ECS and systemd understand."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import botocore.session
import httpx
import orjson
import pytest
from botocore.validate import ParamValidator
from kubernetes_validate import ValidationError, validate
from ruamel.yaml import YAML

from scim_bridge.cli.main import COMMANDS
from scim_bridge.config.settings import load
from scim_bridge.service.app import create_app
from scim_bridge.service.serve import Served
from scim_bridge.service.shown import Shown

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
USER = 10001
KUBERNETES = "1.37"
CONFIGURATIONS = ("bridge.yaml", "ecs/bridge.yaml", "systemd/bridge.yaml")


def _documents(path: Path) -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load_all(path.read_text(encoding="utf-8")))


def _references(path: Path) -> set[str]:
    """The names of the secrets that a configuration refers to."""
    return set(re.findall(r"(?:env:|file:(?:/run/secrets/)?)([\w-]+)", path.read_text(encoding="utf-8")))


MANIFESTS = [document for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")) for document in _documents(path)]
PODS = {document["metadata"]["name"]: document["spec"] for document in MANIFESTS if document["kind"] == "Deployment"}
COMPOSE = _documents(DEPLOY / "compose.yaml")[0]
OURS = {name: service for name, service in COMPOSE["services"].items() if name != "postgres"}
TASKS = {name: orjson.loads((DEPLOY / "ecs" / f"{name}.json").read_bytes()) for name in ("serve", "work")}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_program_loads_each_configuration(name: str) -> None:
    settings = load(DEPLOY / name)
    mapping = settings.connection("corp").mapping
    # The image has the ready mappings at /app/mappings; on a machine of one's own one is copied.
    assert (ROOT / "mappings" / mapping.name).exists()
    assert str(mapping.parent) == ("/app/mappings" if name != "systemd/bridge.yaml" else str(DEPLOY / "systemd"))


def test_every_secret_of_a_configuration_is_handed_over() -> None:
    wanted = _references(DEPLOY / "bridge.yaml")
    assert wanted == {"state-url", "scim-token", "entra-secret", "oidc-secret"}
    assert wanted | {"postgres-password"} == set(COMPOSE["secrets"])
    for service in OURS.values():
        assert set(service["secrets"]) == wanted
    # The command of the manual that makes the secret for Kubernetes has each of them.
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert {name for name in wanted if f"--from-file={name}" in manual} == wanted
    for task in TASKS.values():
        (container,) = task["containerDefinitions"]
        assert {secret["name"] for secret in container["secrets"]} == _references(DEPLOY / "ecs" / "bridge.yaml")


def test_every_command_is_one_of_the_program() -> None:
    commands = [service["command"] for service in OURS.values()]
    commands += [pod["template"]["spec"]["containers"][0]["args"] for pod in PODS.values()]
    commands += [task["containerDefinitions"][0]["command"] for task in TASKS.values()]
    assert sorted(command for command, *_ in commands) == ["serve"] * 3 + ["work"] * 3
    assert {command for command, *_ in commands} <= {each.name for each in COMMANDS}


def test_every_worker_answers_what_watches_it() -> None:
    """By the address that it is given: the check of the image, or the probes of Kubernetes."""
    (pod,) = PODS["work"]["template"]["spec"]["containers"]
    (task,) = TASKS["work"]["containerDefinitions"]
    asked = re.search(r"urlopen\('(http://[^']+)'", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert asked is not None
    for command in (OURS["work"]["command"], task["command"]):
        assert (command[1], asked[1]) == ("--health", f"http://{command[2]}/healthz")
    assert "healthcheck" not in OURS["work"]
    assert asked[0] in task["healthCheck"]["command"][-1]
    assert pod["args"][1:] == ["--health", f"0.0.0.0:{pod['ports'][0]['containerPort']}"]
    probes = {name: pod[name]["httpGet"] for name in ("readinessProbe", "livenessProbe")}
    assert {(probe["path"], probe["port"]) for probe in probes.values()} == {
        ("/readyz", pod["ports"][0]["name"]),
        ("/healthz", pod["ports"][0]["name"]),
    }


@pytest.mark.parametrize("document", MANIFESTS, ids=lambda d: f"{d['kind']} {d['metadata']['name']}")
def test_kubernetes_takes_each_manifest(document: dict[str, Any]) -> None:
    validate(document, KUBERNETES, strict=True)


def test_kubernetes_would_refuse_a_field_that_it_does_not_know() -> None:
    """The check itself finds something."""
    (first,) = (document for document in MANIFESTS if document["metadata"]["name"] == "nothing-else")
    with pytest.raises(ValidationError):
        validate(first | {"spec": first["spec"] | {"policyType": []}}, KUBERNETES, strict=True)


@pytest.mark.parametrize("pod", PODS.values(), ids=PODS)
def test_a_pod_meets_the_restricted_standard(pod: dict[str, Any]) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a root that is read-only."""
    spec = pod["template"]["spec"]
    (container,) = spec["containers"]
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys()
    assert {kind for volume in spec["volumes"] for kind in volume if kind != "name"} <= {
        "configMap", "secret", "emptyDir",
    }  # fmt: skip
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == USER
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["terminationGracePeriodSeconds"] > 10
    assert not any("value" in variable and "SECRET" in variable["name"] for variable in container.get("env", ()))


def test_what_selects_pods_selects_some() -> None:
    labels = [pod["template"]["metadata"]["labels"] for pod in PODS.values()]

    def chosen(selector: dict[str, str]) -> int:
        return sum(selector.items() <= each.items() for each in labels)

    assert all(chosen(pod["selector"]["matchLabels"]) == 1 for pod in PODS.values())
    budgets = [document["spec"] for document in MANIFESTS if document["kind"] == "PodDisruptionBudget"]
    assert [chosen(budget["selector"]["matchLabels"]) for budget in budgets] == [1, 1]
    (service,) = (document["spec"] for document in MANIFESTS if document["kind"] == "Service")
    assert chosen(service["selector"]) == 1
    policies = [document for document in MANIFESTS if document["kind"] == "NetworkPolicy"]
    rules = {policy["metadata"]["name"]: policy["spec"] for policy in policies}
    assert rules.pop("nothing-else") == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert {name: chosen(rule["podSelector"]["matchLabels"]) for name, rule in rules.items()} == {
        "ingress-to-serve": 1,
        "to-directory-aws-and-state": 2,
    }
    kustomization = _documents(DEPLOY / "kustomization.yaml")[0]
    assert {DEPLOY / name for name in kustomization["resources"]} == set((DEPLOY / "kubernetes").glob("*.yaml"))


def test_the_probe_reaches_a_service_that_is_configured_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name that the probe sends: a pod's own address is one that the service does not answer to."""
    probe = PODS["serve"]["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]
    monkeypatch.setenv("OIDC_SECRET", "secret")
    service = load(DEPLOY / "ecs" / "bridge.yaml").service
    app = create_app(Shown(tmp_path / "scim-bridge.db", {"corp": None}), service)
    names = {header["name"]: header["value"] for header in probe["httpHeaders"]}
    with Served(app, ("127.0.0.1", 0)) as served:
        asked = [httpx.get(served.url + probe["path"], headers=given) for given in (names, {"Host": "10.0.0.7:8080"})]
    assert [answer.status_code for answer in asked] == [200, 400]


def test_a_container_of_compose_has_no_more_rights_than_it_needs() -> None:
    for service in OURS.values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not {"privileged", "user", "cap_add", "network_mode", "pid"} & service.keys()
        assert int(service["stop_grace_period"].removesuffix("s")) > 10
        assert service["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert OURS["serve"]["ports"] == ["127.0.0.1:8080:8080"]
    assert (OURS["work"]["deploy"], "ports" in OURS["work"]) == ({"replicas": 2}, False)
    postgres = COMPOSE["services"]["postgres"]
    assert (postgres["networks"], "ports" in postgres) == (["inside"], False)
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for kind, section in (("networks", "networks"), ("secrets", "secrets")):
        used = {name for service in COMPOSE["services"].values() for name in service[kind]}
        assert used == set(COMPOSE[section])


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_ecs_takes_each_task_definition(task: dict[str, Any]) -> None:
    """Held against AWS's own model of RegisterTaskDefinition, which botocore brings."""
    model = botocore.session.get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition")
    report = ParamValidator().validate(task, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert not (set(task) - set(model.input_shape.members))
    (container,) = task["containerDefinitions"]
    assert not (set(container) - set(model.input_shape.members["containerDefinitions"].member.members))
    assert (container["readonlyRootFilesystem"], container["user"]) == (True, f"{USER}:{USER}")
    assert container["stopTimeout"] > 10
    assert container["linuxParameters"]["capabilities"]["drop"] == ["ALL"]
    assert "value" not in {key for secret in container["secrets"] for key in secret}


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as systemd checks it, with a program and a folder that are on this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    text = (DEPLOY / "systemd" / "scim-bridge.service").read_text(encoding="utf-8")
    copy = tmp_path / "scim-bridge.service"
    copy.write_text(text.replace("/opt/scim-bridge/.venv/bin/scim-bridge", "/usr/bin/true"), encoding="utf-8")
    return copy


def test_systemd_takes_the_unit(unit: Path) -> None:
    said = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (said.returncode, [line for line in said.stderr.splitlines() if unit.name in line]) == (0, [])


def test_the_unit_exposes_little(unit: Path) -> None:
    """systemd's own measure: 0 is a closed box, 10 a service without any restriction."""
    command = ["systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", str(unit)]
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_the_unit_stops_as_the_program_does() -> None:
    text = (DEPLOY / "systemd" / "scim-bridge.service").read_text(encoding="utf-8")
    assert " run\n" in text
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)[1]) > 10  # type: ignore[index]
    assert "RestartPreventExitStatus=2" in text
