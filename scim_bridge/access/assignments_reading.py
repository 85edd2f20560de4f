"""Which account assignments there are: every pair of account and permission set is asked about, the cheapest way.

Only the pairs show every assignment, those of principals who are gone among them: the calls by principal show what
someone has, and asking for all users costs a request for each of them. Which pairs there are can be asked by account
or by permission set; both give the same, so the cheaper one is taken, by counting before the first of them is sent.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from scim_bridge.access.aws import Aws
from scim_bridge.model.access import Edge
from scim_bridge.model.assignment import Principal
from scim_bridge.model.identity import TargetKey
from scim_bridge.model.protocol import Progress

PAGE = 100
Pair = tuple[str, str]
"""Account id and ARN of a permission set."""
T = TypeVar("T")
R = TypeVar("R")


def pages(count: int, size: int = PAGE) -> int:
    """Requests for a list of so many entries: an empty one costs a request as well."""
    return max(1, -(-count // size))


@dataclass(frozen=True, slots=True)
class Cost:
    """The most that finding the pairs can cost, in requests: asked by account, or by permission set."""

    by_account: int
    by_set: int

    @property
    def is_by_set(self) -> bool:
        """Whether asking by permission set is the cheaper way."""
        return self.by_set <= self.by_account


def cost(accounts: int, sets: int) -> Cost:
    """What finding the pairs of so many accounts and permission sets costs at most."""
    return Cost(accounts * pages(sets), sets * pages(accounts))


@dataclass(frozen=True, slots=True)
class Asking:
    """How many calls at once: a pool of threads, over one Aws. note: hears of each answer."""

    aws: Aws
    pool: Executor
    note: Progress

    def each(self, step: str, items: Sequence[T], ask: Callable[[T], R]) -> list[R]:
        """One answer for each of these, in their order."""
        answers = []
        for number, answer in enumerate(self.pool.map(ask, items), start=1):
            self.note(step, number, len(items))
            answers.append(answer)
        return answers


def find_pairs(asking: Asking, instance: str, accounts: Sequence[str], sets: Sequence[str]) -> list[Pair]:
    """Every account with every permission set that is provisioned to it. accounts: empty where they are unknown."""
    if not accounts or cost(len(accounts), len(sets)).is_by_set:
        found = asking.each("permission sets", sets, lambda arn: _accounts_of(asking.aws, instance, arn))
        return [(account, arn) for arn, ids in zip(sets, found, strict=True) for account in dict.fromkeys(ids)]
    listed = asking.each("accounts", accounts, lambda number: _sets_of(asking.aws, instance, number))
    return [(account, arn) for account, arns in zip(accounts, listed, strict=True) for arn in dict.fromkeys(arns)]


def _accounts_of(aws: Aws, instance: str, arn: str) -> list[str]:
    call = "sso:ListAccountsForProvisionedPermissionSet"
    return aws.every(call, "AccountIds", InstanceArn=instance, PermissionSetArn=arn)


def _sets_of(aws: Aws, instance: str, account: str) -> list[str]:
    call = "sso:ListPermissionSetsProvisionedToAccount"
    return aws.every(call, "PermissionSets", InstanceArn=instance, AccountId=account)


def read_pairs(asking: Asking, instance: str, pairs: Sequence[Pair]) -> frozenset[Edge]:
    """The assignments of these pairs. One that AWS shows twice is one."""
    found = asking.each("assignments", pairs, lambda pair: _edges_of(asking.aws, instance, pair))
    return frozenset(edge for edges in found for edge in edges)


def _edges_of(aws: Aws, instance: str, pair: Pair) -> list[Edge]:
    account, arn = pair
    asked = {"InstanceArn": instance, "AccountId": account, "PermissionSetArn": arn}
    return list(edges(aws.every("sso:ListAccountAssignments", "AccountAssignments", **asked)))


def edges(rows: Iterable[dict[str, str]]) -> Iterable[Edge]:
    """AWS's rows as edges. The call for a user also returns rows of groups, under the group's own id."""
    for row in rows:
        yield Edge(row["AccountId"], row["PermissionSetArn"], principal(row))


def principal(row: Mapping[str, str]) -> Principal:
    """Who is assigned, from a row that names them."""
    return TargetKey("group" if row["PrincipalType"] == "GROUP" else "user", row["PrincipalId"])
