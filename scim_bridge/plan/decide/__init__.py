"""What to do about each match: the operations of a plan, and what is held or skipped."""
