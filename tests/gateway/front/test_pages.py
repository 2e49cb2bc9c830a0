"""The front page, what runs where, the list of operations, and health."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from magacin.contracts.devices import DemoBadge
from magacin.core.background import BackgroundLoop
from magacin.gateway.forwarding.table import TABLE
from magacin.gateway.front import overview
from tests.conftest import Server, free_port
from tests.gateway.conftest import Gateway, Start


async def page(gateway: Gateway, path: str = "/status") -> tuple[str, str]:
    async with gateway.session.get(gateway.url + path) as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        return await response.text(), response.headers["Content-Security-Policy"]


class TestFrontPage:
    async def get(
        self, gateway: Gateway, path: str = "/", headers: dict[str, str] | None = None
    ) -> tuple[int, str, str]:
        url = gateway.url + path
        async with gateway.session.get(url, headers=headers, allow_redirects=False) as response:
            return response.status, response.headers.get("Location", ""), await response.text()

    async def test_leads_to_the_application_and_what_runs_where(self, gateway: Gateway) -> None:
        status, _, html = await self.get(gateway)
        assert status == 200
        for path in ("/app/", "/desk/", "/wall/", "/status", "/docs"):
            assert f'href="{path}"' in html

    @pytest.mark.parametrize("start", ["/app/", "/desk/", "/status"])
    async def test_sends_a_browser_where_it_begins(self, gateway: Gateway, start: str) -> None:
        cookie = {"Cookie": f"other=1; magacin_start={start}"}
        assert (await self.get(gateway, headers=cookie))[:2] == (303, start)
        assert (await self.get(gateway, "/?stay", cookie))[0] == 200

    @pytest.mark.parametrize("start", ["https://evil.example/", "//evil.example", "/docs", "", "/app"])
    async def test_and_nowhere_else(self, gateway: Gateway, start: str) -> None:
        assert (await self.get(gateway, headers={"Cookie": f"magacin_start={start}"}))[0] == 200


class TestDemoBadge:
    BADGE = "MGB1ABCDEFGHIJKLMNOPQRSTUVWXYZ"

    async def html(self, gateway: Gateway, headers: dict[str, str] | None = None) -> str:
        async with gateway.session.get(gateway.url, headers=headers) as response:
            return await response.text()

    @pytest.fixture
    async def demo(self, start: Start, tmp_path: Path) -> tuple[Gateway, Path]:
        file = tmp_path / "demo-badge.json"
        return await start(demo_badge_file=file), file

    def leave(self, file: Path) -> str:
        device_id = "0b0d7a3e-0000-4000-8000-000000000001"
        badge = DemoBadge.model_validate(
            {"username": "you", "device_id": device_id, "device_secret": "s3cret", "badge": self.BADGE}
        )
        file.write_text(badge.model_dump_json())
        return f"/app/#device={device_id}.s3cret&amp;badge={self.BADGE}"

    async def test_is_shown_at_the_machine(self, demo: tuple[Gateway, Path]) -> None:
        gateway, file = demo
        link = self.leave(file)
        html = await self.html(gateway)
        assert f'href="{link}"' in html
        assert 'src="data:image/svg+xml' in html
        file.unlink()
        assert "Pick as" not in await self.html(gateway)

    @pytest.mark.parametrize("headers", [{"X-Forwarded-For": "127.0.0.1"}, {"Host": "magacin.example"}])
    async def test_and_to_nobody_else(self, demo: tuple[Gateway, Path], headers: dict[str, str]) -> None:
        gateway, file = demo
        self.leave(file)
        html = await self.html(gateway, headers)
        assert self.BADGE not in html
        assert "s3cret" not in html
        assert "data:image/svg+xml;" not in html

    async def test_is_left_out_where_it_cannot_be_read(self, demo: tuple[Gateway, Path]) -> None:
        gateway, file = demo
        file.write_text(f'{{"badge": "{self.BADGE}"}}')
        html = await self.html(gateway)
        assert "Pick as" not in html
        assert self.BADGE not in html


class TestStatus:
    async def test_shows_what_runs_where(self, gateway: Gateway) -> None:
        html, _ = await page(gateway)
        for title in ("API Gateway", "PostgreSQL", "Redis", "Task Service", "Import Service"):
            assert f'<span class="title">{title}</span>' in html
        assert "All 5 parts are healthy." in html

    async def test_shows_only_parts_it_has_an_address_for(self, start: Start) -> None:
        assert "Realtime Worker" not in (await page(await start()))[0]
        nobody = f"http://127.0.0.1:{free_port()}"
        gateway = await start(realtime_worker_url=nobody, links={"Prometheus": nobody})
        html, _ = await page(gateway)
        assert re.search(r"Realtime Worker</span>.*?state down", html, re.S)
        assert f'href="{nobody}' in html
        assert "5 of 7 parts are healthy. Look at Realtime Worker, Prometheus." in html

    async def test_shows_the_parts_that_a_file_lists_now(
        self, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(overview, "_REUSE_SECONDS", -1.0)
        file = tmp_path / "parts.json"
        gateway = await start(parts_file=file)
        assert "All 5 parts are healthy." in (await page(gateway))[0]
        nobody = f"http://127.0.0.1:{free_port()}"
        listed = [
            {"title": "Redis exporter", "url": nobody, "health": "/metrics", "open": False},
            {"title": "Inbox", "url": gateway.url, "health": "/health/live", "open": True},
        ]
        file.write_text(json.dumps(listed))
        html, _ = await page(gateway)
        assert "6 of 7 parts are healthy. Look at Redis exporter." in html
        assert f'href="{gateway.url}"' in html
        assert f'href="{nobody}"' not in html
        file.write_text("[{}]")
        assert "All 5 parts are healthy." in (await page(gateway))[0]

    @pytest.mark.parametrize("headers", [{"X-Forwarded-For": "192.0.2.7"}, {"Host": "magacin.example"}])
    async def test_tells_the_public_how_things_are_and_not_where_or_why(
        self, start: Start, redis_url: SecretStr, headers: dict[str, str]
    ) -> None:
        nobody = f"127.0.0.1:{free_port()}"
        linked = f"http://127.0.0.1:{free_port()}/"
        gateway = await start(task_service_url=f"http://{nobody}", links={"Grafana": linked})
        here, _ = await page(gateway)
        async with gateway.session.get(gateway.url + "/status", headers=headers) as response:
            html = await response.text()
        store = redis_url.get_secret_value().split("/")[2]
        for inside in (
            store,
            nobody,
            "task-service:",
            "does not answer",
            'href="/metrics"',
            'href="/health"',
        ):
            assert inside in here
            assert inside not in html
        assert "The gateway cannot do its job." in html
        assert re.search(r"Task Service</span>.*?state down", html, re.S)
        assert f'href="{linked}"' in html, "people are sent there"

    async def test_asks_a_part_where_it_finds_it_and_sends_people_where_they_do(self, start: Start) -> None:
        other = await start()
        nobody = f"http://127.0.0.1:{free_port()}"
        gateway = await start(links={"Console": {"url": nobody, "probe": other.url}})
        html, _ = await page(gateway)
        assert "All 6 parts are healthy." in html
        assert f'href="{nobody}/"' in html
        assert other.url not in html

    async def test_says_what_is_wrong(self, start: Start) -> None:
        gateway = await start(task_service_url=f"http://127.0.0.1:{free_port()}")
        html, _ = await page(gateway)
        assert "The gateway cannot do its job: task-service" in html

    async def test_redis_down(self, start: Start, redis_server: Server) -> None:
        gateway = await start()
        redis_server.stop()
        try:
            html, _ = await page(gateway)
        finally:
            redis_server.start()
        assert re.search(r"Redis</span>.*?state down", html, re.S)

    async def test_a_service_that_answers_something_else(self, start: Start, gateway: Gateway) -> None:
        gateway = await start(links={"Thing": gateway.url + "/api/board"})
        html, _ = await page(gateway)
        assert "answered 4" in html

    @pytest.mark.parametrize("path", ["/", "/status", "/docs"])
    async def test_asks_nobody_else_for_anything(self, gateway: Gateway, path: str) -> None:
        html, policy = await page(gateway, path)
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        (nonce,) = re.findall(r"style-src 'nonce-([^']+)'", policy)
        assert f'<style nonce="{nonce}">' in html
        assert "<script" not in html
        assert ' style="' not in html
        assert not re.findall(r'(?:src|href)="https?://', html)
        assert nonce not in (await page(gateway, path))[1]

    async def test_names_cannot_inject_markup(self, start: Start) -> None:
        gateway = await start(links={"<b>x</b>": f"http://127.0.0.1:{free_port()}"})
        html, _ = await page(gateway)
        assert "&lt;b&gt;x&lt;/b&gt;" in html

    async def test_shows_no_secret(self, gateway: Gateway) -> None:
        html, _ = await page(gateway)
        assert "magacin@" not in html


class TestOperations:
    async def test_lists_every_operation(self, gateway: Gateway) -> None:
        html, _ = await page(gateway, "/docs")
        for row in TABLE:
            assert f'<span class="path">{row.endpoint.template}</span>' in html
        assert "&#34;operation_id&#34;" in html

    async def test_promises_nothing_that_an_error_does_not_know(self, gateway: Gateway) -> None:
        """The same request may have been carried out: the answer was lost, not the work."""
        html, _ = await page(gateway, "/docs")
        assert "nothing was changed" not in html
        meant = gateway.app.openapi()["paths"]["/api/scan"]["post"]["responses"]
        for status in ("502", "503", "504"):
            assert "not known" in meant[status]["description"]


class TestHealth:
    async def test_names_every_dependency_and_loop(self, gateway: Gateway) -> None:
        status, report = await gateway.request("GET", "/health", role=None)
        assert (status, report["status"]) == (200, "ok")
        assert {name: check["critical"] for name, check in report["checks"].items()} == {
            "postgresql": True,
            "redis": False,
            "task-service": True,
            "import-service": False,
            "socket_presence": False,
            "socket_feed": False,
            "user_state": False,
            "client_watch": True,
            "erasures": False,
            "audit_retention": False,
        }

    @pytest.mark.parametrize("name", ["socket_presence", "user_state", "client_watch"])
    async def test_fails_when_a_loop_of_its_own_is_dead(self, start: Start, name: str) -> None:
        gateway = await start()
        [check] = [c for c in gateway.health._checks if c.name == name]
        loop: BackgroundLoop = check.probe.__self__  # type: ignore[attr-defined]  # a loop's is its method
        assert loop._task is not None
        loop._stopping = True  # it ends by itself; cancelling may hit it in the middle of a query
        await asyncio.wait([loop._task])
        status, report = await gateway.request("GET", "/health", role=None)
        assert (status, report["status"]) == (503, "failing")
        assert report["checks"][name]["reason"] == "is not running"

    async def test_works_without_redis(self, start: Start, redis_server: Server) -> None:
        gateway = await start()
        redis_server.stop()
        try:
            status, report = await gateway.request("GET", "/health", role=None)
            assert (status, report["status"]) == (200, "degraded")
            assert await gateway.metric('magacin_dependency_up{dependency="redis"}') == 0
            assert (await gateway.request("POST", "/api/scan", json={}))[0] == 200
        finally:
            redis_server.start()

    async def test_without_postgresql_scans_go_on_and_logins_say_why_not(
        self, start: Start, postgres_server: Server
    ) -> None:
        gateway = await start()
        postgres_server.stop()
        try:
            status, report = await gateway.request("GET", "/health", role=None)
            assert (status, report["checks"]["postgresql"]["status"]) == (503, "failing")
            credentials = {"username": "ana", "password": "x"}
            status, body = await gateway.request("POST", "/api/auth/login", role=None, json=credentials)
            assert (status, body["error"]["details"]) == (503, {"dependency": "postgresql"})
            assert (await gateway.request("POST", "/api/scan", json={}))[0] == 200
        finally:
            postgres_server.start()
        status, _ = await gateway.request("POST", "/api/auth/login", role=None, json=credentials)
        assert status == 401

    async def test_live_says_only_that_it_runs(self, gateway: Gateway) -> None:
        async def answer(_: Request) -> Response:
            return JSONResponse({}, 500)

        gateway.upstream.answer = answer
        assert await gateway.request("GET", "/health/live", role=None) == (200, {"status": "alive"})
