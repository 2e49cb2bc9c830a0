"""Alembic for services that each own one schema: the same environment, given what differs."""

from __future__ import annotations

from pathlib import Path

from alembic import command, context
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from magacin.core import audit

# Two instances that start at once must not both migrate: the second waits for the first.
_LOCK_KEY = 0x6D61_6761_6369


def run_environment(metadata: MetaData) -> None:
    """Do what an Alembic `env.py` does. Called by each service's own."""
    connection = context.config.attributes["connection"]
    schema = metadata.schema
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=schema,
        include_schemas=True,
        include_name=lambda name, type_, _: type_ != "schema" or name == schema,
        compare_server_default=True,
    )
    context.run_migrations()


def alembic_config(folder: Path, connection: Connection) -> Config:
    """Return the configuration for the migrations in `folder`, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = connection
    return config


async def upgrade(url: SecretStr, schema: str, folder: Path, revision: str = "head") -> None:
    """Bring `schema` to `revision`, creating it first; all in one transaction, one process at a time.

    Raises `audit.NotSetUp` where changes could not be recorded.
    """
    engine = create_async_engine(url.get_secret_value(), poolclass=pool.NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            await audit.ensure(connection)
            await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
            await connection.run_sync(lambda sync: command.upgrade(alembic_config(folder, sync), revision))
    finally:
        await engine.dispose()
