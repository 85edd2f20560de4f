"""LDAP directories: OpenLDAP, 389 Directory Server and Active Directory, through python-ldap.

connection.py signs in, session.py searches; layout.py decides by the server's schema what is asked for; reader.py reads
entries as text to remember (memory.py). full_read.py reads them all, so that no entry is missed. syncrepl.py,
dirsync.py and usn.py learn of changes; reread.py reads the changed entries again. record.py and snapshot.py turn all
entries into one snapshot, whichever way they came. source.py puts them together.
"""

from scim_bridge.errors import Misconfigured

try:
    import ldap as _library  # noqa: F401 - asked for here once, so that its absence is one sentence
except ImportError as error:
    raise Misconfigured(
        f"sources of kind ldap need python-ldap, which is not usable here ({error})",
        "Install it: apt-get install gcc libldap-dev libsasl2-dev, then pip install 'scim-bridge[ldap]'.",
    ) from None
