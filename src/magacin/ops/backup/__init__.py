"""Backups of the database, and restoring them: docs/operations.md, docs/decisions/0090 and 0091."""
