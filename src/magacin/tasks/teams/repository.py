"""Queries on teams and shifts. What changes does so from a day on; what was so before stays for its days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, RowMapping, Select, Table, and_, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.tasks.models import shift_hours, shifts, team_members, team_shifts, teams

_NAMES = func.array_agg(aggregate_order_by(team_members.c.worker, team_members.c.worker))


class TeamRepository:
    """Teams and shifts in the transaction of `connection`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self) -> None:
        """Have nobody else change teams or shifts until the end of the transaction."""
        await self._connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended('tasks.teams', 0))")
        )

    async def count(self, table: Table) -> int:
        """Return how many shifts or teams there are."""
        statement = select(func.count()).select_from(table).where(table.c.removed_at.is_(None))
        return int((await self._connection.execute(statement)).scalar_one())

    async def shifts(self, after: int = 0, limit: int | None = None) -> Sequence[RowMapping]:
        """Return the shifts that there are, with their hours, by id."""
        return await self._rows(_shifts().where(shifts.c.id > after).order_by(shifts.c.id).limit(limit))

    async def shift(self, shift_id: int) -> RowMapping | None:
        """Return a shift that is there."""
        rows = await self._rows(_shifts().where(shifts.c.id == shift_id))
        return rows[0] if rows else None

    async def teams(self, after: int = 0, limit: int | None = None) -> Sequence[RowMapping]:
        """Return the teams that there are, with their shift and who is in them, by id."""
        return await self._rows(_teams().where(teams.c.id > after).order_by(teams.c.id).limit(limit))

    async def team(self, team_id: int) -> RowMapping | None:
        """Return a team that is there."""
        rows = await self._rows(_teams().where(teams.c.id == team_id))
        return rows[0] if rows else None

    async def with_shift(self, shift_id: int) -> Sequence[int]:
        """Return the teams that work in a shift."""
        statement = select(team_shifts.c.team_id).where(
            team_shifts.c.shift_id == shift_id, team_shifts.c.until.is_(None)
        )
        return (await self._connection.scalars(statement.order_by(team_shifts.c.team_id))).all()

    async def teams_of(self, workers: Iterable[str]) -> dict[str, int]:
        """Return the team that each of these is in, of those who are in one."""
        statement = select(team_members.c.worker, team_members.c.team_id).where(
            team_members.c.worker.in_([*workers]), team_members.c.until.is_(None)
        )
        return {row.worker: row.team_id for row in await self._connection.execute(statement)}

    async def add(self, table: Table, name: str, by: str) -> int | None:
        """Make a shift or a team; one of that name that was removed goes on. None where the name is taken."""
        statement = (
            upsert(table)
            .values(name=name, revision=1, changed_by=by)
            .on_conflict_do_update(
                index_elements=["name"],
                set_={"removed_at": None, "revision": table.c.revision + 1, "changed_by": by},
                where=table.c.removed_at.is_not(None),
            )
            .returning(table.c.id)
        )
        found: int | None = await self._connection.scalar(statement)
        return found

    async def is_free(self, table: Table, name: str, besides: int) -> bool:
        """Tell whether no other shift or team has a name, nor had it."""
        statement = select(table.c.id).where(table.c.name == name, table.c.id != besides)
        return await self._connection.scalar(statement) is None

    async def touch(self, table: Table, ids: Sequence[int], by: str, **values: Any) -> None:
        """Count a change of some of them, and set values."""
        statement = update(table).where(table.c.id.in_(ids))
        await self._connection.execute(
            statement.values(revision=table.c.revision + 1, changed_by=by, **values)
        )

    async def remove(self, table: Table, of: int, by: str) -> None:
        """Say that a shift or a team is not there any more."""
        await self.touch(table, [of], by, removed_at=func.now())

    async def say(
        self, subject: Column[Any], of: int | str, today: date, values: dict[str, Any] | None
    ) -> None:
        """Have something be so of a subject from today on, nothing where there are no values."""
        table, which = subject.table, and_(subject == of, subject.table.c.until.is_(None))
        since = await self._connection.scalar(select(table.c.since).where(which))
        # Where the site's clock was set back, the day may be one before.
        day = max(today, since) if since else today
        if since == day:
            await self._connection.execute(delete(table).where(which))
        elif since:
            await self._connection.execute(update(table).where(which).values(until=day))
        if values is not None:
            row = {subject.name: of, "since": day, **values}
            await self._connection.execute(insert(table).values(row))

    async def active(self, yesterday: date, today: date) -> Sequence[RowMapping]:
        """Return (day, worker, active) of two days, `active` as the text of its bits."""
        statement = text(
            "SELECT day, worker, active::text AS active FROM tasks.report_workers"
            " WHERE day IN (:yesterday, :today) ORDER BY worker, day"
        )
        rows = await self._connection.execute(statement, {"yesterday": yesterday, "today": today})
        return rows.mappings().all()

    async def now(self) -> datetime:
        """Return what time it is, as the database knows it."""
        now: datetime = (await self._connection.execute(select(func.now()))).scalar_one()
        return now

    async def _rows(self, statement: Select[Any]) -> Sequence[RowMapping]:
        rows: Sequence[RowMapping] = (await self._connection.execute(statement)).mappings().all()
        return rows


def _shifts() -> Select[Any]:
    hours = and_(shift_hours.c.shift_id == shifts.c.id, shift_hours.c.until.is_(None))
    return (
        select(shifts, shift_hours.c.weekdays, shift_hours.c.starts, shift_hours.c.ends)
        .join(shift_hours, hours)
        .where(shifts.c.removed_at.is_(None))
    )


def _teams() -> Select[Any]:
    members = (
        select(_NAMES)
        .where(team_members.c.team_id == teams.c.id, team_members.c.until.is_(None))
        .scalar_subquery()
    )
    shift = and_(team_shifts.c.team_id == teams.c.id, team_shifts.c.until.is_(None))
    return (
        select(teams, team_shifts.c.shift_id, func.coalesce(members, text("'{}'")).label("workers"))
        .outerjoin(team_shifts, shift)
        .where(teams.c.removed_at.is_(None))
    )
