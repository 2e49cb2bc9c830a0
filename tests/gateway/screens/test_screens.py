"""Screens on walls: brought in by a code, heard of, ended, and kept from everything but their board."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from magacin.contracts import api
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import PEOPLE, Role
from magacin.core import audit
from magacin.core.db import Database
from magacin.gateway.models import screen_codes, screens
from magacin.gateway.screens.screens import CODES_PER_ADDRESS, MOST_CODES
from tests.gateway.conftest import Gateway, Start, eventually

OWN = [endpoint for endpoint in api.GATEWAY if endpoint.role is not None]


class Screen:
    """A screen, as its page works."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.code = self.secret = ""

    async def ask_for_code(self) -> Screen:
        status, given = await self.gateway.request("POST", "/api/screens/code", role=None)
        assert (status, given["seconds"]) == (201, 600)
        self.code, self.secret = given["code"], given["secret"]
        return self

    async def session(self, **changes: Any) -> tuple[int, Any]:
        body = {"secret": self.secret, "app_version": "1.2.0"} | changes
        return await self.gateway.request("POST", "/api/screens/session", role=None, json=body)

    async def access(self) -> Any:
        status, answer = await self.session()
        assert status == 200
        return answer["screen"]


async def pair(gateway: Gateway, code: str, **changes: Any) -> tuple[int, Any]:
    body = {"code": code, "name": "Hall 2"} | changes
    return await gateway.request("POST", "/api/screens", role=Role.SUPERVISOR, json=body)


async def paired(gateway: Gateway, **changes: Any) -> tuple[Screen, Any]:
    screen = await Screen(gateway).ask_for_code()
    status, answer = await pair(gateway, screen.code, **changes)
    assert status == 201, answer
    return screen, answer


async def listed(gateway: Gateway) -> list[dict[str, Any]]:
    status, found = await gateway.request("GET", "/api/screens", role=Role.SUPERVISOR)
    assert status == 200
    return list(found)


@pytest.fixture(autouse=True)
def nobody_asked_before(gateway: Gateway) -> None:
    gateway.state.screens._codes.counts.clear()


class TestPairing:
    async def test_a_code_brings_one_screen_in(self, gateway: Gateway, gateway_database: Database) -> None:
        screen = await Screen(gateway).ask_for_code()
        assert re.fullmatch(r"[0-9]{8}", screen.code)
        assert await screen.access() is None
        shown = f" {screen.code[:4]} {screen.code[4:]} "
        status, answer = await pair(gateway, shown, language="sr-Latn", dim_from=21, dim_until=5)
        assert status == 201
        assert answer == {
            "screen_id": answer["screen_id"],
            "name": "Hall 2",
            "language": "sr-Latn",
            "dim_from": 21,
            "dim_until": 5,
            "active": True,
            "paired_by": "w1",
            "paired_at": answer["paired_at"],
            "ended_at": None,
            "last_contact_at": None,
            "app_version": None,
        }
        access = await screen.access()
        assert access == {
            "screen_id": answer["screen_id"],
            "name": "Hall 2",
            "language": "sr-Latn",
            "dim_from": 21,
            "dim_until": 5,
            "access_token": access["access_token"],
            "expires_in": 900,
        }
        async with gateway_database.begin() as connection:
            row = (await connection.execute(select(screens))).mappings().one()
        assert screen.secret not in str(dict(row))
        assert len(row["secret_hash"]) == 32

    async def test_a_code_works_once(self, gateway: Gateway) -> None:
        screen, _ = await paired(gateway)
        status, body = await pair(gateway, screen.code)
        assert (status, body["error"]["code"]) == (404, "screen_code_unknown")
        assert len(await listed(gateway)) == 1

    async def test_a_code_ends(self, gateway: Gateway, gateway_database: Database) -> None:
        screen = await Screen(gateway).ask_for_code()
        async with gateway_database.begin() as connection:
            past = datetime.now(UTC) - timedelta(seconds=1)
            await connection.execute(update(screen_codes).values(expires_at=past))
        assert (await pair(gateway, screen.code))[0] == 404
        status, body = await screen.session()
        assert (status, body["error"]["code"]) == (401, "screen_refused")
        await Screen(gateway).ask_for_code()
        async with gateway_database.begin() as connection:
            assert len((await connection.execute(select(screen_codes))).all()) == 1

    async def test_a_made_up_secret_is_refused(self, gateway: Gateway) -> None:
        screen, _ = await paired(gateway)
        status, body = await screen.session(secret=screen.secret + "x")
        assert (status, body["error"]["code"]) == (401, "screen_refused")

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": " "},
            {"name": "a\nb"},
            {"language": "de"},
            {"dim_from": 22},
            {"dim_from": 24, "dim_until": 5},
        ],
    )
    async def test_what_is_malformed_uses_no_code_up(self, gateway: Gateway, changes: dict[str, Any]) -> None:
        screen = await Screen(gateway).ask_for_code()
        status, body = await pair(gateway, screen.code, **changes)
        assert (status, body["error"]["code"]) == (422, "invalid_input")
        assert (await pair(gateway, screen.code))[0] == 201


