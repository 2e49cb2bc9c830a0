"""A PostgreSQL that is slow or gone is named, whatever was being asked."""

from __future__ import annotations

import asyncio

import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from magacin.core.db import Database, Statement
from magacin.core.errors import DependencyUnavailable
from tests.conftest import Server


async def test_statement_that_hangs_is_given_up(database_url: SecretStr) -> None:
    database = Database(database_url, application="tests", statement_seconds=0.2)
    with pytest.raises(DependencyUnavailable, match="postgresql"):
        async with database.begin() as connection:
            await connection.execute(text("SELECT pg_sleep(30)"))
    await database.close()


async def test_server_gives_up_itself_what_nobody_waits_for(
    database_url: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the driver had been frozen: it does not give up."""
    monkeypatch.setattr("magacin.core.db._SERVER_WAITS_SECONDS", 0)
    async with Database(database_url, application="tests", statement_seconds=0.2) as database:
        with pytest.raises(DependencyUnavailable, match="postgresql"):
            async with database.begin_direct() as direct:
                await direct.driver.fetch("SELECT pg_sleep(60)", timeout=60)


async def test_server_gives_up_a_transaction_in_which_nothing_happens(
    database: Database, database_url: SecretStr
) -> None:
    """Its locks are free again, and whoever comes back to it is told."""
    lock = Statement("SELECT pg_advisory_xact_lock(4711)")
    async with Database(database_url, application="tests", statement_seconds=0.2, idle_seconds=0.2) as stuck:
        with pytest.raises(DependencyUnavailable, match="postgresql"):
            await _stand_still_with(lock, stuck, until_had_by=database)


async def _stand_still_with(lock: Statement, stuck: Database, *, until_had_by: Database) -> None:
    async with stuck.begin_direct() as direct:
        await direct.fetch(lock, {})
        async with until_had_by.begin_direct() as other:
            await other.fetch(lock, {})
        await direct.fetch(lock, {})


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
    with pytest.raises(DependencyUnavailable, match="postgresql has no room left on its disk"):
        await run(database, *statements)


async def test_read_only_server_is_named(database: Database) -> None:
    with pytest.raises(DependencyUnavailable, match="postgresql is read-only"):
        await run(database, "SET TRANSACTION READ ONLY", "CREATE TABLE never_made (n int)")


async def test_connections_of_before_a_restart_are_replaced(
    database: Database, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("magacin.core.db._ASK_AFTER_SECONDS", 0)
    await database.ping()
    postgres_server.stop()
    postgres_server.start()
    await database.ping()


_SET = Statement("SELECT set_config('magacin.seen', :value, false)", value="text")
_SEEN = text("SELECT current_setting('magacin.seen', true)")


async def seen(database: Database) -> str | None:
    async with database.begin() as connection:
        found: str | None = await connection.scalar(_SEEN)
    return found


async def test_what_the_driver_and_sqlalchemy_do_is_one_transaction(database: Database) -> None:
    async with database.begin_direct() as direct:
        await direct.fetch(_SET, {"value": "driver"})
        assert await direct.connection.scalar(_SEEN) == "driver"
        await direct.connection.execute(text("SELECT set_config('magacin.seen', 'sqlalchemy', false)"))
        assert [row[0] for row in await direct.fetch(Statement(str(_SEEN)), {})] == ["sqlalchemy"]
    assert await seen(database) == "sqlalchemy"
    with pytest.raises(RuntimeError, match="halfway"):
        await _break_halfway(database)
    assert await seen(database) == "sqlalchemy"


async def _break_halfway(database: Database) -> None:
    async with database.begin_direct() as direct:
        await direct.fetch(_SET, {"value": "driver again"})
        await direct.connection.execute(text("SELECT set_config('magacin.seen', 'again', false)"))
        raise RuntimeError("halfway")


async def test_connection_that_breaks_under_the_driver_is_replaced(database: Database) -> None:
    end = Statement("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(DependencyUnavailable, match="postgresql"):
        async with database.begin_direct() as direct:
            await direct.fetch(end, {})
    async with database.begin_direct() as direct:
        assert (
            len(await direct.fetch(Statement("SELECT 1 WHERE 'a' = :letter", letter="text"), {"letter": "a"}))
            == 1
        )


async def test_a_transaction_that_was_given_up_is_nobodys_afterwards(
    database_url: SecretStr, postgres_server: Server
) -> None:
    """The server stands still when it begins, and begins it later: what comes next is no part of it."""
    parent = psutil.Process(postgres_server.processes[-1].pid)
    async with Database(database_url, application="tests", pool_size=1) as database:
        async with database.begin_direct() as direct:
            await direct.driver.execute("CREATE TABLE IF NOT EXISTS given_up (id bigint)")
            await direct.driver.execute("TRUNCATE given_up")
        processes = [parent, *parent.children(recursive=True)]
        try:
            for process in processes:
                process.suspend()
            with pytest.raises((TimeoutError, DependencyUnavailable)):
                async with asyncio.timeout(0.2), database.begin_direct():
                    pass
        finally:
            for process in processes:
                process.resume()
        async with database.begin_direct() as direct:
            await direct.driver.execute("INSERT INTO given_up VALUES (1)")
    async with Database(database_url, application="tests") as database, database.begin() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM given_up")) == 1
