"""The audit log forgets what is older than the site wants, and nothing that is younger than a year."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from magacin.contracts.actions import Action
from magacin.core.audit import entries
from magacin.core.db import Database
from magacin.gateway.audit.forgetting import Forgetting
from magacin.gateway.settings import GatewaySettings
from tests.gateway.conftest import Gateway
from tests.support import audited, last_audited, sample

NOW = datetime.now(UTC)


async def add(database: Database, days: float, count: int = 1) -> None:
    one = {"actor": "ana", "action": "task.changed", "subject_kind": "task", "subject_id": "1"}
    async with database.begin() as connection:
        await connection.execute(insert(entries), [one | {"at": NOW - timedelta(days=days)}] * count)


async def older_than(database: Database, days: float) -> int:
    statement = select(func.count()).where(entries.c.at < NOW - timedelta(days=days))
    async with database.begin() as connection:
        return await connection.scalar(statement) or 0


async def finish(forgetting: Forgetting) -> None:
    while await forgetting.step():
        pass


async def test_what_is_too_old_goes_and_the_log_says_so(gateway: Gateway, database: Database) -> None:
    await add(database, 800, 700)
    await add(database, 600, 3)
    younger = await older_than(database, 500)
    since = await last_audited(database)
    await finish(Forgetting(database, 730))
    assert await older_than(database, 730) == 0
    assert await older_than(database, 500) == younger - 700
    told = await audited(database, since)
    assert [(one["actor"], one["action"], one["after"]["removed"]) for one in told] == [
        ("system", Action.AUDIT_FORGOTTEN, 500),
        ("system", Action.AUDIT_FORGOTTEN, 200),
    ]


async def test_without_a_setting_nothing_goes(database: Database, gateway: Gateway) -> None:
    await add(database, 4_000)
    before = await older_than(database, 3_000)
    assert not await Forgetting(database, None).step()
    assert await older_than(database, 3_000) == before


async def test_several_at_once_remove_each_once(gateway: Gateway, database: Database) -> None:
    await finish(Forgetting(database, 365))
    await add(database, 400, 1_200)
    since = await last_audited(database)
    several = [Forgetting(database, 365) for _ in range(3)]
    while await older_than(database, 365):
        await asyncio.gather(*(one.step() for one in several))
    assert sum(one["after"]["removed"] for one in await audited(database, since)) == 1_200


@pytest.mark.parametrize("kept", ["364 days", "0", "-1 year", "12 months", None])
async def test_the_database_insists_on_a_year(gateway: Gateway, database: Database, kept: str | None) -> None:
    await add(database, 363)
    before = await older_than(database, 0)
    with pytest.raises(DBAPIError, match="cannot forget entries that are younger"):
        async with database.begin() as connection:
            await connection.execute(
                text("SELECT audit.forget(CAST(:kept AS text)::interval, 10)"), {"kept": kept}
            )
    assert await older_than(database, 0) == before


async def test_the_metrics_say_how_far_it_goes_back(gateway: Gateway, database: Database) -> None:
    await add(database, 5_000)
    oldest = await gateway.metric("audit_oldest_entry_timestamp_seconds")
    assert oldest <= (NOW - timedelta(days=4_999)).timestamp()
    before = sample(await gateway.metrics(), "audit_entries_removed_total")
    await finish(Forgetting(database, 365))
    assert await gateway.metric("audit_entries_removed_total") > before


def test_less_than_a_year_is_no_setting(gateway: Gateway) -> None:
    settings = gateway.state.settings
    for days in (364, 0, -1):
        with pytest.raises(ValidationError, match="audit_kept_days"):
            GatewaySettings.model_validate(settings.model_dump() | {"audit_kept_days": days})
