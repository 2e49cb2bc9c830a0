"""A PostgreSQL that is slow or gone is named, whatever was being asked."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from magacin.core.db import Database
from magacin.core.errors import DependencyUnavailable
from tests.conftest import Server


async def test_statement_that_hangs_is_given_up(database_url: SecretStr) -> None:
    database = Database(database_url, application="tests", statement_seconds=0.2)
    with pytest.raises(DependencyUnavailable, match="postgresql"):
        async with database.begin() as connection:
            await connection.execute(text("SELECT pg_sleep(30)"))
    await database.close()


async def test_wrong_statement_is_not_called_an_outage(database: Database) -> None:
    with pytest.raises(ProgrammingError):
        async with database.begin() as connection:
            await connection.execute(text("SELECT * FROM no_such_table"))


async def test_connections_of_before_a_restart_are_replaced(
    database: Database, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("magacin.core.db._ASK_AFTER_SECONDS", 0)
    await database.ping()
    postgres_server.stop()
    postgres_server.start()
    await database.ping()