class TestLimits:
    async def test_wrong_codes_are_counted_as_failed_logins(self, start: Start) -> None:
        gateway = await start(login_failures_per_user=3)
        screen = await Screen(gateway).ask_for_code()
        wrong = f"{(int(screen.code) + 1) % 10**8:08}"
        assert [(await pair(gateway, wrong))[0] for _ in range(4)] == [404, 404, 404, 429]
        status, body = await pair(gateway, screen.code)
        assert (status, body["error"]["code"]) == (429, "too_many_requests")
        assert "wrong codes" in body["error"]["message"]

    async def test_the_right_code_forgives_wrong_ones(self, start: Start) -> None:
        gateway = await start(login_failures_per_user=3)
        for _ in range(2):
            screen = await Screen(gateway).ask_for_code()
            assert [(await pair(gateway, "nothing"))[0] for _ in range(2)] == [404, 404]
            assert (await pair(gateway, screen.code))[0] == 201

    async def test_an_address_gets_so_many_codes(self, gateway: Gateway) -> None:
        for _ in range(CODES_PER_ADDRESS):
            await Screen(gateway).ask_for_code()
        status, body = await gateway.request("POST", "/api/screens/code", role=None)
        assert (status, body["error"]["code"]) == (429, "too_many_requests")

    async def test_so_many_wait_at_a_time(self, gateway: Gateway, gateway_database: Database) -> None:
        later = datetime.now(UTC) + timedelta(minutes=5)
        rows = [
            {"secret_hash": number.to_bytes(32), "code": f"{number:08}", "expires_at": later}
            for number in range(MOST_CODES)
        ]
        async with gateway_database.begin() as connection:
            await connection.execute(screen_codes.insert(), rows)
        assert (await gateway.request("POST", "/api/screens/code", role=None))[0] == 429


class TestList:
    async def test_says_when_it_was_last_heard_of(self, gateway: Gateway) -> None:
        screen, _ = await paired(gateway)
        before = datetime.now(UTC)
        await screen.access()
        (found,) = await listed(gateway)
        assert found["app_version"] == "1.2.0"
        assert before <= datetime.fromisoformat(found["last_contact_at"]) <= datetime.now(UTC)

    @pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", ""), ("DELETE", "/7")])
    async def test_is_for_supervisors(self, gateway: Gateway, method: str, path: str) -> None:
        status, body = await gateway.request(method, f"/api/screens{path}", json={"code": "1", "name": "x"})
        assert (status, body["error"]["code"]) == (403, "forbidden")


class TestGauges:
    async def gauges(self, gateway: Gateway) -> tuple[float, float]:
        return (
            await gateway.metric("wall_screens "),
            await gateway.metric("wall_screen_longest_silence_seconds "),
        )

    async def test_how_long_the_most_silent_was_not_heard_of(
        self, gateway: Gateway, gateway_database: Database
    ) -> None:
        assert await self.gauges(gateway) == (0, 0)

        async def silent_for(screen_id: int, seconds: int) -> None:
            moment = datetime.now(UTC) - timedelta(seconds=seconds)
            heard = {"last_contact_at": moment, "paired_at": moment - timedelta(days=9)}
            async with gateway_database.begin() as connection:
                await connection.execute(update(screens).where(screens.c.id == screen_id).values(heard))

        one, _ = await paired(gateway)
        await one.access()
        _, other = await paired(gateway)
        await silent_for(other["screen_id"], 7200)
        count, silence = await self.gauges(gateway)
        assert count == 2
        assert 7200 <= silence < 7200 + 60
        path = f"/api/screens/{other['screen_id']}"
        assert (await gateway.request("DELETE", path, role=Role.SUPERVISOR))[0] == 204
        count, silence = await self.gauges(gateway)
        assert count == 1
        assert silence < 60

    async def test_one_that_was_never_heard_of_is_silent_since_it_was_brought_in(
        self, gateway: Gateway, gateway_database: Database
    ) -> None:
        await paired(gateway)
        async with gateway_database.begin() as connection:
            since = {"last_contact_at": None, "paired_at": datetime.now(UTC) - timedelta(hours=1)}
            await connection.execute(update(screens).values(since))
        count, silence = await self.gauges(gateway)
        assert count == 1
        assert 3600 <= silence < 3600 + 60


