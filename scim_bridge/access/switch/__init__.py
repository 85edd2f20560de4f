"""A change of the identity source: what it does, who matches whom, what is to be fixed before it, and the fixes."""
