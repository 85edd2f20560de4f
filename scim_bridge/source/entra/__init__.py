"""Microsoft Entra ID through Microsoft Graph: msal signs in, httpx reads, nothing is ever written.

The way of the data, file by file: `credential` → `sign_in` → `graph` (one request, `retry`, `refusal`) → `paging`,
`batch` (`form`: whether that is what Graph documents) → `round`, `question` (what everyone, or one identity, came to)
→ `revision` (remembered entries moved on) → `snapshot` (entries → what the source shows). `source` puts them together.
"""
