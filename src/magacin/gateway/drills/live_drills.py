"""The live drills: kept here because the gateway is the one door that people come to from outside."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping

from magacin.contracts.actions import Action
from magacin.contracts.live_drills import FAILED, DrillSeverity, LiveDrill
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.tokens import token_hash
from magacin.gateway.models import live_drills

_TOKEN_BYTES = 32


class LiveDrills:
    """Keeps drills and takes answers, each call in a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self, by: audit.Actor, alert: str, severity: DrillSeverity, valid: timedelta
    ) -> tuple[int, str]:
        """Keep a drill that is about to be sent. Returns its id and the token of its link."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        values = {"token_hash": token_hash(token), "alert": alert, "severity": severity}
        statement = insert(live_drills).values(values | {"expires_at": func.now() + valid})
        async with self._database.begin() as connection:
            id_ = await connection.scalar(statement.returning(live_drills.c.id))
            assert id_ is not None  # noqa: S101  an insert returns what it inserted; narrows the type
            sent = {"alert": alert, "severity": severity}
            await audit.record(connection, by, audit.Entry(Action.DRILL_SENT, "drill", id_, after=sent))
        return id_, token

    async def note_delivery(self, id_: int, delivery: str) -> None:
        """Keep what was seen of a drill's way."""
        statement = update(live_drills).where(live_drills.c.id == id_).values(delivery=delivery)
        async with self._database.begin() as connection:
            await connection.execute(statement)

    async def find(self, token: str) -> tuple[LiveDrill, bool] | None:
        """Return the drill of a link, and whether the link still counts; None for a token nobody gave out."""
        open_ = (live_drills.c.expires_at > func.now()).label("open")
        statement = select(live_drills, open_).where(live_drills.c.token_hash == token_hash(token))
        async with self._database.begin() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return None if row is None else (_drill(row), row["open"])

    async def acknowledge(self, by: audit.Actor, token: str, name: str) -> bool:
        """Keep who got a drill. Returns whether that was the first answer, and in time."""
        statement = (
            update(live_drills)
            .where(
                live_drills.c.token_hash == token_hash(token),
                live_drills.c.acknowledged_at.is_(None),
                live_drills.c.expires_at > func.now(),
            )
            .values(acknowledged_at=func.now(), acknowledged_by=name)
            .returning(live_drills.c.id)
        )
        async with self._database.begin() as connection:
            id_ = await connection.scalar(statement)
            if id_ is None:
                return False
            answered = audit.Entry(Action.DRILL_ACKNOWLEDGED, "drill", id_, after={"acknowledged_by": name})
            await audit.record(connection, by, answered)
        return True

    async def history(self, limit: int) -> list[LiveDrill]:
        """Return the latest drills, newest first."""
        statement = select(live_drills).order_by(live_drills.c.id.desc()).limit(limit)
        async with self._database.begin() as connection:
            return [_drill(row) for row in (await connection.execute(statement)).mappings()]

    async def unanswered_since(self) -> list[float]:
        """Return for each severity when the earliest drill left that waits for an answer, 0 for none."""
        async with self._database.begin() as connection:
            found = {row.severity: row.since for row in await connection.execute(_unanswered())}
        return [found[severity].timestamp() if severity in found else 0 for severity in DrillSeverity]


def _unanswered() -> Select[tuple[str, object]]:
    """The earliest drill of each severity since the last one that was answered.

    An answer to a later drill shows that the way to people works, so it settles the earlier ones. One that
    was not seen leaving waits for nobody; what became of one whose sender was killed is not known: it counts.
    """
    answered = live_drills.alias("answered")
    last = (
        select(func.max(answered.c.sent_at))
        .where(answered.c.severity == live_drills.c.severity, answered.c.acknowledged_at.is_not(None))
        .scalar_subquery()
    )
    failed = func.coalesce(live_drills.c.delivery, "").startswith(FAILED)
    return (
        select(live_drills.c.severity, func.min(live_drills.c.sent_at).label("since"))
        .where(live_drills.c.sent_at > func.coalesce(last, func.to_timestamp(0)), ~failed)
        .group_by(live_drills.c.severity)
    )


def _drill(row: RowMapping) -> LiveDrill:
    return LiveDrill.model_validate({name: row[name] for name in LiveDrill.model_fields})
