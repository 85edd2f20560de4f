"""The API under /api/v1: everything that the pages show and do, as JSON. One file for each kind of thing."""
