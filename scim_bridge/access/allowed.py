"""What a permission set allows, in words, the worst first. Pure, once the documents are read.

As far as the set goes: service control policies are not read, and do not reach the management account anyway. A
boundary can only take away, so the words are the worst that can be.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scim_bridge.access.action_level import service, services_of
from scim_bridge.access.escalation import can_become_administrator, passes_any_role, takes_any_role
from scim_bridge.access.managed_policy import ADMINISTRATOR, BILLING, READ_ONLY, path_of
from scim_bridge.access.policy_document import Grants, Statement, pattern_of, statements_of
from scim_bridge.model.access import Allowed, Level
from scim_bridge.model.wording import counted

_SHOWN = 8
"""Services named one by one."""
_MANY = 40
"""Services of which something can be read, from which on it is reading in general."""
CONDITION = "under a condition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a permission set is made of. managed: AWS managed policies, ARN → document, None for one not read.

    customer: names of customer managed policies, which only the account itself shows. inline: JSON text, "" for none.
    """

    managed: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    customer: tuple[str, ...] = ()
    inline: str = ""
    boundary: str = ""
    is_read: bool = True


def allowed(content: Content, *, is_central: bool) -> Allowed:
    """The words and the level. is_central: in an account from which Identity Center is administered."""
    statements, unknown = _statements(content)
    grants = Grants(statements)
    found = [*_ranked(grants, content, is_central=is_central), *(("unknown", word) for word in unknown)]
    if not found:
        found = [("read", "nothing")] if content.is_read else [("unknown", "nothing known")]
    words = tuple(dict.fromkeys(word for _, word in found))
    limits = (f"limited by {content.boundary}",) if content.boundary else ()
    return Allowed(found[0][0], words + limits)


def _statements(content: Content) -> tuple[tuple[Statement, ...], list[str]]:
    """All statements that are known, and words for what is not."""
    statements: list[Statement] = []
    unknown = []
    for arn, document in content.managed.items():
        if document is None:
            unknown.append(f"{path_of(arn).rpartition('/')[2]} (known by name only)")
        else:
            statements += statements_of(document)
    if content.inline:
        try:
            statements += statements_of(content.inline)
        except ValueError:
            unknown.append("nothing known of its inline policy")
    unknown += [f"nothing known of {name}" for name in content.customer]
    return tuple(statements), unknown


def _ranked(grants: Grants, content: Content, *, is_central: bool) -> Iterator[tuple[Level, str]]:
    """Levels with their words, the worst first."""
    is_administrator = grants.allows_everything()
    if is_administrator:
        named = any(path_of(arn) == ADMINISTRATOR for arn in content.managed)
        yield "administrator", ADMINISTRATOR if named else "administrator"
    elif grants.allows_everything(under_condition=True):
        # A condition, such as a second factor, is met sooner or later; yet this is not a door that is open for sure.
        yield "can-become-administrator", f"administrator {CONDITION}"
    elif can_become_administrator(grants, is_central=is_central):
        yield "can-become-administrator", "can become administrator"
    if not is_administrator:
        if takes_any_role(grants):
            yield "power", "can take any role that trusts the account"
        if passes_any_role(grants) and not can_become_administrator(grants, is_central=is_central):
            yield "power", "can pass any role"
    used = _services(grants.allowing())
    billing = {prefix: use for prefix, use in used.items() if prefix in BILLING}
    if any(use.writes for use in billing.values()):
        yield "billing", "billing"
    if is_administrator:
        return
    if any(one.is_allow and one.on_all and not one.has_condition and one.is_broad for one in grants.statements):
        yield "power", "power user"
        return
    yield from _in_services({p: use for p, use in used.items() if p not in billing}, content)


@dataclass(slots=True)
class _Use:
    """What is allowed of one service. always: not only under a condition."""

    writes: bool = False
    reads: bool = False
    always: bool = False


def _services(allowing: Iterable[Statement]) -> dict[str, _Use]:
    """Prefix → what is allowed of the services that statements name. Those for all services name none."""
    used: dict[str, _Use] = {}
    for statement in allowing:
        if statement.is_not:
            continue
        for action in statement.actions:
            if action in ("*", "*:*"):
                continue
            for prefix in services_of(action):
                writes, reads = _kinds(prefix, action.partition(":")[2])
                use = used.setdefault(prefix, _Use())
                use.writes, use.reads = use.writes or writes, use.reads or reads
                use.always = use.always or not statement.has_condition
    return {prefix: use for prefix, use in used.items() if use.writes or use.reads}


def _kinds(prefix: str, name: str) -> tuple[bool, bool]:
    """Whether a pattern covers actions of this service that write, and some that read."""
    known = service(prefix)
    if known is None:
        return True, True  # a service newer than the data: as bad as it can be
    reads = {only for action, only in known.reads.items() if pattern_of(name).fullmatch(action)}
    return False in reads, True in reads


def _in_services(used: Mapping[str, _Use], content: Content) -> Iterator[tuple[Level, str]]:
    """Words such as "EC2 read", "S3". Reading in general is one word."""
    reading = [prefix for prefix, use in used.items() if not use.writes]
    is_reader = len(reading) >= _MANY or any(path_of(arn) in READ_ONLY for arn in content.managed)
    if is_reader and reading != list(used):
        yield from _named({p: use for p, use in used.items() if use.writes}, "write", after="read-only")
    elif is_reader:
        yield "read", "read-only"
    else:
        yield from _named(used, "write" if len(reading) < len(used) else "read")


def _named(used: Mapping[str, _Use], level: Level, after: str = "") -> Iterator[tuple[Level, str]]:
    """One word for each service. after: a word that stands before them."""
    if after:
        yield level, after
    for prefix, use in list(used.items())[:_SHOWN]:
        known = service(prefix)
        name = known.name if known is not None else prefix
        word = name if use.writes else f"{name} read"
        yield level, word if use.always else f"{word} {CONDITION}"
    if len(used) > _SHOWN:
        yield level, counted(len(used) - _SHOWN, "more service")
