"""What changed entries mean, by an excerpt of all entries: those that changed, those that name them, whom these name.

The records of the excerpt are made by the code that makes those of everything (snapshot.py), with the managers they
name. Of a group's members only those are looked up that came, left or are called otherwise: of ten thousand, the others
are who they were (moved_members.py). Who is called by a name is looked up: on Active Directory by the GUID in the name,
else by an index that is remembered with the entries. Entries that name one which came, left or is called otherwise are
found by going through all of them; that is read and not kept.

Where more than the excerpt has a say, `Unclear` is raised and the snapshot is made of everything remembered.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import orjson

from scim_bridge.model.identity import Kind, Notice, Record, Snapshot, SourceKey
from scim_bridge.model.source import DirectMembers, Memory, SourceChanges
from scim_bridge.source.ldap.filtering import may_have, sure_parts
from scim_bridge.source.ldap.layout import CONTROL, EXPIRES, ID, Layout
from scim_bridge.source.ldap.memory import anchor_of, key, keys_of, named_in, names_line, rest_of
from scim_bridge.source.ldap.moved_members import MovedNames, moved_names
from scim_bridge.source.ldap.snapshot import snapshot, unknown_member
from scim_bridge.source.ldap.value import folded, is_enabled, parts, split, without_bits

FACTS = "facts"
"""The key under which is remembered what concerns all entries together."""
INDEX = "dn "
"""Keys of the index of names begin so."""
_KINDS: tuple[Kind, ...] = ("user", "group")
_MANY = 5_000
"""Notes about more members than these are not followed."""
_ITS_MEMBER = ": its member "


class Unclear(Exception):
    """An excerpt does not say what everything says."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an excerpt does not show. noted: key of a group → what is noted of its members. is_clear: see Unclear."""

    noted: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)
    is_clear: bool = True

    def text(self) -> str:
        """For the memory."""
        return orjson.dumps([self.noted, self.is_clear]).decode()

    @classmethod
    def read(cls, text: str) -> "Facts":
        """What was remembered."""
        noted, is_clear = orjson.loads(text)
        return cls({group: [(name, detail) for name, detail in notes] for group, notes in noted.items()}, is_clear)

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """All that is noted."""
        notes = (note for group in sorted(self.noted) for note in self.noted[group])
        return tuple(Notice("unknown_member", name, detail) for name, detail in notes)


def remembered_beside(entries: Mapping[str, str], shown: Snapshot, layout: Layout) -> dict[str, str]:
    """What is remembered beside the entries of a whole reading, so that a later one can do with an excerpt."""
    names = {anchor: rest_of(entries[anchor])[0] for kind in _KINDS for anchor in keys_of(entries, kind)}
    groups = {dn: group for group, dn in names.items() if group.startswith("group ")}
    noted: dict[str, list[tuple[str, str]]] = {}
    for notice in shown.warnings:
        group = groups.get(notice.detail.partition(_ITS_MEMBER)[0])
        if group is not None:
            noted.setdefault(group, []).append((notice.subject, notice.detail))
    is_clear = _is_clear(layout) and not shown.ambiguous and sum(map(len, noted.values())) <= _MANY
    # A primary group does not list its members, so an excerpt does not show who they are.
    is_clear = is_clear and not _has_primary_members(entries, layout)
    index = {} if layout.is_ad or not is_clear else {_indexed(dn): anchor for anchor, dn in names.items()}
    return {**index, FACTS: Facts(noted, is_clear).text()}


def _is_clear(layout: Layout) -> bool:
    """Whether entries name each other by DN, and records are known by the id that entries are."""
    is_by_anchor = all(s.id.lower() in (ID, layout.anchor.lower()) for s in layout.selections)
    return is_by_anchor and not layout.joins_uid and (layout.is_ad or not layout.has_primary)


def _has_primary_members(entries: Mapping[str, str], layout: Layout) -> bool:
    if not layout.has_primary:
        return False
    groups = {sid for group in keys_of(entries, "group") for sid in _sids(entries[group])}
    return any(_primary(entries[user]) in groups for user in keys_of(entries, "user"))


def _primary(text: str) -> str:
    """The SID of a user's primary group."""
    attributes = rest_of(text)[1]
    sid, number = attributes.get("objectSid", [""])[0], attributes.get("primaryGroupID", [""])[0]
    return f"{sid.rpartition('-')[0]}-{number}"


def _sids(text: str | None) -> list[str]:
    """The SID of a group, by which users name their primary group."""
    return rest_of(text)[1].get("objectSid", []) if text is not None else []


def _indexed(dn: str) -> str:
    """The key of the index for a name: the same for names that are the same."""
    plain = ",".join(parts(dn)) if any(mark in dn for mark in '\\+"#') else folded(dn)
    return INDEX + plain.replace(" ", "")


