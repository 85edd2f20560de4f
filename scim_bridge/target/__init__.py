"""The SCIM client and the dialect of each kind of target. What to send is decided in `plan`."""
