"""Who may do what: logins, sessions, tokens, users."""
