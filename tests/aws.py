"""The AWS JSON APIs as moto plays them, in a process of its own over HTTP, and credentials that fit nothing else.

Anyone who uses it sets the whole environment, so that no real account can be reached.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx

REGION = "eu-west-1"
_SERVE = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@dataclass
class Aws:
    """An organization of one management account, with an Identity Center instance."""

    url: str
    sets: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def begin(self) -> None:
        """Forget everything that earlier tests did."""
        self._control("reset-auth", "inf")
        self._control("reset", "")
        self.sets.clear()

    def account(self, name: str) -> str:
        """One more account of the organization; its id."""
        organizations = self.client("organizations")
        if not self._roots(organizations):
            organizations.create_organization(FeatureSet="ALL")
        made = organizations.create_account(Email=f"{name}@corp.example", AccountName=name)
        return str(made["CreateAccountStatus"]["AccountId"])

    def assign(self, kind: str, target_id: str, account: str, permission_set: str) -> None:
        """Let this user or group enter an account."""
        admin = self.client("sso-admin")
        instance = admin.list_instances()["Instances"][0]["InstanceArn"]
        if permission_set not in self.sets:
            made = admin.create_permission_set(InstanceArn=instance, Name=permission_set)
            self.sets[permission_set] = made["PermissionSet"]["PermissionSetArn"]
        admin.create_account_assignment(
            InstanceArn=instance,
            TargetId=account,
            TargetType="AWS_ACCOUNT",
            PermissionSetArn=self.sets[permission_set],
            PrincipalType=kind.upper(),
            PrincipalId=target_id,
        )

    def allow_only(self, *actions: str) -> None:
        """From here on, who has the credentials of the environment may do this and nothing else."""
        iam = self.client("iam")
        iam.create_user(UserName="bridge")
        statement = {"Effect": "Allow", "Action": ["none:Nothing", *actions], "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="bridge", PolicyName="reads", PolicyDocument=policy)
        key = iam.create_access_key(UserName="bridge")["AccessKey"]
        os.environ |= {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        self._control("reset-auth", "0")

    def _roots(self, organizations: Any) -> list[Any]:
        return list(organizations.list_accounts()["Accounts"])

    def _control(self, what: str, body: str) -> None:
        httpx.post(f"{self.url}/moto-api/{what}", content=body).raise_for_status()


@contextmanager
def served() -> Iterator[Aws]:
    """The server, ended with the block."""
    pinned = environment("http://127.0.0.1:9")
    process = subprocess.Popen(
        (sys.executable, "-c", _SERVE),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | pinned,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Aws(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.stdin.close()
        process.stdout.close()
        process.kill()
        process.wait()


def environment(url: str) -> dict[str, str]:
    """Everything by which boto3 finds an account, a place and credentials: all of it ours."""
    endpoints = {
        f"AWS_ENDPOINT_URL_{name}": url for name in ("SSO_ADMIN", "ORGANIZATIONS", "IDENTITYSTORE", "STS", "IAM")
    }
    return endpoints | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@contextmanager
def environment_of(aws: Aws, without: Iterable[str] = ("AWS_PROFILE", "AWS_SESSION_TOKEN")) -> Iterator[None]:
    """This process asks that server and no one else, as long as the block goes on."""
    with environment_at(aws.url, without):
        yield


@contextmanager
def environment_at(url: str, without: Iterable[str] = ("AWS_PROFILE", "AWS_SESSION_TOKEN")) -> Iterator[None]:
    """The same for a server at this address."""
    before = dict(os.environ)
    os.environ |= environment(url)
    for name in without:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before
