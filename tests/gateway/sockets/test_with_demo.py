"""The demo's screens at the real gateway."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from random import Random

import pytest
from pydantic import SecretStr

from magacin.contracts.identity import Role
from magacin.demo.client import Person, open_session
from magacin.demo.screen import Screen
from tests.gateway.conftest import CHIEF, PASSWORD, Gateway, Start, eventually

PEOPLE = ("ana", "marko", "sanja")


@contextlib.asynccontextmanager
async def watching(gateway: Gateway, over: asyncio.Event) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Let everybody watch; yield what their screens do."""
    for name in PEOPLE:
        await gateway.users.add(CHIEF, name, Role.WORKER, SecretStr(PASSWORD))
    async with open_session(lambda: None) as session:
        people = [Person(session, gateway.url, name, PASSWORD, Random(name)) for name in PEOPLE]
        running = [asyncio.create_task(Screen(person, Random(1), over).run()) for person in people]
        try:
            yield running
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def test_screens_stay_when_their_first_tokens_expire(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("magacin.demo.screen._LOOK_SECONDS", 0.1)
    gateway = await start(access_token_minutes=8 / 60)
    sockets = gateway.state.sockets
    async with watching(gateway, asyncio.Event()):
        await eventually(lambda: len(sockets.clients) == len(PEOPLE))
        clients = list(sockets.clients.values())
        first = [client.access.expires_at for client in clients]

        def all_have_renewed() -> bool:
            return all(client.access.expires_at > end for client, end in zip(clients, first, strict=True))

        await eventually(all_have_renewed)
        # The very same connections: nobody had to come back.
        assert list(sockets.clients.values()) == clients
        assert sockets.disconnections.total() == 0


async def test_when_work_is_over_each_leaves_in_its_own_time_and_for_good(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("magacin.demo.screen._LOOK_SECONDS", 0.1)
    monkeypatch.setattr("magacin.demo.screen._SHORTEST", 1.0)
    monkeypatch.setattr("magacin.demo.screen._LONGEST", 3.0)
    gateway, over = await start(), asyncio.Event()
    sockets = gateway.state.sockets
    async with watching(gateway, over) as running:
        await eventually(lambda: len(sockets.clients) == len(PEOPLE))
        over.set()
        await asyncio.wait_for(asyncio.gather(*running), 120)
    assert sockets.disconnections.total() == len(PEOPLE)
