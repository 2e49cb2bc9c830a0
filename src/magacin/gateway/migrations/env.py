"""Alembic's environment for the schema `gateway`."""

from magacin.core.migrations import run_environment
from magacin.gateway.models import metadata

run_environment(metadata)
