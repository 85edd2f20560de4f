"""Who may enter which account with which permission set, computed from memberships and assignments."""
