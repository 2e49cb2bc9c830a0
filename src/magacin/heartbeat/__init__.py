"""The heartbeat receiver: notices when the monitoring itself falls silent, and says so by its own way."""
