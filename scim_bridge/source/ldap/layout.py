"""What is asked of the server for each kind of record: as few attributes as the mapping and the decoding need."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from scim_bridge.config.source import Flavor, LdapSettings, Search
from scim_bridge.errors import Misconfigured
from scim_bridge.model.identity import AttributeType, Kind
from scim_bridge.model.source import Wanted
from scim_bridge.source.ldap.schema import Attribute, Schema
from scim_bridge.source.ldap.server import Server

ID, DN, MANAGER, ENABLED = "id", "dn", "manager", "accountEnabled"
GID = "gidNumber"
"""The number of a posixGroup, and of a user's primary group (RFC 2307)."""
CONTROL, EXPIRES = "userAccountControl", "accountExpires"
ANCHORS: Mapping[Flavor, str] = {"openldap": "entryUUID", "389-ds": "nsUniqueId", "active-directory": "objectGUID"}
"""The attribute by which each flavor knows an entry for good. 389-DS has entryUUID too, but not on older entries."""
CHANGED = "uSNChanged"
PLACE_CLASSES = (
    "organizationalUnit",
    "organization",
    "domain",
    "dcObject",
    "country",
    "locality",
    "container",
    "builtinDomain",
)
"""What people keep entries in. Where one of these is renamed or moved, no server reports the entries in it."""
PLACES = f"(|{''.join(f'(objectClass={name})' for name in PLACE_CLASSES)})"
MEMBER_URL = "memberURL"
"""A group that has one consists of what it finds (slapo-dynlist(5)): it changes when they do, without a report."""

