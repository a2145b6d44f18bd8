"""Who may do what: users, roles, tokens, sessions and the trail of every change; the one place that decides."""
