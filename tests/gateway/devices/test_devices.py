"""Devices: enrolled and ended by supervisors, heard of at each contact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.gateway.models import devices
from tests.gateway.conftest import CHIEF, PASSWORD, Gateway

CLOCK = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
async def people(gateway: Gateway) -> None:
    """Have those be there whose operations devices hold."""
    for name in ("ana", "bob"):
        await gateway.users.add(CHIEF, name, Role.WORKER, SecretStr(PASSWORD))


def said(device: dict[str, str], *queues: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body = {"device_secret": device["device_secret"], "queues": [*queues], "app_version": "1.2.0"}
    return body | {"clock": CLOCK.isoformat()} | changes


def queue(username: str, queued: int, ago: timedelta | None = None) -> dict[str, Any]:
    oldest = None if ago is None else (CLOCK - ago).isoformat()
    return {"username": username, "queued": queued, "oldest_at": oldest}


async def contact(gateway: Gateway, device: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
    return await gateway.request("POST", f"/api/devices/{device['device_id']}/contact", json=body)


async def listed(gateway: Gateway) -> list[dict[str, Any]]:
    status, found = await gateway.request("GET", "/api/devices", role=Role.SUPERVISOR)
    assert status == 200
    assert isinstance(found, list)
    return found


class TestAccess:
    @pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", ""), ("DELETE", f"/{UUID(int=7)}")])
    async def test_supervisors_only(self, gateway: Gateway, method: str, path: str) -> None:
        status, body = await gateway.request(method, f"/api/devices{path}", json={"name": "x"})
        assert (status, body["error"]["code"]) == (403, "forbidden")

    async def test_a_contact_needs_a_login(self, gateway: Gateway) -> None:
        device = await gateway.enrol()
        path = f"/api/devices/{device['device_id']}/contact"
        assert (await gateway.request("POST", path, role=None, json=said(device)))[0] == 401


class TestEnrol:
    async def test_the_secret_is_shown_once(self, gateway: Gateway, gateway_database: Database) -> None:
        status, device = await gateway.request(
            "POST", "/api/devices", role=Role.SUPERVISOR, json={"name": " Scanner 1 "}
        )
        assert status == 201
        assert device.keys() == {"device_id", "name", "secret"}
        assert device["name"] == "Scanner 1"
        assert len(device["secret"]) >= 43
        (found,) = await listed(gateway)
        assert found == {
            "device_id": device["device_id"],
            "name": "Scanner 1",
            "active": True,
            "enrolled_by": "w1",
            "enrolled_at": found["enrolled_at"],
            "ended_at": None,
            "last_contact_at": None,
            "last_user": None,
            "app_version": None,
            "queued": [],
        }
        async with gateway_database.begin() as connection:
            row = (await connection.execute(select(devices))).mappings().one()
        assert device["secret"] not in str(dict(row))
        assert len(row["secret_hash"]) == 32

    @pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\x00b", "a\nb", None, 5])
    async def test_bad_names(self, gateway: Gateway, name: Any) -> None:
        status, body = await gateway.request(
            "POST", "/api/devices", role=Role.SUPERVISOR, json={"name": name}
        )
        assert (status, body["error"]["code"]) == (422, "invalid_input")


@pytest.mark.usefixtures("people")
class TestContact:
    async def test_is_kept(self, gateway: Gateway) -> None:
        device = await gateway.enrol()
        before = datetime.now(UTC)
        body = said(device, queue("ana", 3, timedelta(hours=1)), queue("bob", 2), queue("eva", 0))
        status, answer = await contact(gateway, device, body)
        after = datetime.now(UTC)
        assert status == 200
        assert before <= datetime.fromisoformat(answer["server_time"]) <= after
        (found,) = await listed(gateway)
        assert (found["last_user"], found["app_version"]) == ("w1", "1.2.0")
        assert before <= datetime.fromisoformat(found["last_contact_at"]) <= after
        ana, bob = found["queued"]
        assert bob == {"username": "bob", "queued": 2, "oldest_at": None}
        # The device's clock is wrong by months: what counts is how old the operation is.
        oldest = datetime.fromisoformat(ana.pop("oldest_at"))
        assert before <= oldest + timedelta(hours=1) <= after
        assert ana == {"username": "ana", "queued": 3}

    async def test_the_last_one_counts(self, gateway: Gateway) -> None:
        device = await gateway.enrol()
        await contact(gateway, device, said(device, queue("ana", 3), queue("bob", 1)))
        await contact(gateway, device, said(device, queue("ana", 5)))
        (found,) = await listed(gateway)
        assert found["queued"] == [{"username": "ana", "queued": 5, "oldest_at": None}]

    @pytest.mark.parametrize("oldest", [CLOCK + timedelta(days=2), datetime(1, 1, 1, tzinfo=UTC)])
    async def test_what_cannot_be_is_brought_within_reason(self, gateway: Gateway, oldest: datetime) -> None:
        device = await gateway.enrol()
        queued = {"username": "ana", "queued": 1, "oldest_at": oldest.isoformat()}
        assert (await contact(gateway, device, said(device, queued)))[0] == 200
        ((found,),) = [one["queued"] for one in await listed(gateway)]
        age = datetime.now(UTC) - datetime.fromisoformat(found["oldest_at"])
        assert timedelta() <= age <= timedelta(days=3651)

    @pytest.mark.parametrize("wrong", ["secret", "id", "ended"])
    async def test_is_refused(self, gateway: Gateway, wrong: str) -> None:
        device = await gateway.enrol()
        body = said(device)
        match wrong:
            case "secret":
                body["device_secret"] = "guessed"
            case "id":
                device["device_id"] = str(uuid4())
            case _:
                path = f"/api/devices/{device['device_id']}"
                await gateway.request("DELETE", path, role=Role.SUPERVISOR)
        status, answer = await contact(gateway, device, body)
        assert (status, answer["error"]["code"]) == (403, "device_refused")
        assert [one["last_contact_at"] for one in await listed(gateway)] == [None]

    @pytest.mark.parametrize(
        "changes",
        [
            {"clock": "yesterday"},
            {"clock": "2026-03-04T05:06:07"},
            {"queues": [queue("ana", -1)]},
            {"queues": [queue("ana", 1), queue("ana", 2)]},
            {"queues": [queue("No Name", 1)]},
            {"app_version": ""},
            {"battery": 5},
        ],
    )
    async def test_what_makes_no_sense(self, gateway: Gateway, changes: dict[str, Any]) -> None:
        device = await gateway.enrol()
        status, body = await contact(gateway, device, said(device, **changes))
        assert (status, body["error"]["code"]) == (422, "invalid_input")


class TestEnd:
    async def test_it_stays_in_the_list(self, gateway: Gateway) -> None:
        device = await gateway.enrol()
        path = f"/api/devices/{device['device_id']}"
        assert (await gateway.request("DELETE", path, role=Role.SUPERVISOR))[0] == 204
        (first,) = await listed(gateway)
        assert first["active"] is False
        assert (await gateway.request("DELETE", path, role=Role.SUPERVISOR))[0] == 204
        assert await listed(gateway) == [first]

    async def test_unknown(self, gateway: Gateway) -> None:
        status, body = await gateway.request("DELETE", f"/api/devices/{uuid4()}", role=Role.SUPERVISOR)
        assert (status, body["error"]["code"]) == (404, "not_found")

    async def test_what_is_no_id(self, gateway: Gateway) -> None:
        status, body = await gateway.request("DELETE", "/api/devices/7", role=Role.SUPERVISOR)
        assert (status, body["error"]["code"]) == (422, "invalid_input")


@pytest.mark.usefixtures("people")
class TestGauges:
    async def gauges(self, gateway: Gateway) -> tuple[float, float]:
        return (
            await gateway.metric("device_operations_waiting "),
            await gateway.metric("device_oldest_operation_seconds "),
        )

    async def test_what_the_devices_hold(self, gateway: Gateway) -> None:
        assert await self.gauges(gateway) == (0, 0)
        one, two = await gateway.enrol("1"), await gateway.enrol("2")
        await contact(gateway, one, said(one, queue("ana", 3, timedelta(hours=1)), queue("bob", 2)))
        await contact(gateway, two, said(two, queue("ana", 4, timedelta(hours=2))))
        waiting, oldest = await self.gauges(gateway)
        assert waiting == 9
        assert 7200 <= oldest < 7200 + 60
        await gateway.request("DELETE", f"/api/devices/{two['device_id']}", role=Role.SUPERVISOR)
        waiting, oldest = await self.gauges(gateway)
        assert waiting == 5
        assert 3600 <= oldest < 3600 + 60
        await contact(gateway, one, said(one))
        assert await self.gauges(gateway) == (0, 0)
