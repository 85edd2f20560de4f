"""What reading Entra ID costs, in requests and CPU time: `python -m bench.entra`.

The source reads the emulated Graph over HTTPS. Requests are counted at 1,000 and at 100,000 users: an idle reading, one
after a single change, one identity by itself. CPU time is that of the client's thread alone, told as a ratio to what
a bare listing costs: the same pages asked for with httpx and parsed with orjson, and nothing done with them.
"""

import gc
import ssl
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson

from scim_bridge.config.secret import Secret
from scim_bridge.config.source import ClientSecret, EntraCloud, EntraScope, EntraSettings
from scim_bridge.model.identity import SourceKey
from scim_bridge.model.source import Wanted
from scim_bridge.sandbox.entra.server import EntraSandbox
from scim_bridge.source.entra.source import EntraSource
from tests.remembering import remembered

T = TypeVar("T")
_SIZES = (1_000, 100_000)
_TODAY = "2027-03-13"
_USED = (
    "id userPrincipalName mail givenName surname displayName accountEnabled jobTitle department employeeId "
    "companyName usageLocation"
)
_USERS = Wanted("id", frozenset(_USED.split()))
_GROUPS = Wanted("id", frozenset({"id", "displayName"}))


def organization(users: int) -> dict[str, Any]:
    """So many users of twelve properties, and a group of 50 for each hundred of them."""
    made = []
    for number in range(users):
        name = f"user.{number}@corp.example"
        made.append(
            {
                "id": f"00000000-0000-4000-8000-{number:012}", "userPrincipalName": name, "mail": name,
                "givenName": f"名{number}", "surname": f"姓{number}", "displayName": f"姓{number} 名{number}",
                "jobTitle": f"Title {number % 7}", "department": f"部 {number % 9}", "employeeId": str(number),
                "companyName": "Corp", "usageLocation": "JP",
            }
        )  # fmt: skip
    groups = [
        {
            "id": f"00000000-0000-4000-9000-{number:012}",
            "displayName": f"グループ {number}",
            "members": [made[(number * 100 + step) % users]["id"] for step in range(50)],
        }
        for number in range(users // 100)
    ]
    return {"users": made, "groups": groups}


def source(entra: EntraSandbox) -> EntraSource:
    """The source of a mapping that uses twelve properties of users and one of groups."""
    settings = EntraSettings(
        tenant=entra.tenant,
        client=entra.client,
        credential=ClientSecret(Secret(entra.secret, Path())),
        scope=EntraScope(),
        cloud=EntraCloud(entra.login, entra.graph, entra.ca_file),
        reads_changes=True,
        page_size=500,
        timeout=timedelta(seconds=30),
    )
    return EntraSource(settings, _USERS, _GROUPS)


def bare(entra: EntraSandbox) -> int:
    """The same pages with httpx and orjson. Gives the number of rows."""
    form = {"grant_type": "client_credentials", "client_id": entra.client, "client_secret": entra.secret}
    rows = 0
    with httpx.Client(verify=ssl.create_default_context(cafile=str(entra.ca_file))) as client:
        url = f"{entra.login}/{entra.tenant}/oauth2/v2.0/token"
        token = client.post(url, data=form | {"scope": f"{entra.graph}/.default"}).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        properties = {"users": ",".join(sorted(_USERS.names)), "groups": "id,displayName,visibility,members"}
        for kind, names in properties.items():
            link = f"{entra.graph}/v1.0/{kind}/delta?$select={names}"
            while link:
                page = orjson.loads(client.get(link, headers=headers).content)
                rows += len(page["value"])
                link = page.get("@odata.nextLink", "")
    return rows


def cpu(act: Callable[[], T]) -> tuple[float, T]:
    """Seconds of CPU of this thread, and what came of it."""
    gc.collect()
    before = time.thread_time()
    result = act()
    return time.thread_time() - before, result


def requests(entra: EntraSandbox, act: Callable[[], object]) -> int:
    """How often Graph is asked."""
    entra.forget_requests()
    act()
    return entra.counts.graph


def bench(users: int) -> None:
    """Print what a tenant of this size costs."""
    with EntraSandbox() as entra:
        entra.directory.seed(organization(users))
        reader, somebody = source(entra), "00000000-0000-4000-8000-000000000007"
        reader.probe(_TODAY)
        least = min(cpu(lambda: bare(entra))[0] for _ in range(3))
        whole, reading = min((cpu(lambda: reader.read(_TODAY)) for _ in range(3)), key=lambda timed: timed[0])
        memory = remembered(None, reading)
        idle = requests(entra, lambda: reader.read(_TODAY, memory))
        entra.directory.put_user(somebody, jobTitle="Lead")
        changed = requests(entra, lambda: reader.read(_TODAY, memory))
        changes, _ = cpu(lambda: reader.read(_TODAY, memory))
        entra.directory.put_user("00000000-0000-4000-8000-999999999999")
        joined = requests(entra, lambda: reader.read(_TODAY, memory))
        looked = requests(entra, lambda: reader.ask(_TODAY, memory, [SourceKey("user", somebody)]))
    print(f"{users:,} users, {users // 100:,} groups")
    print(f"  requests: idle {idle}, one change {changed}, one joiner {joined}, one identity {looked}")
    print(f"  CPU: bare listing {least:.2f} s; whole reading {whole:.2f} s, {whole / least:.1f} times that")
    print(f"  CPU: one change, everything shown again, {changes:.2f} s, {changes / least:.1f} times that")


if __name__ == "__main__":
    for size in _SIZES:
        bench(size)
