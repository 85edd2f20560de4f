"""Microsoft Entra ID through Microsoft Graph: msal signs in, httpx reads, nothing is ever written.

The way of the data, file by file: credential.py → sign_in.py → graph.py (one request, sent until it is answered;
refusal.py: what a refusal means) → listing.py (pages and batches) → delta_round.py (everything, or what changed) and
question.py (one user or group) → memory.py (remembered entries moved on) → snapshot.py (entries → what the source
shows, within scope.py's reach). source.py puts them together.
"""
