"""Mapping files: rules in CEL that turn a source's records into the desired state."""
