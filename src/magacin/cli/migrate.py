"""`magacin migrate`: bring the tables of all services up to date."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import time
from typing import TYPE_CHECKING

import typer

from magacin.cli._common import DataDirOption, database_url
from magacin.core import audit
from magacin.core.db import translate_unavailable
from magacin.core.errors import DependencyUnavailable
from magacin.ops.schemas import SCHEMAS
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    from pydantic import SecretStr

app = typer.Typer()

# It is started beside PostgreSQL, and may be there a moment before it, on a busy machine longer.
_PATIENCE_SECONDS = 60.0

_HOW_TO_SET_UP = (
    "Nothing was changed. A superuser makes it, once: see docs/audit.md.",
    "With Docker: docker compose exec -T postgres sh -c 'PGPASSWORD=$(cat /run/secrets/postgres_password) "
    "sh /docker-entrypoint-initdb.d/10-roles.sh'",
)


@app.command()
def migrate(data_dir_option: DataDirOption = None) -> None:
    """Bring the database's tables up to date.

    The database is that of the stack named with --data-dir; without it, that of MAGACIN_DATABASE_URL or
    MAGACIN_DATABASE_URL_FILE where one is set, else of the stack in the usual place.
    """
    url = database_url(data_dir_option, os.environ)
    try:
        asyncio.run(_upgrade_once_reachable(url))
    except audit.NotSetUp as error:
        raise StackError(str(error), *_HOW_TO_SET_UP) from None
    except DependencyUnavailable:
        raise StackError(
            f"PostgreSQL was out of reach for {_PATIENCE_SECONDS:g} s. Nothing was changed.",
            "Start it, or correct its address, and run this again.",
        ) from None
    print(f"Up to date: {', '.join(SCHEMAS)}.")


async def _upgrade_once_reachable(url: SecretStr) -> None:
    ends, waits = time.monotonic() + _PATIENCE_SECONDS, False
    while True:
        try:
            async with translate_unavailable():
                return await upgrade_all(url)
        except DependencyUnavailable:
            if time.monotonic() > ends:
                raise
            if not waits:
                print(f"PostgreSQL is out of reach. Trying for {_PATIENCE_SECONDS:g} s …", file=sys.stderr)
            waits = True
        await asyncio.sleep(0.5)


async def upgrade_all(url: SecretStr) -> None:
    """Bring the schemas of all services up to date, in the database at `url`."""
    for schema in SCHEMAS:
        await importlib.import_module(f"magacin.{schema}.migrate").migrate(url)
