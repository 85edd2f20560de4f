"""A change of the identity source as it is reported: directions, what the store holds, who matches whom, findings.

Values only. They are read and compared in access/switch/, and shown by view/.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, get_args

from scim_bridge.model.identity import Desired, Kind

SourceKind = Literal["identity-center", "external", "active-directory"]
"""What users come from and sign in with: Identity Center's own directory, an external identity provider, AD."""
SOURCE_KINDS: tuple[SourceKind, ...] = get_args(SourceKind)
DIRECTORY: SourceKind = "identity-center"
EXTERNAL: SourceKind = "external"
ACTIVE_DIRECTORY: SourceKind = "active-directory"

Question = Literal[
    "break-glass",
    "name-id",
    "mfa",
    "passwords",
    "assignments-saved",
    "role-references",
    "key-policies",
    "portal-url",
]
"""What no API answers: an operator confirms it in the configuration (`switch.confirmed`)."""


class Direction(NamedTuple):
    """From which kind of identity source to which."""

    before: SourceKind
    after: SourceKind

    @property
    def is_destructive(self) -> bool:
        """Whether users, groups, memberships and assignments are deleted: to or from Active Directory."""
        return ACTIVE_DIRECTORY in self

    @property
    def needs_names(self) -> bool:
        """Whether users sign in afterwards by a name that an identity provider asserts."""
        return self.after == EXTERNAL


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreResource:
    """A user or group as the identity store shows it. name: userName or displayName, exactly as it is there.

    external_ids: ids that provisioning gave it. revision: AWS's own mark of a version, "" where it shows none.
    made_by: who created it, as AWS says.
    """

    kind: Kind
    id: str
    name: str
    emails: tuple[str, ...] = ()
    external_ids: tuple[str, ...] = ()
    is_active: bool = True
    revision: str = ""
    made_by: str = ""


How = Literal["exact", "differs", "id", "email"]
"""By what a record and a resource match: the same name, one that looks the same, an externalId, an email alone."""
Difference = Literal["case", "unicode", "spaces"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A record of the source and the resource of the store that is meant by it. differs: in what the names do."""

    desired: Desired
    found: StoreResource
    how: How
    differs: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Unclear:
    """Records and resources of which one could be another: a person has to say which."""

    desired: tuple[Desired, ...]
    found: tuple[StoreResource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Both sides of one kind. duplicates: names or emails that several records claim, with these records."""

    pairs: tuple[Pair, ...]
    unclear: tuple[Unclear, ...]
    only_source: tuple[Desired, ...]
    only_store: tuple[StoreResource, ...]
    duplicates: tuple[tuple[str, tuple[Desired, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known of the instance beside who may enter what. applications: name → ARN of the provider.

    owner: account id. key: ARN of a key of one's own that encrypts it, "" for AWS's. is_of_organization: false for an
    account instance. issuers: names of trusted token issuers. unread: what could not be read, each a sentence.
    """

    arn: str
    store: str
    region: str
    regions: tuple[str, ...] = ()
    owner: str = ""
    key: str = ""
    is_of_organization: bool = True
    issuers: tuple[str, ...] = ()
    applications: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


Mark = Literal["stop", "fix", "ask", "note"]
"""What a finding means for the verdict: the switch is not possible so, something is to be fixed, a question that only
a person can answer, or information."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know. key: of its sentence. values: what fills it. columns: keys of the headings of rows.

    pages: AWS's documentation, from the root of the user guide. question: for an `ask`. is_answered: it was confirmed.
    """

    key: str
    mark: Mark
    values: Mapping[str, str | int] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    pages: tuple[str, ...] = ()
    question: Question | None = None
    is_answered: bool = False

    @property
    def is_open(self) -> bool:
        """Whether there is something left to do about it."""
        return self.mark in ("stop", "fix") or (self.mark == "ask" and not self.is_answered)


Topic = Literal["consequences", "instance", "administrators", "users", "groups", "applications", "roles", "steps"]
Verdict = Literal["ready", "after_fixes", "not_ready"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchReport:
    """The whole report. is_guessed: what the source is today was not configured. access_at: when access was read."""

    connection: str
    direction: Direction
    is_guessed: bool
    store: str
    made: datetime
    access_at: datetime
    findings: Mapping[Topic, tuple[Finding, ...]]
    fixes: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """Ready; ready after the fixes; or not ready, if one of them is a stop."""
        if not self.fixes:
            return "ready"
        return "not_ready" if any(fix.mark == "stop" for fix in self.fixes) else "after_fixes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """One write to the identity store: a name, and the one in its place. source_id: of the record, "" in an undo.

    is_adoption: the two match by an id or an email alone, so that the new name lets the first sync find the resource.
    revision: of the resource as it was read, "" if it is not known. reason: a sentence without its full stop.
    """

    kind: Kind
    id: str
    before: str
    after: str
    source_id: str
    is_adoption: bool
    revision: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} {self.before}: rename to {self.after}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixPlan:
    """Renames in the order in which they are possible. is_undo: it takes back what another plan has done.

    not_possible: what would be renamed and cannot be, each a sentence.
    """

    connection: str
    created: str
    store: str
    renames: tuple[Rename, ...]
    is_undo: bool = False
    not_possible: tuple[str, ...] = ()
