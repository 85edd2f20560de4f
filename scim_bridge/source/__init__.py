"""Readers of directories. A source reads, and knows nothing of target or schedule."""
