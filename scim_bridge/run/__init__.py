"""The kinds of run: each is how to read and plan, plus one call of the lifecycle that all share."""
