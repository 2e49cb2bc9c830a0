"""Somebody is erased from whatever was done, while more is done and followed: all figures stay."""

from __future__ import annotations

import asyncio
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

from magacin.core.db import Database
from magacin.core.renaming import Who, rename
from magacin.tasks.models import metadata
from magacin.tasks.people.renaming import steps_of
from tests.support import empty_tables
from tests.tasks.test_following import catch_up, following
from tests.tasks.test_report_sums import (
    SETUP,
    SHIFTS,
    Recount,
    assert_added_up,
    assert_sums,
    batches,
    record,
    rows_of,
)

ZONE = ZoneInfo("Europe/Belgrade")
_STEPS = steps_of(str(ZONE))
_SUMS = {
    "report_workers": ("day", "worker"),
    "report_quarters": ("day", "quarter", "worker"),
    "report_articles": ("grain", "starts", "sku"),
    "report_locations": ("grain", "starts", "location"),
}
_NAMED = {
    "scans": ("worker",),
    "shortages": ("worker",),
    "undos": ("worker", "undone_worker"),
    "refusals": ("worker",),
    "plan_changes": ("supervisor",),
    "pick_task_workers": ("worker",),
    "pick_tasks": ("changed_by",),
    "report_workers": ("worker",),
    "report_quarters": ("worker",),
    "report_tasks": ("worker",),
}


async def _sums(database: Database, who: Who) -> dict[str, Any]:
    """Return all sums of reports, with the pseudonym for the name; a sum of nothing is none."""
    found: dict[str, Any] = {}
    for table, keys in _SUMS.items():
        rows = await rows_of(database, f"SELECT to_jsonb(r) AS kept FROM tasks.{table} r")
        found[table] = {}
        for row in (row["kept"] for row in rows):
            key = tuple(who.pseudonym if row[name] == who.former else row[name] for name in keys)
            values = {name: value for name, value in row.items() if name not in keys}
            if any(value and str(value).strip("0") for value in values.values()):
                found[table][key] = values
    return found


async def _portion(database: Database, who: Who, place: str | None) -> tuple[int, str | None]:
    async with database.begin() as connection:
        return await rename(connection, _STEPS, who, place)


async def _erase(database: Database, who: Who, late: Any, every: int, *, follows: bool) -> list[Any]:
    """Go round until nothing is found. Every few portions more is done, and followed where it is said.

    So some of it is counted under the name, and some under the pseudonym, on one and the same day.
    """
    follower, waiting = following(database, str(ZONE), most=3), list(late)
    done: list[Any] = []
    portions = 0
    while True:
        settled = not waiting
        found, place = await _portion(database, who, None)
        while place is not None:
            portions += 1
            if waiting and portions % every == 0:
                done += await record(database, [waiting.pop(0)])
                if follows:
                    await follower.step()
            rows, place = await _portion(database, who, place)
            found += rows
        if settled and not found:
            return done


async def _agree(url: SecretStr, former: str, drawn: Any, late: Any, every: int, *, follows: bool) -> None:
    who = Who(former, "erased-7")
    async with Database(url, application="tests", pool_size=2) as database:
        await empty_tables(database, metadata)
        async with database.begin() as connection:
            for statement in SETUP:
                await connection.execute(text(statement))
            await connection.execute(text(SHIFTS))
        done = await record(database, drawn, now_and_then=follows)
        if not late:
            await catch_up(following(database, str(ZONE)))
            before = await _sums(database, who)
        done += await _erase(database, who, late, every, follows=follows)
        await catch_up(following(database, str(ZONE)))

        if not late:
            assert await _sums(database, who) == before
        await assert_sums(database, await Recount.of(database))
        await assert_added_up(database)
        for table, columns in _NAMED.items():
            rows = await rows_of(database, f"SELECT {', '.join(columns)} FROM tasks.{table}")
            assert former not in {name for row in rows for name in row.values()}, table
        whose = {one.operation_id: one.identity.username.replace(*who) for one in done}
        for table in ("scans", "shortages", "undos"):
            for row in await rows_of(database, f"SELECT operation_id, worker FROM tasks.{table}"):
                assert row["worker"] == whose[row["operation_id"]], table
        # Made anew from what is there, the sums are the same.
        after = await _sums(database, who)
        async with database.begin() as connection:
            await connection.execute(text("DELETE FROM tasks.report_state"))
        await catch_up(following(database, str(ZONE), most=7))
        assert await _sums(database, who) == after


@pytest.mark.parametrize(
    "examples", [6, pytest.param(300, marks=[pytest.mark.long, pytest.mark.timeout(1_800)])]
)
def test_figures_stay_what_they_are(migrated: SecretStr, examples: int) -> None:
    phases = [Phase.explicit, Phase.reuse, Phase.generate]  # see test_report_sums.py

    @settings(
        max_examples=examples, phases=phases, suppress_health_check=[HealthCheck.too_slow], deadline=None
    )
    @given(
        former=st.sampled_from(["ana", "ana", "marko", "vera"]),
        drawn=batches,
        late=st.just([]) | batches,
        every=st.integers(1, 9),
        follows=st.sampled_from([True, True, False]),
    )
    def agree(former: str, drawn: Any, late: Any, every: int, *, follows: bool) -> None:
        asyncio.run(_agree(migrated, former, drawn, late, every, follows=follows))

    agree()
