"""Runs connections on their schedule."""
