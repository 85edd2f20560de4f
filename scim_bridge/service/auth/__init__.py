"""Who may open the pages and call the API: sign-in, sessions, roles, forms of other sites, headers."""
