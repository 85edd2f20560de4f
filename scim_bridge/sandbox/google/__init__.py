"""Google's token endpoint and the Directory API of the Admin SDK over HTTPS, for tests, demos and trying things out.

Built from Google's public documentation (developers.google.com/workspace/admin/directory, …/identity/protocols/oauth2)
and from reports in public issue trackers. No account was used: the texts of refusals are as others have reported them,
and a client must not depend on them. It imports nothing of the client and the client nothing of it.
"""