_USERS: Mapping[Flavor, str] = {
    "openldap": "(objectClass=inetOrgPerson)",
    "389-ds": "(|(objectClass=inetOrgPerson)(objectClass=nsPerson))",
    "active-directory": "(&(objectCategory=person)(objectClass=user))",
}
_GROUPS: Mapping[str, str] = {
    "member": "(objectClass=groupOfNames)",
    "uniquemember": "(objectClass=groupOfUniqueNames)",
    "memberuid": "(objectClass=posixGroup)",
}
"""The usual filter for groups of OpenLDAP, by the attribute that lists their members."""
_POSIX_GROUP = "objectclass=posixgroup"
_RANGED = "range=0-1499"
"""So many values of `member` are asked for at first; the server may give fewer (MS-ADTS 3.1.1.3.1.3.3)."""
_NAMED_IN_FILTER = re.compile(r"\(\s*([A-Za-z][A-Za-z0-9-]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """One kind of record: where and how it is searched, and which names its record will have.

    asked: the attributes to request. id: the attribute that is a record's id, ID for the anchor. spelled: lower-case
    name of an attribute → the names under which a record has it. is_all: a record has every attribute that came, under
    the schema's own names too, except computed ones.
    """

    kind: Kind
    bases: tuple[str, ...]
    filter: str
    asked: tuple[str, ...]
    id: str
    spelled: Mapping[str, tuple[str, ...]]
    is_all: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Everything that decides what is read. groups: None = none are.

    member: the attribute that lists members. joins_uid: its values are uids, not names. has_primary: a user is also in
    the group that the user's own entry names by number: primaryGroupID (Active Directory), else gidNumber.
    unreported: an attribute that the mapping or a filter uses and whose changes no server reports, "" if there is none.
    """

    flavor: Flavor
    schema: Schema
    users: Selection
    groups: Selection | None
    member: str
    joins_uid: bool
    has_primary: bool
    unreported: str

    @property
    def anchor(self) -> str:
        """The attribute by which the server knows an entry for good."""
        return ANCHORS[self.flavor]

    @property
    def is_ad(self) -> bool:
        """Whether this is Active Directory."""
        return self.flavor == "active-directory"

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Users, and groups if they are read."""
        return (self.users, self.groups) if self.groups is not None else (self.users,)

    @property
    def bases(self) -> tuple[str, ...]:
        """Every base, each once."""
        return tuple(dict.fromkeys(base for selection in self.selections for base in selection.bases))

    def of(self, kind: Kind) -> Selection | None:
        """The selection of one kind."""
        return self.users if kind == "user" else self.groups

    def names(self, selection: Selection, returned: str) -> tuple[str, ...]:
        """The names under which a record has an attribute that came under this name; none for what no one wants."""
        name, option = returned.partition(";")[::2]
        attribute = self.schema.find(name)
        if option or attribute is None:
            return (*selection.spelled.get(returned.lower(), ()), *([returned] if selection.is_all else []))
        names = dict.fromkeys(n for known in attribute.names for n in selection.spelled.get(known.lower(), ()))
        is_for_all = selection.is_all and not attribute.is_computed and name.lower() != self.member.lower()
        return (*names, *([attribute.names[0]] if is_for_all and attribute.names[0] not in names else []))


def layout(settings: LdapSettings, server: Server, wanted: Mapping[Kind, Wanted]) -> Layout:
    """What to ask for. wanted: what the mapping uses of each kind.

    Raises Misconfigured for an unknown `member`, and for an unusual one without a filter that says what groups are.
    """
    flavor, schema, groups = server.flavor, server.schema, settings.groups
    member = (groups.member if groups is not None else "") or "member"
    lists = schema.find(member)
    if groups is not None and lists is None:
        raise Misconfigured(
            f"source.groups.member is {member}, an attribute that the server does not know",
            "Usual ones are member, uniqueMember and memberUid.",
        )
    joins_uid = groups is not None and lists is not None and not lists.is_dn
    has_primary = groups is not None and _has_primary(groups, server, joins_uid=joins_uid)
    of_user = (
        *_needed_of_user(flavor, wanted["user"], has_primary=has_primary),
        *(["uid"] if joins_uid else []),
    )
    users = replace(settings.users, filter=settings.users.filter or _USERS[flavor])
    selections = [_selection("user", users, server, wanted["user"], of_user)]
    if groups is not None:
        found = replace(groups, filter=groups.filter or _usual_groups(flavor, member))
        of_group = _needed_of_group(server, member, has_primary=has_primary)
        selections.append(_selection("group", found, server, wanted["group"], of_group))
    listed = selections[1] if groups is not None else None
    return Layout(
        flavor=flavor,
        schema=schema,
        users=selections[0],
        groups=listed,
        member=member,
        joins_uid=joins_uid,
        has_primary=has_primary,
        unreported=_unreported(selections, schema),
    )


def _has_primary(groups: Search, server: Server, *, joins_uid: bool) -> bool:
    """Whether primary groups count: as configured; else on Active Directory, and where posixGroups are read."""
    if server.flavor == "active-directory":
        return groups.primary is not False
    is_known = server.schema.find(GID) is not None
    if groups.primary is None:
        return is_known and (joins_uid or _POSIX_GROUP in groups.filter.replace(" ", "").lower())
    if groups.primary and not is_known:
        raise Misconfigured(
            f"source.groups.primary is true, but the server does not know the attribute {GID}", "Leave primary out."
        )
    return groups.primary


def types(wanted: Wanted, server: Server) -> dict[str, AttributeType]:
    """Every name that a mapping may use of a kind: the schema's, in the mapping's spelling too, and what is decoded."""
    found: dict[str, AttributeType] = {}
    for attribute in server.schema.attributes:
        if attribute.is_text:
            found |= dict.fromkeys(attribute.names, attribute.type)
    for name in wanted.names:
        known = server.schema.find(name)
        if known is not None and known.is_text:
            found[name] = "string" if known.names[0].lower() == MANAGER else known.type
    found |= {ID: "string", DN: "string", MANAGER: "string"}
    return found | ({ENABLED: "dyn"} if server.flavor == "active-directory" else {})


def named_in(filter_text: str) -> frozenset[str]:
    """The attributes that a filter speaks of."""
    return frozenset(_NAMED_IN_FILTER.findall(filter_text))


def _needed_of_user(flavor: Flavor, wanted: Wanted, *, has_primary: bool) -> tuple[str, ...]:
    """Attributes of users that the decoding needs, whatever the mapping says."""
    needed: tuple[str, ...] = (ANCHORS[flavor],)
    if flavor == "active-directory":
        # A primary group does not list its members: each user names it by number, within the user's own domain
        # (https://learn.microsoft.com/windows/win32/adschema/a-primarygroupid).
        needed += ("objectSid", "primaryGroupID") if has_primary else ()
        needed += (CONTROL, EXPIRES) if ENABLED in wanted.names or wanted.is_all else ()
        return needed
    return (*needed, GID) if has_primary else needed


def _needed_of_group(server: Server, member: str, *, has_primary: bool) -> tuple[str, ...]:
    """Attributes of groups that the decoding needs, whatever the mapping says."""
    anchor = ANCHORS[server.flavor]
    if server.flavor == "active-directory":
        # uSNChanged tells whether a group changed between two ranges of its members (reader.py).
        return (anchor, "objectSid", CHANGED, f"{member};{_RANGED}")
    dynamic = [MEMBER_URL] if server.schema.find(MEMBER_URL) is not None else []
    return (anchor, member, *dynamic, *([GID] if has_primary else []))


def _usual_groups(flavor: Flavor, member: str) -> str:
    """The filter for groups where none is given."""
    if flavor == "active-directory":
        return "(objectClass=group)"
    usual = _GROUPS.get(member.lower())
    if usual is None:
        raise Misconfigured(
            f"source.groups has no filter, and none is usual where {member} lists the members",
            'Say which entries are groups: filter: "(objectClass=…)".',
        )
    return usual


def _selection(kind: Kind, search: Search, server: Server, wanted: Wanted, needed: tuple[str, ...]) -> Selection:
    spelled: dict[str, tuple[str, ...]] = {}
    asked: dict[str, str] = {}
    for name in sorted(wanted.names - {ID, DN, ENABLED}):
        known = server.schema.find(name)
        if known is not None and known.is_text:
            spelled[name.lower()] = (*spelled.get(name.lower(), ()), name)
            asked.setdefault(name.lower(), name)
    asked |= {name.lower(): name for name in needed}
    listed = tuple(asked[name] for name in sorted(asked))
    return Selection(
        kind=kind,
        bases=search.base,
        filter=search.filter,
        asked=("*", *listed) if wanted.is_all else listed,
        id=wanted.id,
        spelled=spelled,
        is_all=wanted.is_all,
    )


def _unreported(selections: list[Selection], schema: Schema) -> str:
    """See Layout: where a computed attribute is used, its changes would be missed, so everything is read each time."""
    for selection in selections:
        for name in sorted({*selection.spelled, *named_in(selection.filter)}):
            known: Attribute | None = schema.find(name)
            if known is not None and known.is_computed:
                return known.names[0]
    return ""
