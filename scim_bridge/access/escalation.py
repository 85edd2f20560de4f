"""How those who are not administrators can become administrators: actions, each way with all that it takes. Data.

Sources: PRIVILEGE_ESCALATION_METHODS of cloudsplaining 0.9.1, the paths of https://pathfinding.cloud (their numbers
stand beside), and for Identity Center itself the risk that its user guide names (delegated-admin). A way is a tuple of
alternatives: of each, one action must be allowed on everything.
"""

from scim_bridge.access.policy_document import Grants

_Way = tuple[tuple[str, ...], ...]
_REWRITE: tuple[_Way, ...] = tuple(
    ((f"iam:{action}",),)
    for action in (
        "CreatePolicyVersion", "SetDefaultPolicyVersion", "AttachRolePolicy", "PutRolePolicy", "AttachUserPolicy",
        "PutUserPolicy", "AttachGroupPolicy", "PutGroupPolicy",
    )
)  # fmt: skip
"""Rewrite a policy: iam-001, 005, 007 to 011."""
_BECOME: tuple[_Way, ...] = tuple(
    ((f"iam:{action}",),)
    for action in (
        "UpdateAssumeRolePolicy", "CreateAccessKey", "CreateLoginProfile", "UpdateLoginProfile", "AddUserToGroup",
    )
)  # fmt: skip
"""Become another principal: iam-002 to 004, 006, 012, 013."""
_PASS = ("iam:PassRole",)
_PASS_AND_RUN: tuple[_Way, ...] = (
    (_PASS, ("ec2:RunInstances", "ec2:RequestSpotInstances")),
    (
        _PASS,
        ("lambda:CreateFunction",),
        ("lambda:InvokeFunction", "lambda:AddPermission", "lambda:CreateEventSourceMapping"),
    ),
    (_PASS, ("cloudformation:CreateStack", "cloudformation:CreateStackSet", "cloudformation:UpdateStackSet")),
    (_PASS, ("ecs:RegisterTaskDefinition",), ("ecs:RunTask", "ecs:StartTask", "ecs:CreateService")),
    (_PASS, ("codebuild:CreateProject",), ("codebuild:StartBuild", "codebuild:StartBuildBatch")),
    (_PASS, ("glue:CreateDevEndpoint",)),
    (_PASS, ("glue:CreateJob", "glue:UpdateJob"), ("glue:StartJobRun", "glue:CreateTrigger")),
    (_PASS, ("datapipeline:CreatePipeline",)),
    (
        _PASS,
        ("sagemaker:CreateNotebookInstance", "sagemaker:CreateTrainingJob", "sagemaker:CreateProcessingJob"),
    ),
    (_PASS, ("apprunner:CreateService",)),
    (_PASS, ("bedrock-agentcore:CreateCodeInterpreter",)),
)
"""Pass a role to something, and run it: ec2-001, 003, lambda-001, 002, 006, cloudformation-001 to 004, ecs-001 …"""
_CENTRAL: tuple[_Way, ...] = tuple(
    ((action,),)
    for action in (
        "sso:CreateAccountAssignment", "sso:PutInlinePolicyToPermissionSet", "sso:AttachManagedPolicyToPermissionSet",
        "sso:AttachCustomerManagedPolicyReferenceToPermissionSet",
        "sso:DeletePermissionsBoundaryFromPermissionSet", "identitystore:CreateGroupMembership",
        "sso-directory:AddMemberToGroup", "sso-directory:CreateBearerToken", "account-access:CreateEntitlement",
        "organizations:AttachPolicy", "organizations:DetachPolicy", "organizations:UpdatePolicy",
    )
)  # fmt: skip
"""Through Identity Center, where it is administered: the management account and the delegated administrator's."""


def can_become_administrator(grants: Grants, *, is_central: bool) -> bool:
    """Whether one of the ways is open. is_central: in an account from which Identity Center is administered."""
    ways = (*_REWRITE, *_BECOME, *_PASS_AND_RUN, *(_CENTRAL if is_central else ()))
    return any(all(any(map(grants.allows, step)) for step in way) for way in ways)


def takes_any_role(grants: Grants) -> bool:
    """Whether every role can be taken that trusts the account as a whole."""
    return grants.allows("sts:AssumeRole")


def passes_any_role(grants: Grants) -> bool:
    """Whether every role can be passed on, to whatever runs it."""
    return grants.allows("iam:PassRole")
