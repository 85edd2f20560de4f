"""The bare search of bench.ldap: `python -m bench.paged URL DN PASSWORD PAGE BASE ATTRIBUTES [BASE ATTRIBUTES]`."""

import sys

import ldap
from ldap.controls.libldap import SimplePagedResultsControl


def page_through(url: str, dn: str, password: str, page: int, searches: list[str]) -> None:
    """Page through everything below each base, and look at nothing."""
    link = ldap.initialize(url)
    link.simple_bind_s(dn, password)
    for base, asked in zip(searches[::2], searches[1::2], strict=True):
        paging = SimplePagedResultsControl(criticality=True, size=page, cookie="")
        while True:
            sent = link.search_ext(base, ldap.SCOPE_SUBTREE, "(objectClass=*)", asked.split(","), serverctrls=[paging])
            _, _, _, controls = link.result3(sent)
            paging.cookie = controls[0].cookie
            if not paging.cookie:
                break


if __name__ == "__main__":
    page_through(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