class TestEnd:
    async def test_what_it_asks_with_ends_at_once(self, gateway: Gateway) -> None:
        screen, answer = await paired(gateway)
        access = await screen.access()
        bearer = {"Authorization": f"Bearer {access['access_token']}"}
        assert (await gateway.request("GET", "/api/wall", role=None, headers=bearer))[0] == 200
        path = f"/api/screens/{answer['screen_id']}"
        assert (await gateway.request("DELETE", path, role=Role.SUPERVISOR))[0] == 204
        status, body = await gateway.request("GET", "/api/wall", role=None, headers=bearer)
        assert (status, body["error"]["code"]) == (401, "token_ended")
        status, body = await screen.session()
        assert (status, body["error"]["code"]) == (401, "screen_refused")
        (first,) = await listed(gateway)
        assert first["active"] is False
        assert (await gateway.request("DELETE", path, role=Role.SUPERVISOR))[0] == 204
        assert await listed(gateway) == [first]

    async def test_other_gateways_hear_of_it(self, gateway: Gateway, start: Start) -> None:
        other = await start()
        screen, answer = await paired(gateway)
        bearer = {"Authorization": f"Bearer {(await screen.access())['access_token']}"}
        assert (await other.request("GET", "/api/wall", role=None, headers=bearer))[0] == 200
        await gateway.state.screens.end(answer["screen_id"], audit.SYSTEM)

        async def refused() -> bool:
            return (await other.request("GET", "/api/wall", role=None, headers=bearer))[0] == 401

        await eventually(refused)

    async def test_unknown(self, gateway: Gateway) -> None:
        status, body = await gateway.request("DELETE", "/api/screens/7", role=Role.SUPERVISOR)
        assert (status, body["error"]["code"]) == (404, "not_found")


class TestRights:
    """What the gateway answers itself; what it forwards is in tests/gateway/forwarding/test_table.py."""

    @pytest.mark.parametrize("endpoint", OWN, ids=str)
    async def test_a_screen_may_ask_nothing_of_the_gateway(
        self, gateway: Gateway, endpoint: Endpoint
    ) -> None:
        screen, _ = await paired(gateway)
        bearer = {"Authorization": f"Bearer {(await screen.access())['access_token']}"}
        path = re.sub(r"\{device_id\}", str(UUID(int=7)), endpoint.template)
        path = re.sub(r"\{\w+\}", "7", path)
        status, body = await gateway.request(endpoint.method, path, role=None, headers=bearer, json={})
        assert (status, body["error"]["code"]) == (403, "forbidden")

    async def test_the_wall_is_all_that_is_declared_for_screens(self) -> None:
        declared = (*api.TASKS, *api.IMPORTS, *api.GATEWAY)
        assert [str(one) for one in declared if one.role is Role.SCREEN] == ["GET /api/wall"]

    async def test_nobody_becomes_a_screen(self, gateway: Gateway) -> None:
        body = {"username": "wall", "role": "screen", "password": "correct horse battery"}
        assert (await gateway.request("POST", "/api/users", role=Role.ADMIN, json=body))[0] == 422
        for role in PEOPLE:
            named = body | {"username": f"a-{role}", "role": role}
            assert (await gateway.request("POST", "/api/users", role=Role.ADMIN, json=named))[0] == 201
        status, _ = await gateway.request(
            "PATCH", "/api/users/a-worker", role=Role.ADMIN, json={"role": "screen"}
        )
        assert status == 422
