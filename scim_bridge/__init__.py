"""Keeps AWS IAM Identity Center equal to a company's directory: source, mapping, plan, target, state."""

__version__ = "0.1.0"
