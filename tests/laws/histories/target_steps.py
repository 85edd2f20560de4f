"""What someone else does on the target, in the console or with another program."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from scim_bridge.sandbox.store import Kind
from tests.e2e.world import person
from tests.laws.histories.machine import GROUPS, LOGINS, NAMES, Machine


class TargetSteps(Machine):
    """Changes by hand; each makes what was last seen there outdated."""

    def _user(self, name: str) -> Any:
        return self.sandbox.app.store.users.find("externalId", name)

    def _group(self, name: str) -> Any:
        return self.sandbox.app.store.groups.find("externalId", name)

    def _change(self, kind: Kind, resource: Any, **attributes: Any) -> None:
        self.minutes_pass()
        changed = {k: v for k, v in (resource.attributes | attributes).items() if v is not None}
        self.sandbox.app.store.change(kind, resource, changed)
        self._has_changed()

    def _has_changed(self) -> None:
        self.judge.unseen.update(self.people)
        self.look()

    @rule(name=NAMES)
    def lock(self, name: str) -> None:
        user = self._user(self.name(name))
        if user is not None and user.attributes["active"]:  # no one sees that an inactive user is locked as well
            self.note(f"{name} is locked by hand")
            self.judge.locked.add(user.id)
            self._change("User", user, active=False)

    @rule(name=NAMES)
    def unlock(self, name: str) -> None:
        user = self._user(self.name(name))
        if user is not None:
            self.note(f"{name} is unlocked by hand")
            self.judge.locked.discard(user.id)
            self._change("User", user, active=True)

    @rule(name=NAMES, title=st.sampled_from((None, "by hand")))
    def retitle(self, name: str, title: str | None) -> None:
        user = self._user(self.name(name))
        if user is not None:
            self.note(f"{name} has the title {title} by hand")
            self._change("User", user, title=title)

    @rule(name=NAMES)
    def unmark(self, name: str) -> None:
        user = self._user(self.name(name))
        if user is not None:
            self.note(f"{name} loses the externalId by hand")
            self.judge.by_hand.add(user.id)
            self._change("User", user, externalId=None)

    @rule(name=NAMES, other=NAMES)
    def mark_as(self, name: str, other: str) -> None:
        """Someone writes another record's externalId on an account."""
        user, another = self._user(self.name(name)), self._user(self.name(other))
        if user is not None and another is None:
            self.note(f"{name} gets the externalId of {other} by hand")
            self.judge.by_hand.add(user.id)
            self._change("User", user, externalId=self.name(other))

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        user = self._user(self.name(name))
        if user is not None:
            self.note(f"{name} is deleted by hand")
            self.minutes_pass()
            self.sandbox.app.store.delete("User", user.id, with_assignments=True)
            self._has_changed()

    @rule(login=LOGINS)
    def make(self, login: str) -> None:
        """Someone makes an account whose name a record has, or may have later."""
        name = f"{login}@corp.example"
        if self.sandbox.app.store.users.find("userName", name) is None:
            self.note(f"{name} is made by hand")
            made = self.sandbox.seed({"users": [person(name)]})
            self.judge.by_hand.update(made["users"].values())
            self._has_changed()

    @rule(group=GROUPS)
    def delete_group(self, group: str) -> None:
        found = self._group(self.name(group))
        if found is not None:
            self.note(f"group {group} is deleted by hand")
            self.minutes_pass()
            self.sandbox.app.store.delete("Group", found.id, with_assignments=True)
            self._has_changed()

    @rule(group=GROUPS)
    def unmark_group(self, group: str) -> None:
        found = self._group(self.name(group))
        if found is not None:
            self.note(f"group {group} loses the externalId by hand")
            self.judge.by_hand.add(found.id)
            self._change("Group", found, externalId=None)

    @rule(group=GROUPS)
    def retitle_group(self, group: str) -> None:
        found = self._group(self.name(group))
        if found is not None and self.sandbox.app.store.groups.find("displayName", "by hand") is None:
            self.note(f"group {group} is renamed by hand")
            self._change("Group", found, displayName="by hand")

    @rule(name=st.sampled_from(("dev", "ops", "x", "branch")), member=NAMES)
    def make_group(self, name: str, member: str) -> None:
        """Someone makes a group whose name a record has, or may have later."""
        user = self._user(self.name(member))
        if user is not None and self.sandbox.app.store.groups.find("displayName", name) is None:
            self.note(f"the group {name} is made by hand")
            made = self.sandbox.seed({"groups": [{"displayName": name, "members": [user.attributes["userName"]]}]})
            self.judge.by_hand.update(made["groups"].values())
            self._has_changed()

    @rule(group=GROUPS, name=NAMES, into=st.booleans())
    def move(self, group: str, name: str, into: bool) -> None:
        user, found = self._user(self.name(name)), self._group(self.name(group))
        if user is not None and found is not None:
            self.note(f"{name} is put {'into' if into else 'out of'} {group} by hand")
            self.minutes_pass()
            store = self.sandbox.app.store
            (store.add_member if into else store.remove_member)(found.id, user.id)
            self._has_changed()
