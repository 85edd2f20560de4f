"""Sends a plan to the target, phase by phase, journaling every write. What to send is decided in `plan`."""
