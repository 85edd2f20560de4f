"""The Identity Center SCIM endpoint over real HTTP, for trying things out, demos, tests and benchmarks.

Built from the documented dialect alone; it imports nothing of the client and the client nothing of it, so that neither
can hide the other's mistakes. Where the documents leave a choice, `knobs.py` has it.
"""
