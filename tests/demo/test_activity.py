"""Whether the demo gets on, as its `/health` tells it."""

from __future__ import annotations

import pytest
from aiohttp import web

from magacin.demo import activity as module
from magacin.demo.activity import Activity
from magacin.demo.client import open_session


class TestActivity:
    async def test_preparing_and_waiting_are_no_work(self) -> None:
        activity = Activity()
        with pytest.raises(RuntimeError, match="is starting"):
            await activity.check()
        activity.waits("brings in its orders")
        activity.heard()
        with pytest.raises(RuntimeError, match="brings in its orders"):
            await activity.check()

    async def test_working_and_resting_afterwards_is_what_it_should_do(self) -> None:
        activity = Activity()
        activity.works()
        await activity.check()
        activity.rests()
        await activity.check()

    async def test_being_answered_nothing_for_long_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        activity = Activity()
        monkeypatch.setattr(module, "_SILENT_SECONDS", -1.0)
        activity.works()
        with pytest.raises(RuntimeError, match="has done nothing for it for 0 s"):
            await activity.check()
        activity.rests()
        await activity.check()


async def test_only_a_gateway_that_does_something_is_heard() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=int(request.match_info["status"]))

    heard: list[None] = []
    app = web.Application()
    app.add_routes([web.get("/{status}", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with open_session(lambda: heard.append(None)) as session:
        for status, times in (("503", 0), ("200", 1), ("409", 2)):
            async with session.get(f"{base}/{status}"):
                assert len(heard) == times
    await runner.cleanup()
