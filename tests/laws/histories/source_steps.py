"""What happens in the sources, and to the mapping's scope."""

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.laws.histories.machine import GROUPS, LOGINS, NAMES, SCOPES, Machine

Edit = tuple[int, str, str, str, bool]
EDITS = st.lists(st.tuples(st.integers(0, 4), NAMES, NAMES, GROUPS, st.booleans()), min_size=2, max_size=5)


class SourceSteps(Machine):
    """Edits that some later run finds."""

    @rule(name=NAMES)
    def leave(self, name: str) -> None:
        name = self.name(name)
        people = self.source_of(name)
        if len(people.users) > 2 and name in people.users:
            self.note(f"{name} leaves")
            people.users.pop(name)
            people.members = [m for m in people.members if m[1] != name]
            self.write()

    @rule(name=NAMES, login=LOGINS)
    def join(self, name: str, login: str) -> None:
        name = self.name(name)
        people = self.source_of(name)
        if name not in people.users:
            self.note(f"{name} joins as {login}")
            people.add(name, login=f"{login}@corp.example", mail=f"{login}@corp.example")
            self.write()

    @rule(name=NAMES, is_enabled=st.booleans())
    def enable(self, name: str, is_enabled: bool) -> None:
        name = self.name(name)
        record = self.record(name)
        if record is not None:
            self.note(f"{name} enabled: {is_enabled}")
            if is_enabled and record["enabled"] == "false":
                self._may_be_active(name)
            record["enabled"] = str(is_enabled).lower()
            self.write()

    def _may_be_active(self, mark: str) -> None:
        """The source went from false to true, or a person decided so."""
        for target_id, user in self.judge.users().items():
            if user.get("externalId") == mark:
                self.judge.locked.discard(target_id)

    @rule(name=NAMES, other=NAMES)
    def exchange_names(self, name: str, other: str) -> None:
        name, other = self.name(name), self.name(other)
        one, two = self.record(name), self.record(other)
        if one is not None and two is not None:
            self.note(f"{name} and {other} exchange names")
            for path in ("login", "mail"):
                one[path], two[path] = two[path], one[path]
            self.write()

    @rule(
        name=NAMES,
        path=st.sampled_from(("title", "family", "manager", "login")),
        value=st.sampled_from(("", "x", "a", "b")),
    )
    def edit(self, name: str, path: str, value: str) -> None:
        name = self.name(name)
        record = self.record(name)
        if record is not None:
            value = f"{value or name}@corp.example" if path == "login" else value
            self.note(f"{name}: {path} = {value!r}")
            record[path] = value
            self.write()

    @rule(name=NAMES)
    def toggle_id(self, name: str) -> None:
        """A row loses its id, or finds it again."""
        name = self.name(name)
        record = self.record(name)
        if record is not None:
            record["id"] = "" if record["id"] else name
            self.note(f"the id of {name} is {record['id']!r}")
            self.write()

    @rule(group=GROUPS, name=NAMES)
    def toggle_member(self, group: str, name: str) -> None:
        group, name = self.name(group), self.name(name)
        people = self.source_of(group)
        if group in people.groups and name in people.users:
            row = (group, name, "user")
            self.note(f"toggle {name} in {group}")
            (people.members.remove if row in people.members else people.members.append)(row)
            self.write()

    @rule(group=GROUPS)
    def toggle_group(self, group: str) -> None:
        group = self.name(group)
        people = self.source_of(group)
        self.note(f"toggle group {group}")
        if group in people.groups:
            del people.groups[group]
            people.members = [m for m in people.members if group not in m[:2]]
        else:
            name = {"g": "dev", "h": "ops", "k": "branch"}[group]
            name = f"{group}2" if name in people.groups.values() else name
            people.group(group, name, *sorted(people.users)[:2])
        self.write()

    @rule(group=GROUPS, name=st.sampled_from(("dev", "ops", "x")))
    def rename_group(self, group: str, name: str) -> None:
        group = self.name(group)
        people = self.source_of(group)
        if group in people.groups and name not in people.groups.values():
            self.note(f"group {group} is called {name}")
            people.groups[group] = name
            self.write()

    @rule(steps=EDITS)
    def edit_many(self, steps: Sequence[Edit]) -> None:
        """Several edits at once, before any run sees them."""
        for which, name, other, group, is_enabled in steps:
            if which == 0:
                self.leave(name)
            elif which == 1:
                self.join(name, other if other != "z" else "a")
            elif which == 2:
                self.enable(name, is_enabled)
            elif which == 3:
                self.exchange_names(name, other)
            else:
                self.toggle_member(group, name)

    @rule(scope=st.sampled_from(sorted(SCOPES)))
    def change_scope(self, scope: str) -> None:
        """Records enter and leave scope by the mapping alone."""
        self.note(f"scope: {scope}")
        self.scope = scope
        self.configure()
