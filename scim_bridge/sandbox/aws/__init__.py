"""The AWS JSON APIs beside SCIM, over the same store: sso-admin, identitystore, organizations and what else is read."""
