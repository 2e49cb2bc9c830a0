"""API keys: making them, revoking them, and who asks by one."""
