"""The instance beside who may enter what: Regions, encryption, token issuers, applications' providers.

A switch needs an organization instance (manage-your-identity-source-change), so one of an account is found out first,
before anything else is read. What may not be read is a sentence of the report, never a failure.
"""

from scim_bridge.access.aws import Answer, Aws
from scim_bridge.access.instance import find_instance
from scim_bridge.access.refusal import NotReadable
from scim_bridge.access.set_reading import Unread
from scim_bridge.model.switch import Surroundings


def read_surroundings(aws: Aws) -> Surroundings:
    """What is known of the instance. Raises NotReadable if there is none, or nothing tells which one is meant."""
    found, unread = find_instance(aws), Unread()
    arn = found["InstanceArn"]
    about = _asked(aws, "sso:DescribeInstance", unread, "Encryption and network of the instance are not known", arn)
    regions = _asked(aws, "sso:ListRegions", unread, "Additional Regions are not known", arn)
    issuers = _listed(aws, "sso:ListTrustedTokenIssuers", "TrustedTokenIssuers", unread, arn)
    applications = _listed(aws, "sso:ListApplications", "Applications", unread, arn)
    return Surroundings(
        arn=arn,
        store=found["IdentityStoreId"],
        region=aws.region,
        regions=tuple(
            sorted(
                one["RegionName"]
                for one in regions.get("Regions", ())
                if not one.get("IsPrimaryRegion", one["RegionName"] == aws.region)
            )
        ),
        owner=found.get("OwnerAccountId", ""),
        key=about.get("EncryptionConfigurationDetails", {}).get("KmsKeyArn", ""),
        is_of_organization=_is_of_organization(aws, found, unread),
        issuers=tuple(sorted(one.get("Name", "") for one in issuers)),
        applications={one.get("Name", ""): one.get("ApplicationProviderArn", "") for one in applications},
        unread=unread.warnings,
    )


def _asked(aws: Aws, call: str, unread: Unread, what: str, arn: str) -> Answer:
    try:
        return aws.ask(call, InstanceArn=arn)
    except NotReadable as refused:
        unread.note(what, refused)
        return {}


def _listed(aws: Aws, call: str, name: str, unread: Unread, arn: str) -> list[Answer]:
    try:
        return aws.every(call, name, InstanceArn=arn)
    except NotReadable as refused:
        unread.note(f"{'Token issuers' if name == 'TrustedTokenIssuers' else name} are not known", refused)
        return []


def _is_of_organization(aws: Aws, found: Answer, unread: Unread) -> bool:
    """Whether the management account owns it; where that is not known, yes: the reading finds out."""
    try:
        management = aws.ask("organizations:DescribeOrganization")["Organization"]["MasterAccountId"]
    except NotReadable as refused:
        unread.note("The management account is not known", refused)
        return refused.code != "AWSOrganizationsNotInUseException"
    return bool(found.get("OwnerAccountId", management) == management)
