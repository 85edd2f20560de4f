"""The least that an account of Google costs whoever must know whether it has changed.

`python -m bench.listed ORIGIN CA_FILE TOKEN`. All pages of users, of groups and of the members of each group, asked for
with httpx and parsed with orjson; nothing is done with them. Prints the seconds of CPU, start-up not counted.
"""

import ssl
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import orjson

_OF_USERS = "id,primaryEmail,aliases,nonEditableAliases,orgUnitPath,customerId,name,suspended,archived,organizations"


def pages(client: httpx.Client, path: str, rows: str, **given: Any) -> Iterator[list[dict[str, Any]]]:
    """The rows of a listing, page by page."""
    token = ""
    while True:
        answer = client.get(f"/admin/directory/v1/{path}", params={**given, **({"pageToken": token} if token else {})})
        page = orjson.loads(answer.content)
        yield page.get(rows, [])
        token = page.get("nextPageToken", "")
        if not token:
            return


def main(origin: str, ca_file: str, token: str) -> None:
    """List everything."""
    trust, headers = ssl.create_default_context(cafile=ca_file), {"Authorization": f"Bearer {token}"}
    all_of_it = {"customer": "my_customer", "orderBy": "email"}
    with httpx.Client(base_url=origin, verify=trust, headers=headers, timeout=60) as client:
        began = time.process_time()
        fields = f"nextPageToken,users({_OF_USERS},relations)"
        for _ in pages(client, "users", "users", **all_of_it, maxResults=500, fields=fields):
            pass
        fields = "nextPageToken,groups(id,email,name)"
        listed = pages(client, "groups", "groups", **all_of_it, maxResults=200, fields=fields)
        for group in [row["id"] for page in listed for row in page]:
            fields = "nextPageToken,members(id,email,type)"
            for _ in pages(client, f"groups/{group}/members", "members", maxResults=200, fields=fields):
                pass
        print(time.process_time() - began)


if __name__ == "__main__":
    main(*sys.argv[1:4])
