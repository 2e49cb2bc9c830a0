"""What the API says about the messages, how long it waits for one, and how many are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from magacin.contracts.inbox import MessageDetail, MessageKind
from magacin.inbox.settings import InboxSettings
from magacin.inbox.store import HEARTBEATS, Store, Wanted
from tests.inbox.conftest import Inbox, mail
from tests.support import sample


async def say(inbox: Inbox, text: str, channel: str = "#a") -> None:
    assert await inbox.post("/slack", json={"text": text, "channel": channel}) == (200, "ok")


class TestFinding:
    async def test_by_what_it_is_about(self, inbox: Inbox) -> None:
        await inbox.send(
            mail("1", Alert="A", Service="redis", Severity="critical", Status="firing"), "a@x.org"
        )
        await inbox.send(
            mail("2", Alert="A", Service="redis", Severity="critical", Status="resolved"), "b@x.org"
        )
        await inbox.send(
            mail("3", Alert="B", Service="postgres", Severity="warning", Status="firing"), "a@x.org"
        )
        await say(inbox, "4")
        for wanted, subjects in (
            ({"alert": "A"}, ["1", "2"]),
            ({"alert": "A", "status": "resolved"}, ["2"]),
            ({"recipient": "a@x.org"}, ["1", "3"]),
            ({"recipient": "#a"}, ["4"]),
            ({"service": "postgres"}, ["3"]),
            ({"severity": "critical"}, ["1", "2"]),
            ({"kind": "email", "after": 1}, ["2", "3"]),
            ({"alert": "a"}, []),
        ):
            assert [m["subject"] for m in await inbox.all(**wanted)] == subjects, wanted

    async def test_one_by_its_id(self, inbox: Inbox) -> None:
        await say(inbox, "hello")
        assert (await inbox.get("/api/messages/1"))[1]["subject"] == "hello"
        status, answer = await inbox.get("/api/messages/2")
        assert (status, answer["error"]["code"]) == (404, "not_found")
        assert (await inbox.get("/messages/2"))[0] == 404

    async def test_clearing_forgets_all_and_ids_go_on(self, inbox: Inbox) -> None:
        await say(inbox, "1")
        async with inbox.session.delete(f"{inbox.url}/api/messages") as response:
            assert await response.json() == {"forgotten": 1}
        assert await inbox.all() == []
        await say(inbox, "2")
        assert [m["id"] for m in await inbox.all()] == [2]


class TestWaiting:
    async def test_ends_with_the_message(self, inbox: Inbox) -> None:
        waiting = asyncio.create_task(inbox.all(recipient="#wanted", wait=120))
        await asyncio.sleep(0.1)
        await say(inbox, "other", "#other")
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await say(inbox, "this", "#wanted")
        assert [m["subject"] for m in await asyncio.wait_for(waiting, 60)] == ["this"]

    async def test_ends_by_itself(self, inbox: Inbox) -> None:
        assert await inbox.all(alert="Never", wait=0.1) == []

    async def test_has_a_limit(self, inbox: Inbox) -> None:
        assert (await inbox.get("/api/messages", params={"wait": 10_000}))[0] == 422


class TestBounds:
    async def test_no_more_messages_than_allowed(self, inbox: Inbox) -> None:
        for number in range(60):
            await say(inbox, str(number))
        status, page = await inbox.get("/api/messages")
        assert status == 200
        assert [m["subject"] for m in page["items"]] == [str(n) for n in range(10, 60)]
        assert (page["last_id"], page["dropped"]) == (60, 10)

    async def test_heartbeats_make_room_for_heartbeats_only(self) -> None:
        def made(kind: MessageKind) -> Callable[[int], MessageDetail]:
            return lambda id_: MessageDetail(
                id=id_,
                kind=kind,
                received_at=datetime.now(UTC),
                sender="",
                recipients=[],
                subject="",
                size=10,
                headers={},
                text="",
                html="",
            )

        store = Store(1000, 1_000_000)
        await store.add(made(MessageKind.EMAIL))
        for _ in range(1500):
            await store.add(made(MessageKind.HEARTBEAT))
        await store.add(made(MessageKind.SLACK))
        kept = store.find(Wanted())
        assert [kept[0].id, kept[1].id, kept[-2].id, kept[-1].id] == [1, 1452, 1501, 1502]
        assert (len(kept), store.dropped) == (HEARTBEATS + 2, 1450)

    async def test_no_more_bytes_than_allowed(self, inbox: Inbox) -> None:
        for _ in range(4):
            await inbox.send(mail("large", "x" * 70 + ("\n" + "x" * 70) * 5_500))
        kept = await inbox.all()
        assert sum(m["size"] for m in kept) <= 1_000_000
        assert [m["id"] for m in kept] == [3, 4]

    async def test_one_that_is_larger_than_all_is_kept_alone(self, inbox: Inbox) -> None:
        await say(inbox, "small")
        await inbox.send(mail("huge", ("x" * 70 + "\n") * 20_000))
        assert [m["subject"] for m in await inbox.all()] == ["huge"]

    async def test_are_seen_in_the_metrics(self, inbox: Inbox) -> None:
        _, before = await inbox.get("/metrics")
        await say(inbox, "x")
        _, after = await inbox.get("/metrics")
        counted = [sample(page, 'inbox_received_total{kind="slack"} ') for page in (before, after)]
        assert counted[1] == counted[0] + 1
        assert "\ninbox_messages 1.0\n" in after


class TestHealth:
    async def test_asks_the_smtp_side(self, inbox: Inbox) -> None:
        status, report = await inbox.get("/health")
        assert status == 200
        assert report["checks"]["smtp"]["status"] == "ok"


class TestListening:
    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
    def test_beyond_loopback_is_refused(self, host: str) -> None:
        with pytest.raises(ValueError, match="does not listen on"):
            InboxSettings(host=host)

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
    def test_on_loopback_is_allowed(self, host: str) -> None:
        assert InboxSettings(host=host).host == host

    def test_in_a_container_it_must_be_said(self) -> None:
        assert InboxSettings(host="0.0.0.0", inbox_in_container=True).host == "0.0.0.0"
