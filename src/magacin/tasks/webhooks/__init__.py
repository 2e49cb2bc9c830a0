"""Webhooks: who is told of what happens here, what waits for them, and sending it."""
