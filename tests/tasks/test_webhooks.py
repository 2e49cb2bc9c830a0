"""Webhooks, sent by the real service to real receivers on loopback."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from standardwebhooks import WebhookVerificationError

from magacin.contracts.identity import Role
from magacin.contracts.tasks.webhooks import MOST_WEBHOOKS
from magacin.core.db import Database
from magacin.tasks.app import create_app
from magacin.tasks.settings import TaskSettings
from magacin.tasks.webhooks.addresses import Addresses
from magacin.tasks.webhooks.repository import PER_RECEIVER
from magacin.tasks.webhooks.sender import wait_after
from tests.conftest import SERVICE_TOKEN, free_port
from tests.support import Caller, audited, last_audited, sample, serving
from tests.tasks.conftest import Warehouse
from tests.tasks.receiver import Receiver

KEY = "8d1f0c7a6b5e4d3c2b1a09f8e7d6c5b4"
ALL = ["import.finished", "requisition.closed", "shortage.reported", "task.completed"]


@pytest.fixture
def settings(settings: TaskSettings) -> TaskSettings:
    changes = {
        "webhook_key": SecretStr(KEY),
        "webhook_allowed_networks": (ip_network("127.0.0.0/8"),),
        "webhook_timeout_seconds": 60.0,
        "webhook_retry_seconds": 0.001,
    }
    return settings.model_copy(update=changes)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver.serving() as receiver:
        yield receiver


class Hooks:
    """Webhooks, as an administrator has them."""

    def __init__(self, call: Caller) -> None:
        self.call = call

    async def ask(self, method: str, path: str = "", body: Any = None, *, status: int = 200) -> Any:
        found, answer = await self.call(method, f"/api/webhooks{path}", body, user="boss", role=Role.ADMIN)
        assert found == status, answer
        return answer

    async def add(self, url: str, *events: str) -> Any:
        body = {"name": "ERP", "url": url, "events": list(events or ALL)}
        return await self.ask("POST", "", body, status=201)

    async def ping(self, hook: Any) -> Any:
        return await self.ask("POST", f"/{hook['webhook_id']}/test", status=202)

    async def log(self, hook: Any, query: str = "") -> list[Any]:
        items: list[Any] = (await self.ask("GET", f"/{hook['webhook_id']}/deliveries{query}"))["items"]
        return items

    async def until(self, hook: Any, check: Callable[[Any], bool]) -> Any:
        """Wait until the newest delivery is such; return it."""
        while True:
            if (newest := await self.log(hook)) and check(newest[0]):
                return newest[0]
            await asyncio.sleep(0.02)

    async def until_none(self, hook: Any, query: str = "") -> None:
        """Wait until no delivery is such any more."""
        while True:
            if not await self.log(hook, query):
                return
            await asyncio.sleep(0.02)

    async def finished(self, hook: Any) -> Any:
        return await self.until(hook, lambda one: one["status"] != "waiting")


@pytest.fixture
def hooks(call: Caller) -> Hooks:
    return Hooks(call)


class TestWhatIsSent:
    async def test_a_completed_task(self, warehouse: Warehouse, hooks: Hooks, receiver: Receiver) -> None:
        hook = await hooks.add(receiver.url, "task.completed")
        task_id = await warehouse.task("ana", A=2)
        assert (await warehouse.scan(task_id, "A"))[0] == 200
        assert (await warehouse.scan(task_id, "A"))[0] == 200
        (received,) = await receiver.until(1)
        sent = received.verified(hook["secret"])
        assert sent["type"] == "task.completed"
        assert sent["data"] == {"task_id": task_id, "worker": "ana", "requisitions": ["R-1"]}
        assert sent["timestamp"].endswith("Z")
        assert received.headers["content-type"] == "application/json"
        done = await hooks.finished(hook)
        assert (done["status"], done["attempts"], done["answer_status"]) == ("delivered", 1, 204)
        assert done["message_id"] == received.id

    async def test_a_shortage(self, warehouse: Warehouse, hooks: Hooks, receiver: Receiver) -> None:
        hook = await hooks.add(receiver.url, "shortage.reported")
        task_id = await warehouse.task("ana", A=5)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        body = {"line_id": line_id, "quantity": 2, "reason": "damaged", "operation_id": str(uuid4())}
        assert (await hooks.call("POST", f"/api/tasks/{task_id}/shortages", body))[0] == 201
        (received,) = await receiver.until(1)
        data = received.verified(hook["secret"])["data"]
        assert data["requisitions"] == ["R-1"]
        assert {name: data[name] for name in body} == body

    async def test_a_closed_requisition(self, warehouse: Warehouse, hooks: Hooks, receiver: Receiver) -> None:
        hook = await hooks.add(receiver.url, "requisition.closed")
        task_id = await warehouse.task("ana", "ivo", A=2, B=3)
        assert (await warehouse.scan(task_id, "A", 2))[0] == 200
        lines = {one["sku"]: one for one in (await warehouse.get(task_id))["lines"]}
        assert (await warehouse.scan(task_id, "B", 1, user="ivo"))[0] == 200
        body = {
            "line_id": lines["B"]["line_id"],
            "quantity": 2,
            "reason": "not_found",
            "operation_id": str(uuid4()),
        }
        assert (await hooks.call("POST", f"/api/tasks/{task_id}/shortages", body))[0] == 201
        (received,) = await receiver.until(1)
        data = received.verified(hook["secret"])["data"]
        assert (data["number"], data["closing"]) == ("R-1", 1)
        told = [{name: value for name, value in line.items() if name != "line_id"} for line in data["lines"]]
        at = [line.pop("finished_at") for line in told]
        assert all(one.endswith("Z") for one in at)
        common = {"description": "", "remaining": 0}
        assert told == [
            {"sku": "A", "ordered": 2, "picked": 2, "short": 0, "reasons": [], "workers": ["ana"], **common},
            {
                "sku": "B",
                "ordered": 3,
                "picked": 1,
                "short": 2,
                "reasons": ["not_found"],
                "workers": ["ana", "ivo"],
                **common,
            },
        ]

    async def test_a_requisition_that_is_opened_again_is_told_as_another_closing(
        self, warehouse: Warehouse, hooks: Hooks, receiver: Receiver
    ) -> None:
        hook = await hooks.add(receiver.url, "requisition.closed")
        task_id = await warehouse.task("ana", A=1)
        operation_id = str(uuid4())
        assert (await warehouse.scan(task_id, "A", operation_id=operation_id))[0] == 200
        await receiver.until(1)
        undo = {"undoes": operation_id, "operation_id": str(uuid4())}
        assert (await hooks.call("POST", "/api/undo", undo))[0] == 200
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        short = {"line_id": line_id, "quantity": 1, "reason": "damaged", "operation_id": str(uuid4())}
        assert (await hooks.call("POST", f"/api/tasks/{task_id}/shortages", short))[0] == 201
        _, second = await receiver.until(2)
        data = second.verified(hook["secret"])["data"]
        assert data["closing"] == 2
        assert [(one["picked"], one["short"]) for one in data["lines"]] == [(0, 1)]

    async def test_a_requisition_with_two_tasks_is_closed_with_the_last(
        self, warehouse: Warehouse, hooks: Hooks, receiver: Receiver
    ) -> None:
        hook = await hooks.add(receiver.url, "requisition.closed")
        task_id = await warehouse.task("ana", A=2)
        line_id = (await warehouse.get(task_id))["lines"][0]["line_id"]
        plan = {"operation_id": str(uuid4()), "lines": [{"line_id": line_id, "quantity": 1}]}
        path = f"/api/tasks/{task_id}/split"
        status, split = await hooks.call("POST", path, plan, role=Role.SUPERVISOR)
        assert status == 200, split
        assert (await warehouse.scan(task_id, "A"))[0] == 200
        other = split["target"]["task_id"]
        assert (await hooks.call("POST", f"/api/tasks/{other}/cancel", role=Role.SUPERVISOR))[0] == 200
        (received,) = await receiver.until(1)
        (line,) = received.verified(hook["secret"])["data"]["lines"]
        assert (line["picked"], line["short"], line["remaining"]) == (1, 0, 1)

    async def test_an_import_of_the_import_service_counts_once(
        self, hooks: Hooks, receiver: Receiver
    ) -> None:
        hook = await hooks.add(receiver.url, "import.finished")
        event = {
            "event_id": str(uuid4()),
            "type": "import.finished",
            "occurred_at": "2027-01-02T03:04:05Z",
            "data": {"job_id": 7},
        }
        for _ in range(2):
            assert (await hooks.call("POST", "/internal/webhook-events", {"events": [event]}))[0] == 204
        (received,) = await receiver.until(1)
        assert received.verified(hook["secret"]) == {
            "type": "import.finished",
            "timestamp": "2027-01-02T03:04:05Z",
            "data": {"job_id": 7},
        }
        assert len(await hooks.log(hook)) == 1

    async def test_nothing_to_who_does_not_want_it(
        self, warehouse: Warehouse, hooks: Hooks, receiver: Receiver
    ) -> None:
        other, hook = await hooks.add(receiver.url, "import.finished"), await hooks.add(receiver.url)
        task_id = await warehouse.task("ana", A=1)
        assert (await warehouse.scan(task_id, "A"))[0] == 200
        await receiver.until(2)
        assert {one["type"] for one in await hooks.log(hook)} == {"task.completed", "requisition.closed"}
        assert await hooks.log(other) == []

    async def test_an_event_has_one_id_for_all_receivers(
        self, warehouse: Warehouse, hooks: Hooks, receiver: Receiver
    ) -> None:
        for _ in range(2):
            await hooks.add(receiver.url, "task.completed")
        task_id = await warehouse.task("ana", A=1)
        assert (await warehouse.scan(task_id, "A"))[0] == 200
        one, other = await receiver.until(2)
        assert one.id == other.id


class TestTrouble:
    async def test_a_dead_receiver_is_tried_again_and_given_up(self, hooks: Hooks) -> None:
        hook = await hooks.add(f"http://127.0.0.1:{free_port()}/")
        await hooks.ping(hook)
        done = await hooks.finished(hook)
        assert (done["status"], done["attempts"], done["answer_status"]) == ("given_up", 11, None)
        assert done["trouble"].startswith("The receiver cannot be reached")
        page = await hooks.call.metrics()
        assert sample(page, 'webhook_deliveries_total{result="unreachable"}') >= 11
        assert sample(page, "webhook_oldest_waiting_seconds") == 0

    async def test_each_attempt_has_the_same_id(self, hooks: Hooks, receiver: Receiver) -> None:
        receiver.status, receiver.body = 500, "no\x00 room \x1b[31m" + "x" * 5000
        hook = await hooks.add(receiver.url)
        await hooks.ping(hook)
        await receiver.until(2)
        waiting = await hooks.until(hook, lambda one: one["answer_status"] == 500)
        assert waiting["trouble"].startswith("The receiver refuses it (500): no  room  [31mxxx")
        assert len(waiting["trouble"]) == 300
        receiver.status = 200
        assert (await hooks.finished(hook))["status"] == "delivered"
        assert len({one.id for one in receiver.received}) == 1
        assert all(one.verified(hook["secret"])["type"] == "ping" for one in receiver.received)

    async def test_a_slow_receiver_delays_no_other(self, hooks: Hooks, receiver: Receiver) -> None:
        async with Receiver.serving() as slow:
            slow.answers.clear()
            late, hook = await hooks.add(slow.url), await hooks.add(receiver.url)
            for _ in range(PER_RECEIVER + 2):
                await hooks.ping(late)
            await slow.until(PER_RECEIVER)
            await hooks.ping(hook)
            assert (await hooks.finished(hook))["status"] == "delivered"
            assert len(slow.received) == slow.most_at_once == PER_RECEIVER
            assert (await hooks.ask("GET"))[0]["waiting"] == PER_RECEIVER + 2
            slow.answers.set()
            await slow.until(PER_RECEIVER + 2)

    async def test_a_redirect_is_not_followed(self, hooks: Hooks, receiver: Receiver) -> None:
        async with Receiver.serving() as elsewhere:
            receiver.status, receiver.headers = 302, {"Location": elsewhere.url}
            hook = await hooks.add(receiver.url)
            await hooks.ping(hook)
            done = await hooks.until(hook, lambda one: one["answer_status"] is not None)
            assert done["answer_status"] == 302
            assert "redirects" in done["trouble"]
            assert elsewhere.received == []

    async def test_410_ends_it(self, hooks: Hooks, receiver: Receiver) -> None:
        receiver.status = 410
        hook = await hooks.add(receiver.url)
        await hooks.ping(hook)
        done = await hooks.finished(hook)
        assert (done["status"], done["attempts"]) == ("given_up", 1)
        (kept,) = await hooks.ask("GET")
        assert (kept["enabled"], kept["gone"]) == (False, True)
        receiver.status = 204
        kept = await hooks.ask("PATCH", f"/{hook['webhook_id']}", {"enabled": True})
        assert (kept["enabled"], kept["gone"]) == (True, False)

    async def test_what_waits_goes_on_when_it_is_enabled_again(
        self, hooks: Hooks, receiver: Receiver
    ) -> None:
        hook = await hooks.add(receiver.url)
        await hooks.ask("PATCH", f"/{hook['webhook_id']}", {"enabled": False})
        await hooks.ping(hook)
        (waiting,) = await hooks.log(hook)
        assert (waiting["status"], receiver.received) == ("waiting", [])
        await hooks.ask("PATCH", f"/{hook['webhook_id']}", {"enabled": True})
        assert (await hooks.finished(hook))["status"] == "delivered"

    async def test_replay(self, hooks: Hooks, receiver: Receiver) -> None:
        hook = await hooks.add(receiver.url)
        sent = await hooks.ping(hook)
        assert (await hooks.finished(hook))["status"] == "delivered"
        path = f"/{hook['webhook_id']}/deliveries/{sent['delivery_id']}"
        again = await hooks.ask("POST", f"{path}/replay", status=202)
        assert (again["status"], again["attempts"]) == ("waiting", 0)
        one, other = await receiver.until(2)
        assert (one.id, one.body) == (other.id, other.body)
        assert (await hooks.ask("GET", path))["data"] == {"asked_for_by": "boss"}
        assert (await hooks.ask("POST", f"/{hook['webhook_id']}/deliveries/999/replay", status=404))["error"]


class TestAddresses:
    async def test_private_ones_are_refused_where_a_webhook_is_made(self, hooks: Hooks) -> None:
        for url in ("http://10.0.0.7/", "http://[::1]/", "http://169.254.169.254/", "http://0x0a000001/"):
            body = {"name": "x", "url": url, "events": ALL}
            answer = await hooks.ask("POST", "", body, status=422)
            assert answer["error"]["code"] == "webhook_address_refused"

    @pytest.mark.parametrize(
        "url", ["ftp://erp.example/", "http://me:pw@erp.example/", "https://erp.example/#x", "erp.example"]
    )
    async def test_what_is_no_address_for_it(self, hooks: Hooks, url: str) -> None:
        answer = await hooks.ask("POST", "", {"name": "x", "url": url, "events": ALL}, status=422)
        assert answer["error"]["code"] == "invalid_input"

    @pytest.mark.parametrize(
        ("address", "may"),
        [
            ("8.8.8.8", True),
            ("2a00:1450:4001::1", True),
            ("127.0.0.1", False),
            ("0.0.0.0", False),
            ("10.1.2.3", False),
            ("100.64.0.1", False),
            ("169.254.169.254", False),
            ("172.16.0.1", False),
            ("192.168.1.1", False),
            ("224.0.0.1", False),
            ("239.255.255.250", False),
            ("255.255.255.255", False),
            ("::", False),
            ("::1", False),
            ("fe80::1%eth0", False),
            ("fd00::1", False),
            ("ff02::1", False),
            ("ff0e::1", False),
            ("::ffff:10.0.0.1", False),
            ("::ffff:8.8.8.8", True),
            ("64:ff9b::a00:1", False),
            ("64:ff9b::808:808", True),
            ("2002:a00:1::", False),
        ],
    )
    def test_which(self, address: str, may: bool) -> None:
        assert Addresses().may(address) is may

    def test_what_the_site_allows(self) -> None:
        addresses = Addresses((ip_network("10.0.0.0/24"), ip_network("fd00::/8")))
        assert [addresses.may(one) for one in ("10.0.0.9", "10.0.1.9", "fd00::1", "::ffff:10.0.0.1")] == [
            True,
            False,
            True,
            True,
        ]

    async def test_a_name_is_looked_at_when_it_is_connected_to(
        self, settings: TaskSettings, empty: Database, receiver: Receiver
    ) -> None:
        """`localhost` may be kept, as any name; what it means counts when something is sent."""
        closed = settings.model_copy(update={"webhook_allowed_networks": ()})
        async with serving(create_app(closed)) as url, aiohttp.ClientSession() as session:
            hooks = Hooks(Caller(session, url))
            hook = await hooks.add(f"http://localhost:{receiver.port}/")
            await hooks.ping(hook)
            done = await hooks.until(hook, lambda one: one["trouble"] is not None)
            assert "MAGACIN_WEBHOOK_ALLOWED_NETWORKS" in done["trouble"]
        assert receiver.received == []


class TestSecrets:
    async def test_it_is_shown_once_and_nowhere_stored(
        self, hooks: Hooks, receiver: Receiver, empty: Database
    ) -> None:
        hook = await hooks.add(receiver.url)
        assert hook["secret"].startswith("whsec_")
        assert "secret" not in (await hooks.ask("GET"))[0]
        async with empty.begin() as connection:
            row = (await connection.execute(text("SELECT * FROM tasks.webhooks"))).one()
        assert hook["secret"].removeprefix("whsec_") not in repr(row)

    async def test_a_new_one_and_for_a_day_the_former(self, hooks: Hooks, receiver: Receiver) -> None:
        hook = await hooks.add(receiver.url)
        new = await hooks.ask("POST", f"/{hook['webhook_id']}/secret")
        await hooks.ping(hook)
        (received,) = await receiver.until(1)
        for secret in (hook["secret"], new["secret"]):
            assert received.verified(secret)["type"] == "ping"

    async def test_the_former_one_is_no_good_later(
        self, hooks: Hooks, receiver: Receiver, empty: Database
    ) -> None:
        hook = await hooks.add(receiver.url)
        new = await hooks.ask("POST", f"/{hook['webhook_id']}/secret")
        async with empty.begin() as connection:
            await connection.execute(text("UPDATE tasks.webhooks SET former_until = now()"))
        await hooks.ping(hook)
        (received,) = await receiver.until(1)
        assert received.verified(new["secret"])["type"] == "ping"
        with pytest.raises(WebhookVerificationError):
            received.verified(hook["secret"])

    async def test_with_another_key_it_has_to_be_replaced(
        self, settings: TaskSettings, empty: Database, receiver: Receiver
    ) -> None:
        async with running(settings) as hooks:
            hook = await hooks.add(receiver.url)
        other = settings.model_copy(update={"webhook_key": SecretStr(KEY[::-1])})
        async with running(other) as hooks:
            await hooks.ping(hook)
            done = await hooks.until(hook, lambda one: one["trouble"] is not None)
            assert "another key" in done["trouble"]
            new = await hooks.ask("POST", f"/{hook['webhook_id']}/secret")
            sent = await hooks.ping(hook)
            received = next(one for one in await receiver.until(1) if one.id)
            assert received.verified(new["secret"])["type"] == "ping"
            assert sent["status"] == "waiting"

    async def test_without_a_key_there_are_no_webhooks(self, settings: TaskSettings, empty: Database) -> None:
        async with running(settings.model_copy(update={"webhook_key": None})) as hooks:
            body = {"name": "ERP", "url": "https://erp.example/", "events": ALL}
            answer = await hooks.ask("POST", "", body, status=409)
            assert answer["error"]["code"] == "webhooks_not_set_up"
            assert await hooks.ask("GET") == []


class TestManaging:
    async def test_change_and_remove(self, hooks: Hooks, receiver: Receiver) -> None:
        hook = await hooks.add(receiver.url)
        path = f"/{hook['webhook_id']}"
        changed = await hooks.ask("PATCH", path, {"name": "WMS", "events": ["task.completed"] * 2})
        assert (changed["name"], changed["events"], changed["url"]) == (
            "WMS",
            ["task.completed"],
            receiver.url,
        )
        await hooks.ping(hook)
        await hooks.finished(hook)
        await hooks.ask("DELETE", path, status=204)
        assert await hooks.ask("GET") == []
        for method, rest, body in (("DELETE", "", None), ("PATCH", "", {}), ("POST", "/test", None)):
            answer = await hooks.ask(method, path + rest, body, status=404)
            assert answer["error"]["code"] == "webhook_not_found"

    async def test_all_of_it_is_audited(self, hooks: Hooks, receiver: Receiver, empty: Database) -> None:
        since = await last_audited(empty)
        hook = await hooks.add(receiver.url, "task.completed")
        path = f"/{hook['webhook_id']}"
        for name in ("WMS", "WMS"):
            await hooks.ask("PATCH", path, {"name": name})
        new = await hooks.ask("POST", f"{path}/secret")
        sent = await hooks.ping(hook)
        await hooks.finished(hook)
        receiver.status = 410
        await hooks.ask("POST", f"{path}/deliveries/{sent['delivery_id']}/replay", status=202)
        await hooks.until(hook, lambda one: one["status"] == "given_up")
        await hooks.ask("DELETE", path, status=204)
        entries = await audited(empty, since)
        assert [(one["action"], one["actor"]) for one in entries] == [
            ("webhook.created", "boss"),
            ("webhook.changed", "boss"),
            ("webhook.secret_replaced", "boss"),
            ("webhook.tested", "boss"),
            ("webhook.delivery_replayed", "boss"),
            ("webhook.changed", "system"),
            ("webhook.removed", "boss"),
        ]
        assert (entries[1]["before"], entries[1]["after"]) == ({"name": "ERP"}, {"name": "WMS"})
        assert not [secret for secret in (hook["secret"], new["secret"]) if secret in str(entries)]

    async def test_there_may_be_so_many(self, hooks: Hooks) -> None:
        for _ in range(MOST_WEBHOOKS):
            await hooks.add("https://erp.example/")
        body = {"name": "ERP", "url": "https://erp.example/", "events": ALL}
        assert (await hooks.ask("POST", "", body, status=409))["error"]["code"] == "too_many_webhooks"

    async def test_the_log_is_paged(self, hooks: Hooks, receiver: Receiver) -> None:
        hook = await hooks.add(receiver.url)
        ids = [(await hooks.ping(hook))["delivery_id"] for _ in range(5)]
        path, found, after = f"/{hook['webhook_id']}/deliveries?limit=2&after=", [], 0
        while after is not None:
            page = await hooks.ask("GET", f"{path}{after}")
            found += [one["delivery_id"] for one in page["items"]]
            after = page["next_after"]
        assert found == ids[::-1]
        await hooks.finished(hook)
        await hooks.until_none(hook, "?status=waiting")
        assert len(await hooks.log(hook, "?status=delivered")) == 5

    async def test_what_is_old_is_forgotten(
        self, settings: TaskSettings, empty: Database, receiver: Receiver
    ) -> None:
        async with running(settings) as hooks:
            hook = await hooks.add(receiver.url)
            await hooks.ping(hook)
            await hooks.finished(hook)
        async with empty.begin() as connection:
            old = "UPDATE tasks.webhook_deliveries SET finished_at = now() - interval '31 days'"
            await connection.execute(text(old))
        async with running(settings) as hooks:
            await hooks.until_none(hook)


def test_waits_grow_for_about_a_day() -> None:
    waits = [wait_after(attempts, 5) for attempts in range(1, 12)]
    assert waits.pop() is None
    seconds = [wait.total_seconds() for wait in waits if wait]
    # Neighbours may come in either order, where what chance adds to them overlaps.
    assert all(earlier < later for earlier, later in zip(seconds, seconds[2:], strict=False))
    assert 4 <= seconds[0] <= 6
    assert 17 * 3600 < sum(seconds) < 28 * 3600


@asynccontextmanager
async def running(settings: TaskSettings) -> AsyncIterator[Hooks]:
    async with serving(create_app(settings)) as url, aiohttp.ClientSession() as session:
        yield Hooks(Caller(session, url))


async def test_a_service_that_is_killed_between_sending_and_recording(
    settings: TaskSettings, empty: Database, receiver: Receiver, tmp_path: Path
) -> None:
    """What was sent and not recorded comes once more, under the same id."""
    port, log = free_port(), tmp_path / "service.log"
    environment = os.environ | {
        "MAGACIN_DATABASE_URL": settings.database_url.get_secret_value(),
        "MAGACIN_REDIS_URL": settings.redis_url.get_secret_value(),
        "MAGACIN_SERVICE_TOKEN": SERVICE_TOKEN,
        "MAGACIN_WEBHOOK_KEY": KEY,
        "MAGACIN_WEBHOOK_ALLOWED_NETWORKS": '["127.0.0.1/32"]',
        "MAGACIN_WEBHOOK_TIMEOUT_SECONDS": "1",
    }

    async def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "magacin.cli", "serve", "task-service", "--port", str(port)]
        with log.open("ab") as file:
            process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)  # noqa: ASYNC220  killed by hand
        while True:
            assert process.poll() is None, log.read_text()[-3000:]
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return process

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        hooks = Hooks(Caller(session, f"http://127.0.0.1:{port}"))
        process = await start()
        try:
            hook = await hooks.add(receiver.url)
            receiver.answers.clear()
            await hooks.ping(hook)
            await receiver.until(1)
            process.kill()
            process.wait()
            receiver.answers.set()
            process = await start()
            one, other = (await receiver.until(2))[:2]
            assert (one.id, one.body) == (other.id, other.body)
            assert (await hooks.finished(hook))["status"] == "delivered"
        finally:
            process.kill()
            process.wait()
