"""What reading an LDAP directory costs: `python -m bench.ldap [USERS GROUPS MEMBERSHIPS]`. It needs slapd.

The baseline pages through the same users and groups with the same library, and does nothing else. Both run as processes
of their own against the same server; the ratio of their CPU times is what counts. Then what a run costs the server in
searches after one change, in a small directory and in the large one.
"""

import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

from bench.plan import measure
from scim_bridge.config.secret import Secret
from scim_bridge.config.source import Bind, LdapSettings, LdapTls, Search
from scim_bridge.model.source import Wanted
from scim_bridge.sandbox.server import Sandbox
from scim_bridge.source.ldap.source import LdapSource
from tests.ldap_server import ADMIN, PASSWORD, ROOT, SUFFIX, Entry, Slapd, replace
from tests.remembering import remembered

_MAPPING = Path(__file__).parents[1] / "mappings" / "openldap.yaml"
_ATTRIBUTES = (
    *("entryUUID", "uid", "cn", "sn", "givenName", "displayName", "mail"),
    *("title", "departmentNumber", "employeeNumber", "employeeType", "manager"),
)
_PAGE = 500
_SEARCHES = (
    *(str(_PAGE), f"ou=people,{SUFFIX}", ",".join(_ATTRIBUTES)),
    *(f"ou=groups,{SUFFIX}", "entryUUID,cn,member"),
)
_SECRET = "BENCH_LDAP_PASSWORD"


def entries(users: int, groups: int, memberships: int) -> Iterator[Entry]:
    """A directory of this size, the same each time."""
    random = Random(1)
    names = [f"uid=user{number:06d},ou=people,{SUFFIX}" for number in range(users)]
    for number, name in enumerate(names):
        yield (
            name,
            {
                "objectClass": ["inetOrgPerson"],
                "uid": [f"user{number:06d}"],
                "cn": [f"Given{number} 家族{number}"],
                "sn": [f"家族{number}"],
                "givenName": [f"Given{number}"],
                "displayName": [f"Given{number} 家族{number}"],
                "mail": [f"user.{number}@corp.example"],
                "title": ["Engineer"],
                "departmentNumber": [f"Dept {number % 50}"],
                "employeeNumber": [str(number)],
                "employeeType": ["active"],
                "manager": [names[number // 10]],
            },
        )
    for number in range(groups):
        members = random.sample(names, min(users, memberships // groups))
        yield (
            f"cn=group{number:05d},ou=groups,{SUFFIX}",
            {"objectClass": ["groupOfNames"], "cn": [f"グループ {number}", f"group{number:05d}"], "member": members},
        )


def source(url: str) -> LdapSource:
    """A source over all of it."""
    settings = LdapSettings(
        urls=(url,),
        flavor=None,
        bind=Bind("simple", ADMIN, Secret(PASSWORD, Path(), "password")),
        tls=LdapTls(start=False, ca_file=None, cert_file=None, key_file=None, allow_plain=False),
        users=Search((f"ou=people,{SUFFIX}",), "(objectClass=inetOrgPerson)"),
        groups=Search((f"ou=groups,{SUFFIX}",), "(objectClass=groupOfNames)", "member"),
        reads_changes=True,
        page_size=_PAGE,
        timeout=timedelta(seconds=60),
    )
    return LdapSource(settings, Wanted("id", frozenset(_ATTRIBUTES)), Wanted("id", frozenset({"cn"})))


def changes(server: Slapd, users: int) -> None:
    """Print what runs cost after nothing and after one change."""
    reader = source(server.url)
    memory = remembered(None, reader.read("2027-03-13"))
    for what in ("nothing", "one change"):
        if what == "one change":
            replace(server.admin(), f"uid=user000007,ou=people,{SUFFIX}", title=["Lead"])
        before, begun, cpu = server.searches(), time.monotonic(), time.process_time()
        found = reader.read("2027-03-13", memory).learned
        took, used = time.monotonic() - begun, time.process_time() - cpu
        time.sleep(0.2)  # the server writes its log a moment later
        assert found is not None
        assert not found.is_whole, found.reason
        print(
            f"{users:7,} users, {what:10}  {server.searches() - before:3} searches, {len(found.entries)} entries, "
            f"{took:5.1f} s, {used:5.1f} s CPU"
        )


def plan(folder: Path, server: Slapd, sandbox: Sandbox) -> tuple[float, float]:
    """CPU seconds and MiB of reading, mapping and planning it all, into an empty target."""
    config = folder / "bridge.yaml"
    config.write_text(
        "connections:\n  bench:\n    source:\n      kind: ldap\n"
        f"      urls: [{server.url}]\n"
        f"      bind: {{method: simple, dn: '{ADMIN}', password: env:{_SECRET}}}\n"
        f"      users: {{base: ['ou=people,{SUFFIX}'], filter: (objectClass=inetOrgPerson)}}\n"
        f"      groups: {{base: ['ou=groups,{SUFFIX}'], filter: (objectClass=groupOfNames)}}\n"
        f"    mapping: {_MAPPING}\n"
        f"    target: {{kind: identity-center, url: {sandbox.url}, token: {sandbox.token}}}\n",
        encoding="utf-8",
    )
    os.environ[_SECRET] = PASSWORD
    return measure(sys.executable, "-m", "scim_bridge.cli.main", "--config", str(config), "plan")


def served(folder: Path, users: int, groups: int, memberships: int) -> Slapd:
    """A running server with a directory of this size."""
    server = Slapd(folder, log=True)
    server.load([*ROOT, *entries(users, groups, memberships)])
    server.start()
    return server


def main(users: int, groups: int, memberships: int) -> None:
    """Print both, their ratio, and what runs on changes cost."""
    with tempfile.TemporaryDirectory() as name, Sandbox() as sandbox:
        folder = Path(name)
        server = served(folder / "large", users, groups, memberships)
        try:
            print(f"{users:,} users with {len(_ATTRIBUTES)} attributes, {groups:,} groups, {memberships:,} memberships")
            base_cpu, base_memory = measure(
                sys.executable, "-m", "bench.paged", server.url, ADMIN, PASSWORD, *_SEARCHES
            )
            read_cpu, read_memory = measure(sys.executable, "-m", "bench.ldap", "read", server.url)
            cpu, memory = plan(folder, server, sandbox)
            print(f"bare paged search       {base_cpu:6.1f} s CPU  {base_memory:7.0f} MiB  ratio")
            print(f"read into a snapshot    {read_cpu:6.1f} s CPU  {read_memory:7.0f} MiB  {read_cpu / base_cpu:5.1f}")
            print(f"read, mapped, planned   {cpu:6.1f} s CPU  {memory:7.0f} MiB  {cpu / base_cpu:5.1f}")
            changes(server, users)
        finally:
            server.stop()
        small = served(folder / "small", users // 100, max(groups // 100, 1), memberships // 100)
        try:
            changes(small, users // 100)
        finally:
            small.stop()


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        gc.disable()  # as sync.py does
        source(sys.argv[2]).read("2027-03-13")
    else:
        sizes = [int(argument) for argument in sys.argv[1:4]] or [100_000, 1_000, 100_000]
        main(*sizes)
