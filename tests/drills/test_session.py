"""What keeps drills from being started says which part it is, and what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from magacin.cli._common import Progress
from magacin.drills.arrangements import every_target_scraped
from magacin.drills.faults import drills
from magacin.drills.observer import Observer
from magacin.drills.session import Wish, check, choose
from magacin.stack import secrets
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack
from magacin.stack.parts import PARTS, PORTS
from magacin.stack.paths import DataDir
from magacin.stack.site import Site
from magacin.stack.supervise import Process


class TestCheck:
    @pytest.fixture
    def processes(self) -> dict[str, Process]:
        """All parts as supervisord has them in a stack without demo, Grafana and heartbeat receiver."""
        absent = ("demo", "grafana", "heartbeat")
        running = {name: Process(name, "RUNNING", 7, 1, 9, 0, "") for name in PARTS if name not in absent}
        return running | {name: Process(name, "STOPPED", 0, 0, 9, 0, "") for name in absent}

    @pytest.fixture
    def stack(self, tmp_path: Path, processes: dict[str, Process], monkeypatch: pytest.MonkeyPatch) -> Stack:
        data = DataDir(tmp_path / "data")
        data.create()
        data.remember(0)
        data.not_production()
        stack = Stack(data, Progress())
        monkeypatch.setattr(stack.supervisor, "processes", lambda: processes)
        return stack

    def test_a_stack_that_runs_is_fine(self, stack: Stack) -> None:
        check(stack, Wish())

    @pytest.mark.parametrize(
        "name", ["redis-exporter", "import-service", "realtime-worker", "console", "inbox", "postgres"]
    )
    def test_a_part_that_was_stopped_is_named(
        self, stack: Stack, processes: dict[str, Process], name: str
    ) -> None:
        processes[name] = Process(name, "STOPPED", 0, 1, 9, 0, "")
        with pytest.raises(StackError, match=f"these do not run: {name}\\.") as found:
            check(stack, Wish())
        assert found.value.details == (f"Start them: ./magacin start {name}",)

    def test_parts_that_never_ran_are_for_up(self, stack: Stack, processes: dict[str, Process]) -> None:
        for name in ("redis-exporter", "task-service"):
            processes[name] = Process(name, "STOPPED", 0, 0, 9, 0, "")
        with pytest.raises(StackError, match="these do not run: redis-exporter, task-service") as found:
            check(stack, Wish())
        assert found.value.details == ("Start them: ./magacin up --detach",)

    def test_a_stack_that_was_stopped(self, stack: Stack, processes: dict[str, Process]) -> None:
        processes.clear()
        with pytest.raises(StackError, match="nothing runs"):
            check(stack, Wish())

    def test_a_stack_on_which_people_may_depend(self, stack: Stack, tmp_path: Path) -> None:
        stack.data = DataDir(tmp_path / "other")
        stack.data.create()
        stack.data.remember(0)
        with pytest.raises(StackError, match="people may depend") as found:
            check(stack, Wish())
        assert "--not-production" in found.value.details[-1]
        check(stack, Wish(not_production=True))

    def test_a_stack_whose_links_lead_to_a_console_with_a_login(self, stack: Stack) -> None:
        stack.data.notifications.write_text("links: {console: 'https://console.example.org'}\n")
        with pytest.raises(StackError, match=r"cannot open https://console\.example\.org"):
            check(stack, Wish())

    def test_a_name_that_is_no_alert(self) -> None:
        with pytest.raises(StackError, match="no alert and no drill 'ServiceDwon'"):
            choose(["ServiceDwon"])

    def test_all_drills_without_a_name(self) -> None:
        assert sorted(kind.name for kind in choose(())) == sorted(drills())


class TestEveryTargetScraped:
    @pytest.fixture
    def targets(self) -> list[dict[str, Any]]:
        """What the Prometheus of these tests scrapes."""
        return [{"labels": {"job": "task-service"}, "health": "up", "lastError": ""}]

    @pytest.fixture
    async def observer(self, targets: list[dict[str, Any]], tmp_path: Path) -> AsyncIterator[Observer]:
        async def answer(_: web.Request) -> web.Response:
            return web.json_response({"data": {"activeTargets": targets}})

        app = web.Application()
        app.router.add_get("/api/v1/targets", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        data = DataDir(tmp_path)
        offset = runner.addresses[0][1] - PORTS["prometheus"]
        async with aiohttp.ClientSession() as session:
            yield Observer(Site(data, secrets.Secrets(data.secrets), offset), session)
        await runner.cleanup()

    async def test_is_so(self, observer: Observer) -> None:
        await every_target_scraped(observer, 60)

    async def test_names_those_that_are_not(self, observer: Observer, targets: list[dict[str, Any]]) -> None:
        refused = "dial tcp 127.0.0.1:9121: connect: connection refused"
        targets.append({"labels": {"job": "redis-exporter"}, "health": "down", "lastError": refused})
        targets.append({"labels": {"job": "console"}, "health": "unknown", "lastError": ""})
        with pytest.raises(StackError, match="every target") as found:
            await every_target_scraped(observer, 1)
        assert found.value.details[:2] == (f"redis-exporter: {refused}", "console: not scraped yet")

    async def test_says_that_prometheus_itself_is_silent(self, observer: Observer) -> None:
        observer.prometheus = "http://127.0.0.1:9"
        with pytest.raises(StackError) as found:
            await every_target_scraped(observer, 0.5)
        assert found.value.details[0] == "Prometheus does not answer."
