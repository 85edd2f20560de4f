"""Microsoft's token endpoint and Microsoft Graph over HTTPS, for tests, demos and benchmarks of the Entra source.

Built from Microsoft's public documentation (learn.microsoft.com/graph, learn.microsoft.com/entra) and from reports in
its public issue trackers. No tenant was used: where the pages leave a choice, `knobs.py` has it, and what stands there
as default is what Graph most likely does. It imports nothing of the client and the client nothing of it.
"""
