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


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("53100", id="disk full"),
        pytest.param("53200", id="out of memory"),
        pytest.param("53300", id="too many connections"),
        pytest.param("57014", id="cancelled"),
        pytest.param("57P01", id="shutting down"),
        pytest.param("58030", id="cannot write its files"),
        pytest.param("40P01", id="deadlock"),
    ],
)
async def test_server_that_cannot_serve_now_is_named(database: Database, code: str) -> None:
    with pytest.raises(DependencyUnavailable, match="postgresql"):
        async with database.begin() as connection:
            await connection.execute(text(f"DO $$ BEGIN RAISE 'no' USING ERRCODE = '{code}'; END $$"))


async def run(database: Database, *statements: str) -> None:
    async with database.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def test_commit_that_finds_the_disk_full_is_not_taken_for_a_success(database: Database) -> None:
    statements = (
        "CREATE TEMPORARY TABLE filling (n int) ON COMMIT DROP",
        "CREATE FUNCTION pg_temp.full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'no' USING ERRCODE = '53100'; END $$",
        "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON filling "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.full_disk()",
        "INSERT INTO filling VALUES (1)",
    )
    with pytest.raises(DependencyUnavailable, match="postgresql"):
        await run(database, *statements)


async def test_read_only_server_is_named(database: Database) -> None:
    with pytest.raises(DependencyUnavailable, match="postgresql"):
        await run(database, "SET TRANSACTION READ ONLY", "CREATE TABLE never_made (n int)")


async def test_connections_of_before_a_restart_are_replaced(
    database: Database, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("magacin.core.db._ASK_AFTER_SECONDS", 0)
    await database.ping()
    postgres_server.stop()
    postgres_server.start()
    await database.ping()
