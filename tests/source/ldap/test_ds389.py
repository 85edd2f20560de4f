"""389 Directory Server and FreeIPA: what their entries are known by, and who is locked; on a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scim_bridge.config.source import Search
from scim_bridge.mapping.compiled import compile_mapping
from scim_bridge.mapping.document import load_mapping, wanted
from scim_bridge.mapping.record import map_records
from scim_bridge.model.remembered import LastApplied
from scim_bridge.model.source import Memory, Wanted
from scim_bridge.source.ldap.source import LdapSource
from tests.applying import asked
from tests.ds389_server import MANAGER, Ds389, require_ds389
from tests.ldap_server import SUFFIX, Entry, add, replace
from tests.remembering import remembered
from tests.source.ldap.reading import TODAY, settings, simple

pytestmark = pytest.mark.ds389

PEOPLE, GROUPS = f"ou=people,{SUFFIX}", f"ou=groups,{SUFFIX}"
MAPPING = load_mapping(Path(__file__).parents[3] / "mappings" / "389-ds.yaml")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Ds389]:
    require_ds389()
    made = Ds389(tmp_path / "ds389")
    made.start()
    yield made
    made.stop()


def employee(login: str, *classes: str, **attributes: list[str]) -> Entry:
    usual = {"objectClass": [*(classes or ("inetOrgPerson",))], "uid": [login], "cn": [login]}
    return f"uid={login},{PEOPLE}", {**usual, "mail": [f"{login}@corp.example"], **attributes}


def source(server: Ds389, **changes: object) -> LdapSource:
    """The server by the ready mapping, with the filters of its flavor."""
    found = settings(server, users=Search((PEOPLE,), ""), groups=Search((GROUPS,), "", "member"), **changes)  # type: ignore[arg-type]
    users, groups = wanted(MAPPING.users), wanted(MAPPING.groups)
    assert isinstance(users, Wanted)
    return LdapSource(found, users, groups)


def test_its_users_and_groups_come_by_its_own_ids_and_locked_accounts_are_inactive(server: Ds389) -> None:
    link = server.admin()
    add(link, employee("ann", sn=["A"]))
    add(link, employee("bob", sn=["B"], nsAccountLock=["TRUE"], manager=[employee("ann")[0]]))
    nis = {"uidNumber": ["1"], "gidNumber": ["1"], "homeDirectory": ["/"], "displayName": ["Carla"]}
    add(link, employee("carla", "nsPerson", "nsAccount", "nsOrgPerson", "posixAccount", nsAccountLock=["false"], **nis))
    members = [employee("ann")[0], employee("bob")[0]]
    add(link, (f"cn=dev,{GROUPS}", {"objectClass": ["groupOfNames"], "cn": ["dev"], "member": members}))
    opened = source(server, bind=simple(MANAGER))
    shown = opened.read(TODAY)
    mapping = compile_mapping(MAPPING, opened.attributes("user"), opened.attributes("group"))
    directory = map_records(shown.snapshot, mapping, TODAY, LastApplied())
    users = {user.attributes["userName"]: user for user in directory.users}
    assert {name: user.attributes["active"] for name, user in users.items()} == {
        "ann@corp.example": True,
        "bob@corp.example": False,
        "carla@corp.example": True,
    }
    (entry,) = link.search_s(employee("ann")[0], 0, "(objectClass=*)", ["nsUniqueId"])
    ann = entry[1]["nsUniqueId"][0].decode()
    assert users["ann@corp.example"].source_id == ann
    assert users["bob@corp.example"].attributes["enterprise.manager"] == ann
    assert [len(direct) for direct in directory.members.values()] == [2]


def test_it_is_read_whole_each_time_and_one_is_looked_at_by_its_id(server: Ds389) -> None:
    link = server.admin()
    add(link, employee("ann", sn=["A"]))
    opened = source(server, bind=simple(MANAGER))
    shown = opened.read(TODAY)
    assert shown.learned is not None
    assert "does not report changes" in shown.learned.reason
    replace(link, employee("ann")[0], nsAccountLock=["true"])
    memory: Memory = remembered(None, shown)
    looked = asked(opened, memory, shown.snapshot, [("user", shown.snapshot.users[0].id)])
    assert looked.users[0].attributes["nsAccountLock"] == ["true"]
