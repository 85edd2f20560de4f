"""LDAP directories: OpenLDAP and Active Directory, read whole or by their changes, through python-ldap.

connection.py signs in; layout.py decides what is asked for; entry.py keeps each entry as the server gave it;
everything.py reads them all, so that no one is missed; syncrepl.py, dirsync.py and usn.py learn of changes; record.py
and snapshot.py turn all entries into one snapshot, whichever way they came.
"""

from scim_bridge.errors import Misconfigured

try:
    import ldap as _library  # noqa: F401 - asked for here once, so that its absence is one sentence
except ImportError as error:
    raise Misconfigured(
        f"sources of kind ldap need python-ldap, which is not usable here ({error})",
        "Install it: apt-get install gcc libldap-dev libsasl2-dev, then pip install 'scim-bridge[ldap]'.",
    ) from None
