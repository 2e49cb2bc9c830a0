"""`magacin migrate`: bring the tables of all services up to date."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from magacin.cli._common import DataDirOption, data_dir
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    from pydantic import SecretStr

app = typer.Typer()

# Each service owns a schema of the database, and the migrations of that schema lie in its package.
SCHEMAS = ("gateway", "tasks", "imports")


@app.command()
def migrate(data_dir_option: DataDirOption = None) -> None:
    """Bring the database's tables up to date.

    The database is that of MAGACIN_DATABASE_URL or MAGACIN_DATABASE_URL_FILE where one is set, else that
    of the stack in the data directory.
    """
    url = _database_url(data_dir(data_dir_option).secrets / "database-url", os.environ)
    asyncio.run(_upgrade_all(url))
    print(f"Up to date: {', '.join(SCHEMAS)}.")


def _database_url(of_stack: Path, environment: Mapping[str, str]) -> SecretStr:
    from pydantic import SecretStr

    if url := environment.get("MAGACIN_DATABASE_URL"):
        return SecretStr(url)
    file = Path(environment.get("MAGACIN_DATABASE_URL_FILE") or of_stack)
    try:
        return SecretStr(file.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise StackError(
            f"cannot read the database's address from {file} ({error.strerror}).",
            "Start the stack first (./magacin up), or set MAGACIN_DATABASE_URL.",
        ) from error


async def _upgrade_all(url: SecretStr) -> None:
    for schema in SCHEMAS:
        await importlib.import_module(f"magacin.{schema}.migrate").migrate(url)
