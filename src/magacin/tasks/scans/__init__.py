"""Scans: the path that matters, see docs/architecture.md."""
