"""Google Workspace through the Directory API: google-auth signs in, httpx reads, nothing is ever written.

The way of the data, file by file: credential.py and workload.py → sign_in.py → api.py (one request, sent until it is
answered; refusal.py: what a refusal means) → listing.py (all pages of users, groups, members) → user.py, people.py and
memory.py (rows are held against what is remembered) → account.py (all of it), with vanished.py (who is missing is asked
for) → scope.py and snapshot.py (entries → what the source shows) and excerpt.py (→ what has changed). look.py asks for
a few by id. source.py puts them together.

Everything is read in each run: nothing that Google gives proves that a group's members are unchanged, and its search
lags by hours. Members are decided by their ids, never by status or address.
"""
