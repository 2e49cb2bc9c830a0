"""Live drills as they are kept, and the page that whoever gets one sees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from magacin.contracts.live_drills import FAILED, DrillSeverity
from magacin.core.db import Database
from magacin.gateway.drills.live_drills import LiveDrills
from tests.conftest import Server
from tests.gateway.conftest import CHIEF, Gateway

WEEK = timedelta(days=7)
CRITICAL, WARNING = DrillSeverity


@pytest.fixture
async def drills(gateway_database: Database) -> LiveDrills:
    async with gateway_database.begin() as connection:
        await connection.execute(text("TRUNCATE gateway.live_drills"))
    return LiveDrills(gateway_database)


async def age(database: Database, id_: int, hours: float) -> None:
    """Make a drill older than it is."""
    statement = text(
        "UPDATE gateway.live_drills SET sent_at = sent_at - :hours * interval '1 hour',"
        " expires_at = expires_at - :hours * interval '1 hour' WHERE id = :id"
    )
    async with database.begin() as connection:
        await connection.execute(statement, {"hours": hours, "id": id_})


async def see(gateway: Gateway, token: str) -> tuple[int, str]:
    status, body = await gateway.request("GET", "/drill", role=None, params={"token": token})
    return status, body.decode() if isinstance(body, bytes) else str(body)


async def answer(gateway: Gateway, token: str, **form: Any) -> tuple[int, str]:
    status, body = await gateway.request("POST", "/drill", role=None, params={"token": token}, data=form)
    return status, body.decode() if isinstance(body, bytes) else str(body)


class TestPage:
    async def test_looking_is_not_answering(self, gateway: Gateway, drills: LiveDrills) -> None:
        """Programs that scan mail open every link in it."""
        _, token = await drills.begin(CHIEF, "ServiceDown", CRITICAL, WEEK)
        for _ in range(3):
            status, html = await see(gateway, token)
            assert status == 200
            assert "A drill. Nothing is wrong." in html
            assert "ServiceDown (critical)" in html
        assert (await drills.history(10))[0].acknowledged_at is None

    async def test_answering_counts_once(self, gateway: Gateway, drills: LiveDrills) -> None:
        _, token = await drills.begin(CHIEF, "ServiceDown", CRITICAL, WEEK)
        status, html = await answer(gateway, token, name="  Ana   <b>Kovač</b> ")
        assert status == 200
        assert "Thank you." in html
        assert "by Ana &lt;b&gt;Kovač&lt;/b&gt;" in html
        status, html = await answer(gateway, token, name="Somebody else")
        assert "This drill has been answered." in html
        [drill] = await drills.history(10)
        assert drill.acknowledged_by == "Ana <b>Kovač</b>"
        assert drill.answered_after is not None

    @pytest.mark.parametrize("form", [{}, {"name": "   "}, {"name": "\x00\x1b"}])
    async def test_a_name_is_asked_for(
        self, gateway: Gateway, drills: LiveDrills, form: dict[str, str]
    ) -> None:
        _, token = await drills.begin(CHIEF, "ServiceDown", CRITICAL, WEEK)
        status, html = await answer(gateway, token, **form)
        assert (status, "Please give your name." in html) == (200, True)
        assert (await drills.history(10))[0].acknowledged_at is None

    async def test_a_link_expires(self, gateway: Gateway, drills: LiveDrills, database: Database) -> None:
        id_, token = await drills.begin(CHIEF, "ServiceDown", CRITICAL, WEEK)
        await age(database, id_, 24 * 7 + 1)
        assert (await see(gateway, token))[0] == 410
        assert (await answer(gateway, token, name="Ana"))[0] == 410
        assert (await drills.history(10))[0].acknowledged_at is None

    @pytest.mark.parametrize("token", ["", "x", "%00", "ä" * 500])
    async def test_a_token_nobody_gave_out(self, gateway: Gateway, drills: LiveDrills, token: str) -> None:
        assert (await see(gateway, token))[0] == 404
        assert (await answer(gateway, token, name="Ana"))[0] == 404

    async def test_loads_nothing_and_posts_only_here(self, gateway: Gateway, drills: LiveDrills) -> None:
        _, token = await drills.begin(CHIEF, "ServiceDown", CRITICAL, WEEK)
        async with gateway.session.get(f"{gateway.url}/drill", params={"token": token}) as response:
            policy = response.headers["Content-Security-Policy"]
            assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy

    async def test_without_the_database_a_person_is_asked_to_wait(
        self, gateway: Gateway, drills: LiveDrills, postgres_server: Server
    ) -> None:
        _, token = await drills.begin(CHIEF, "ServiceDown", CRITICAL, WEEK)
        postgres_server.stop()
        try:
            status, html = await see(gateway, token)
        finally:
            postgres_server.start()
        assert (status, "Not just now." in html) == (503, True)

    async def test_the_token_is_kept_nowhere(
        self, gateway: Gateway, drills: LiveDrills, database: Database
    ) -> None:
        _, token = await drills.begin(CHIEF, "ServiceDown", CRITICAL, WEEK)
        await see(gateway, token)
        async with database.begin() as connection:
            rows = (await connection.execute(text("SELECT live_drills::text FROM gateway.live_drills"))).all()
        assert token not in str(rows)


class TestMetric:
    async def unanswered(self, gateway: Gateway, severity: str) -> float:
        return await gateway.metric(f'live_drill_unanswered_timestamp_seconds{{drill_severity="{severity}"}}')

    async def test_is_zero_where_none_waits(self, gateway: Gateway, drills: LiveDrills) -> None:
        assert await self.unanswered(gateway, "critical") == 0
        assert await self.unanswered(gateway, "warning") == 0

    async def test_is_the_earliest_that_nobody_answered(
        self, gateway: Gateway, drills: LiveDrills, database: Database
    ) -> None:
        first, _ = await drills.begin(CHIEF, "A", CRITICAL, WEEK)
        await age(database, first, 5)
        await drills.begin(CHIEF, "B", CRITICAL, WEEK)
        known = {drill.alert: drill.sent_at.timestamp() for drill in await drills.history(10)}
        assert await self.unanswered(gateway, "critical") == pytest.approx(known["A"], abs=0.01)
        assert await self.unanswered(gateway, "warning") == 0

    async def test_one_that_was_not_sent_waits_for_nobody(
        self, gateway: Gateway, drills: LiveDrills, database: Database
    ) -> None:
        unsent, _ = await drills.begin(CHIEF, "A", CRITICAL, WEEK)
        await drills.note_delivery(unsent, f"{FAILED}Alertmanager keeps it back.")
        assert await self.unanswered(gateway, "critical") == 0
        await age(database, unsent, 5)
        sent, _ = await drills.begin(CHIEF, "B", CRITICAL, WEEK)
        await drills.note_delivery(sent, "the email arrived (a@example.org, after 1.0 s)")
        known = {drill.alert: drill.sent_at.timestamp() for drill in await drills.history(10)}
        assert await self.unanswered(gateway, "critical") == pytest.approx(known["B"], abs=0.01)

    async def test_an_answer_settles_the_earlier_ones_of_its_severity(
        self, gateway: Gateway, drills: LiveDrills, database: Database
    ) -> None:
        first, _ = await drills.begin(CHIEF, "A", CRITICAL, WEEK)
        await age(database, first, 5)
        await drills.begin(CHIEF, "W", WARNING, WEEK)
        _, token = await drills.begin(CHIEF, "B", CRITICAL, WEEK)
        await answer(gateway, token, name="Ana")
        assert await self.unanswered(gateway, "critical") == 0
        assert await self.unanswered(gateway, "warning") > 0
        await drills.begin(CHIEF, "C", CRITICAL, WEEK)
        assert await self.unanswered(gateway, "critical") > 0