class Excerpt:
    """What has changed since a memory. changed: key → new text, None for what is gone. today: UTC date."""

    def __init__(self, layout: Layout, memory: Memory, changed: Mapping[str, str | None], today: str) -> None:
        self._layout, self._memory, self._today = layout, memory, today
        self._changed = {entry: text for entry, text in changed.items() if entry.split(" ")[0] in _KINDS}
        text = memory.entries.get(FACTS)
        self._facts = Facts.read(text) if text is not None else Facts(is_clear=False)
        self._before = memory.some(self._changed)
        self.learned: dict[str, str | None] = {}

    def changes(self) -> SourceChanges:
        """What they mean. `learned` is then what is to be remembered beside them. Raises Unclear."""
        if not self._facts.is_clear:
            raise Unclear
        others = self._called_otherwise()
        affected = {**self._changed, **self._naming(others), **self._of_another_day()}
        if not affected:
            return SourceChanges(records={})
        self._index()
        there = {entry: text for entry, text in affected.items() if text is not None}
        users = {entry: text for entry, text in there.items() if entry.startswith("user ")}
        shown = snapshot({**self._named_by(users), **there}, self._layout, self._today, with_members=False)
        if self._has_primary(there):
            raise Unclear
        found = {(kind, r.id): r for kind, rs in (("user", shown.users), ("group", shown.groups)) for r in rs}
        records: dict[SourceKey, tuple[Record, ...]] = {}
        for entry in affected:
            kind: Kind = "user" if entry.startswith("user ") else "group"
            source_id = anchor_of(entry)
            record = found.get((kind, source_id)) if entry in there else None
            records[SourceKey(kind, source_id)] = (record,) if record is not None else ()
        return self._with_members(SourceChanges(records=records), affected, others)

    def _with_members(
        self, found: SourceChanges, affected: Mapping[str, str | None], others: Mapping[str, tuple[str, str]]
    ) -> SourceChanges:
        """The same with who came into the groups among the affected, and who left them."""
        groups = {entry: text for entry, text in affected.items() if entry.startswith("group ")}
        moved = self._moved({entry: text for entry, text in groups.items() if text is not None}, others)
        marks = {name: self._mark(name) for both in moved.values() for name in both.all}
        then, now = self._called(set(marks.values()))
        joined: dict[str, DirectMembers] = {}
        left: dict[str, DirectMembers] = {}
        noted = {entry: notes for entry, notes in self._facts.noted.items() if groups.get(entry, "") is not None}
        for entry, both in moved.items():
            were = {then[mark] for name in both.before if (mark := marks[name]) in then}
            are = {now[mark] for name in both.after if (mark := marks[name]) in now}
            joined |= {anchor_of(entry): _direct(are - were)} if are - were else {}
            left |= {anchor_of(entry): _direct(were - are)} if were - are else {}
            unknown = [name for name in both.after if marks[name] not in now]
            noted[entry] = self._noted(entry, rest_of(str(groups[entry]))[0], both, unknown)
        gone: dict[str, DirectMembers] = {anchor_of(entry): ((), ()) for entry in groups.keys() - moved.keys()}
        noted = {entry: notes for entry, notes in noted.items() if notes}
        return replace(found, members=gone, joined=joined, left=left, warnings=self._warnings(noted))

    def _moved(self, groups: Mapping[str, str], others: Mapping[str, tuple[str, str]]) -> dict[str, MovedNames]:
        """The names to be looked up, by group. Of those around one who is looked at most have none."""
        marks, sure = self._marks_of(others), self._sure(others)
        may_be_other = (lambda name: may_have(name, sure) and self._mark(name) in marks) if others else None
        member = self._layout.member.lower()
        return {
            entry: moved_names(
                self._before.get(entry, None if entry in self._changed else text), text, member, may_be_other
            )
            for entry, text in groups.items()
        }

    def _noted(self, entry: str, dn: str, both: MovedNames, unknown: Iterable[str]) -> list[tuple[str, str]]:
        """What is noted of a group's members. both: names that were looked up; unknown: those that are no one."""
        seen = {split(name)[1] for name in both.all}
        kept = (name for name, _ in self._facts.noted.get(entry, ()) if name not in seen)
        return [(notice.subject, notice.detail) for name in (*kept, *unknown) if (notice := unknown_member(dn, name))]

    def _warnings(self, noted: Mapping[str, list[tuple[str, str]]]) -> tuple[Notice, ...] | None:
        """All that is noted now, None if it is what was. It is remembered."""
        if noted == self._facts.noted:
            return None
        facts = Facts(noted, sum(map(len, noted.values())) <= _MANY)
        self.learned[FACTS] = facts.text()
        return facts.warnings

    def _called(self, marks: set[str]) -> tuple[dict[str, str], dict[str, str]]:
        """Mark → key of the user, else the group, who was called so, and of the one who is."""
        if self._layout.is_ad:
            keys = {entry: guid for guid in marks for entry in (key("group", guid), key("user", guid))}
            known = self._memory.some(keys)
            there = (known.keys() - self._changed.keys()) | {e for e, t in self._changed.items() if t is not None}
            return tuple({keys[e]: e for e in keys if e in each} for each in (known.keys(), there))  # type: ignore[return-value]
        index = self._memory.some(marks)
        news = {mark: self.learned[mark] for mark in marks if mark in self.learned}
        now = {mark: entry for mark, entry in {**index, **news}.items() if entry is not None}
        return index, now

    def _called_otherwise(self) -> dict[str, tuple[str, str]]:
        """Key → the names before and now of those who came, left, or have another name."""
        found = {}
        for entry, text in self._changed.items():
            then = rest_of(self._before[entry])[0] if entry in self._before else ""
            now = rest_of(text)[0] if text is not None else ""
            if then != now:
                found[entry] = (then, now)
        return found

    def _marks_of(self, others: Mapping[str, tuple[str, str]]) -> set[str]:
        """How these are looked up, by the names of before and of now."""
        names = {name for both in others.values() for name in both if name}
        return set(map(anchor_of, others)) if self._layout.is_ad else set(map(_indexed, names))

    def _sure(self, others: Mapping[str, tuple[str, str]]) -> set[str]:
        """What stands in every name of one of these."""
        names = {name for both in others.values() for name in both if name}
        return sure_parts(self._marks_of(others) if self._layout.is_ad else names)

    def _naming(self, others: Mapping[str, tuple[str, str]]) -> dict[str, str]:
        """The remembered entries, unless they changed too, that have one of these as member or manager."""
        marks, sure = self._marks_of(others), self._sure(others)
        found = {}
        for entry, text in self._memory.beginning("user ", "group ") if others else ():
            if entry in self._changed or not may_have(line := names_line(text), sure):
                continue
            if any(self._mark(name) in marks for name in _names_in(line) if may_have(name, sure)):
                found[entry] = text
        return found

    def _of_another_day(self) -> dict[str, str]:
        """The remembered users whose account has expired since, or has not expired any more."""
        layout, then = self._layout, self._memory.today
        if not layout.is_ad or (EXPIRES not in layout.users.asked and not layout.users.is_all) or then == self._today:
            return {}
        found = {}
        for entry, text in self._memory.beginning("user "):
            if entry not in self._changed and f'"{EXPIRES}"' in text:
                attributes = rest_of(text)[1]
                control, expires = (attributes.get(name, [""])[0] for name in (CONTROL, EXPIRES))
                if not then or is_enabled(control, expires, then) != is_enabled(control, expires, self._today):
                    found[entry] = text
        return found

    def _mark(self, name: str) -> str:
        """What a name is looked up by: the GUID in it, else what the index has."""
        return split(name)[0] if self._layout.is_ad else _indexed(without_bits(name))

    def _named_by(self, there: Mapping[str, str]) -> dict[str, str]:
        """The entries that these users name as their managers, as they are now."""
        names = (name for text in there.values() for name in _names_in(names_line(text)))
        marks = {mark for name in names if (mark := self._mark(name))}
        if self._layout.is_ad:
            wanted = {key(kind, guid) for guid in marks for kind in _KINDS}
        else:
            index = self._memory.some(marks) | {m: k for m, k in self.learned.items() if m in marks and k is not None}
            gone = {mark for mark in marks if mark in self.learned and self.learned[mark] is None}
            wanted = {entry for mark, entry in index.items() if mark not in gone}
        found = self._memory.some(wanted - self._changed.keys())
        return found | {e: t for e, t in self._changed.items() if e in wanted and t is not None}

    def _index(self) -> None:
        """Move the index of names on."""
        if self._layout.is_ad:
            return
        others = self._called_otherwise()
        self.learned |= {_indexed(then): None for then, _ in others.values() if then}
        self.learned |= {_indexed(now): entry for entry, (_, now) in others.items() if now}

    def _has_primary(self, there: Mapping[str, str]) -> bool:
        """Whether one of these now is, or has, a primary group that is read. None of those remembered has one."""
        if not self._layout.has_primary:
            return False
        groups, users = set[str](), set[str]()
        for entry, text in there.items():
            if entry.startswith("group "):
                groups |= set(_sids(text)) - set(_sids(self._before.get(entry)))
            elif entry not in self._before or _primary(text) != _primary(self._before[entry]):
                users.add(_primary(text))
        if not groups.isdisjoint(users):
            return True
        numbers = [f'"{sid.rpartition("-")[2]}"' for sid in groups]
        for entry, text in self._memory.beginning("group ", "user ") if groups or users else ():
            if entry.startswith("group ") and not users.isdisjoint(_sids(text)):
                return True
            may_be = entry.startswith("user ") and any(number in text for number in numbers)
            if may_be and _primary(text) in groups:
                return True
        return False


def _names_in(line: str) -> Iterator[str]:
    """The names in the first line of an entry's text."""
    for names in named_in(line).values():
        yield from names


def _direct(keys: Iterable[str]) -> DirectMembers:
    """Keys of entries as members."""
    ids: Mapping[Kind, list[str]] = {"user": [], "group": []}
    for entry in sorted(keys):
        ids["user" if entry.startswith("user ") else "group"].append(anchor_of(entry))
    return tuple(ids["user"]), tuple(ids["group"])
