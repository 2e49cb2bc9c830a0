"""Alembic's entry point for the schema `tasks`."""

from magacin.core.migrations import run_environment
from magacin.tasks.models import metadata

run_environment(metadata)
