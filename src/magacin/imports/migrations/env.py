"""Alembic's entry point for the schema `imports`."""

from magacin.core.migrations import run_environment
from magacin.imports.models import metadata

run_environment(metadata)
