"""What AWS gives a workload to prove who it is, for federation from AWS: boto3's own chain.

google-auth knows the environment and the metadata service of EC2 alone. boto3 also knows the endpoints of ECS and of
EKS pods, web identity and profiles, and renews what lasts an hour. Nothing but signed proof leaves this machine.
"""

import os
from typing import Any

from google.auth.aws import AwsSecurityCredentials, AwsSecurityCredentialsSupplier

from scim_bridge.errors import Misconfigured

_WAY_OUT = "Run it with a role (EC2, ECS, EKS, Lambda), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."


class AwsWorkload(AwsSecurityCredentialsSupplier):
    """Gives google-auth what it signs its proof with. Raises Misconfigured if this machine has no AWS credentials."""

    def __init__(self) -> None:
        self._session: Any = None

    def get_aws_security_credentials(self, context: Any, request: Any) -> AwsSecurityCredentials:  # noqa: ARG002 - the interface
        """Those of this moment."""
        from botocore.exceptions import BotoCoreError

        try:
            found = self._opened().get_credentials()
            frozen = found.get_frozen_credentials() if found is not None else None
        except BotoCoreError as error:
            raise Misconfigured(f"AWS gives this workload no credentials ({type(error).__name__})", _WAY_OUT) from None
        if frozen is None:
            raise Misconfigured("source.credential is federation from AWS, and there are no AWS credentials", _WAY_OUT)
        return AwsSecurityCredentials(frozen.access_key, frozen.secret_key, frozen.token)

    def get_aws_region(self, context: Any, request: Any) -> str:  # noqa: ARG002 - the interface
        """Any will do: it says which endpoint of AWS Google shows the proof to."""
        from botocore.utils import IMDSRegionProvider

        session = self._opened()
        # Lambda and ECS set AWS_REGION, which botocore does not read.
        region = os.environ.get("AWS_REGION") or session.get_config_variable("region")
        region = region or IMDSRegionProvider(session).provide()
        if not region:
            raise Misconfigured("source.credential is federation from AWS, and no region is known", "Set AWS_REGION.")
        return str(region)

    def _opened(self) -> Any:
        if self._session is None:
            from botocore.session import Session

            self._session = Session()
        return self._session
