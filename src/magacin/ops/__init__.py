"""Looking after a running installation: trying its notifications."""
