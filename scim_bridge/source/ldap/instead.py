"""What is there where a configured part shows nothing: entries of another class, or members in another attribute."""

from collections.abc import Iterator, Mapping

from scim_bridge.config.source import LdapSettings
from scim_bridge.model.identity import INSTEAD, Notice
from scim_bridge.source.ldap.entry import keys_of, read
from scim_bridge.source.ldap.layout import Layout, Selection
from scim_bridge.source.ldap.session import Query, Session

_PEOPLE = ("inetOrgPerson", "user", "organizationalPerson", "person", "posixAccount", "account")
_TEAMS = {"groupOfNames": "member", "groupOfUniqueNames": "uniqueMember", "posixGroup": "memberUid", "group": "member"}
"""Usual classes of groups, each with its attribute of members."""
_NOTHING = "1.1"
"""No attribute at all (RFC 4511 §4.5.1.8)."""


def instead(session: Session, layout: Layout, settings: LdapSettings, entries: Mapping[str, str]) -> tuple[Notice, ...]:
    """A notice of kind INSTEAD for each part that shows nothing while something of its kind is there.

    entries: those of the first page of each kind.
    """
    found = _Survey(session, layout, settings)
    details = [] if keys_of(entries, "user") else list(found.users())
    if layout.groups is not None:
        teams = [entries[key] for key in keys_of(entries, "group")]
        details += found.members(layout.groups, teams) if teams else found.groups(layout.groups)
    return tuple(Notice(INSTEAD, "source", detail) for detail in details)


class _Survey:
    def __init__(self, session: Session, layout: Layout, settings: LdapSettings) -> None:
        self._session, self._layout, self._settings = session, layout, settings

    def users(self) -> Iterator[str]:
        """The class of people with the most entries."""
        selection = self._layout.users
        most, name = max((self._of_class(selection, name), name) for name in _PEOPLE)
        if most:
            written = f'users.filter: "(objectClass={name})"'
            yield f"{_nothing(selection)}; there {_are(most, name)}: set {written}"

    def groups(self, selection: Selection) -> Iterator[str]:
        """The class of groups with the most entries."""
        most, name = max((self._of_class(selection, name), name) for name in _TEAMS)
        if not most:
            return
        groups = self._settings.groups
        settings = [f"groups.member: {_TEAMS[name]}"] if _TEAMS[name].lower() != self._layout.member.lower() else []
        if (groups is not None and groups.filter) or not settings or name == "group":
            settings.append(f'groups.filter: "(objectClass={name})"')
        yield f"{_nothing(selection)}; there {_are(most, name)}: set {' and '.join(settings)}"

    def members(self, selection: Selection, teams: list[str]) -> Iterator[str]:
        """The attribute in which groups have members, if they have none in the configured one."""
        member = self._layout.member.lower()
        if any(name.partition(";")[0].lower() == member for text in teams for name in read(text)[1]):
            return
        others = [name for name in dict.fromkeys(_TEAMS.values()) if name.lower() != member]
        known = [name for name in others if self._layout.schema.find(name) is not None]
        counts = [(self._count(selection, f"(&{selection.filter}({name}=*))"), name) for name in known]
        most, name = max(counts, default=(0, ""))
        if most:
            nothing = f"no group below {'; '.join(selection.bases)} has a value of {self._layout.member}"
            have = "has" if most == 1 else "have"
            yield f"{nothing}, but {most:,} {have} one of {name}: set groups.member: {name}"

    def _of_class(self, selection: Selection, name: str) -> int:
        return self._count(selection, f"(objectClass={name})")

    def _count(self, selection: Selection, condition: str) -> int:
        queries = [Query(base, condition, (_NOTHING,), f"the entries under {base}") for base in selection.bases]
        return sum(len(rows) for query in queries for rows in self._session.pages(query))


def _nothing(selection: Selection) -> str:
    return f"no entry fits {selection.kind}s.filter {selection.filter} below {'; '.join(selection.bases)}"


def _are(number: int, name: str) -> str:
    return f"is 1 {name} entry" if number == 1 else f"are {number:,} {name} entries"
