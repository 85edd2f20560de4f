"""The SCIM client and the dialect of each kind of target. What to send is decided in `plan`, the order in `apply`.

scim.py is the target as the other rooms see it: read.py lists and finds, members.py reads who is in which group,
write.py changes. wire.py turns attributes into SCIM bodies and back. All requests go through client.py: one request,
its answer or the error that says what to do (refusal.py), at the pace of rate.py, sent again for as long as retry.py
says. How targets differ is data: identity_center.py, or what a server says of itself (capability_reading.py).
docs/identity-center.md holds what is known of Identity Center, each fact with its source.
"""
