"""A small web service over the state: what operators look at in a browser. It never writes to a target."""
