"""What the console does with the answers of Prometheus and Alertmanager, and without them."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import HttpUrl

from magacin.console.app import create_app
from magacin.console.settings import ConsoleSettings
from tests.conftest import free_port
from tests.console.conftest import Browser, Prometheus
from tests.monitoring.live_alerting import Alerting, until
from tests.support import serving


class TestPrometheus:
    async def test_its_words_on_a_wrong_query_come_through(self, operator: Browser) -> None:
        for path in ("query", "query_range"):
            form = {"query": "rate(up", "start": "0", "end": "60", "step": "15"}
            status, body, _ = await operator("POST", f"/api/prometheus/api/v1/{path}", data=form)
            assert (status, body["errorType"]) == (400, "bad_data")
            assert "unclosed left parenthesis" in body["error"]

    async def test_too_many_steps_are_prometheus_to_refuse(self, operator: Browser) -> None:
        query = "query=up&start=0&end=100000&step=1"
        status, body, _ = await operator("GET", f"/api/prometheus/api/v1/query_range?{query}")
        assert status == 400
        assert "11,000 points" in body["error"]

    async def test_a_query_of_one_moment(self, operator: Browser, prometheus: Prometheus) -> None:
        form = {"query": 'work_total{job="a"}', "time": str(prometheus.history.end)}
        _, body, _ = await operator("POST", "/api/prometheus/api/v1/query", data=form)
        [series] = body["data"]["result"]
        assert series["metric"]["job"] == "a"

    async def test_a_body_that_is_no_form_is_refused(self, operator: Browser) -> None:
        status, body, _ = await operator("POST", "/api/prometheus/api/v1/query", json={"query": "up"})
        assert (status, body["error"]["code"]) == (400, "bad_request")

    async def test_values_of_a_label(self, operator: Browser, prometheus: Prometheus) -> None:
        query = f"match[]=work_total&start={prometheus.history.start}&end={prometheus.history.end}"
        _, body, _ = await operator("GET", f"/api/prometheus/api/v1/label/job/values?{query}")
        assert body["data"] == ["a", "b", "c"]

    async def test_down_and_back(self, operator: Browser, prometheus: Prometheus) -> None:
        path = "/api/prometheus/api/v1/query?query=up"
        prometheus.server.stop()
        try:
            status, body, headers = await operator("GET", path)
            assert (status, body["error"]["code"]) == (503, "prometheus_unavailable")
            assert body["error"]["message"] == "Prometheus does not answer."
            assert "Retry-After" in headers
            status, _, _ = await operator("GET", "/api/alertmanager/api/v2/alerts")
            assert status == 200, "alerts go on"
            await asyncio.sleep(0.6)  # a report on health is kept for half a second
            status, health, _ = await operator("GET", "/health")
            assert (status, health["status"]) == (200, "degraded")
            assert health["checks"]["prometheus"]["status"] == "failing"
        finally:
            prometheus.server.start()
        status, _, _ = await operator("GET", path)
        assert status == 200


class Odd:
    """A server that answers oddly: too slowly, too much, or not what it should."""

    def __init__(self) -> None:
        self.busy = 0
        self.most_busy = 0

    async def query(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            match str(form["query"]):
                case "large":
                    return web.json_response({"status": "success", "data": "x" * 200_000})
                case "slow":
                    await asyncio.sleep(30)
                case "starting":
                    return web.Response(text="Service Unavailable", status=503)
                case "broken":
                    assert request.transport
                    request.transport.abort()
                case "redirect":
                    raise web.HTTPFound("http://127.0.0.1:1/elsewhere")
            await asyncio.sleep(0.05)
            return web.json_response({"status": "success", "data": {"resultType": "vector", "result": []}})
        finally:
            self.busy -= 1


class TestManyQueries:
    PATH = "/api/prometheus/queries"

    async def ask(self, operator: Browser, *asked: dict[str, Any]) -> dict[int, tuple[int, Any]]:
        status, body, _ = await operator("POST", self.PATH, json=asked)
        assert status == 200, body
        lines = [json.loads(line) for line in body.splitlines()]
        return {line["at"]: (line["status"], line["answer"]) for line in lines}

    async def test_each_is_answered_as_it_is_alone(self, operator: Browser, prometheus: Prometheus) -> None:
        end = prometheus.history.end
        span = {"start": str(end - 600), "end": str(end), "step": "15"}
        ranged = {"path": "query_range", "form": {"query": "work_total", **span}}
        moment = {"path": "query", "form": {"query": "work_total", "time": str(end)}}
        wrong = {"path": "query", "form": {"query": "rate(up"}}
        found = await self.ask(operator, ranged, wrong, moment)
        alone, _ = await operator.range("work_total", end - 600, end, 15)
        assert found[0] == (200, {"status": "success", "data": {"resultType": "matrix", "result": alone}})
        assert found[1][0] == 400
        assert "unclosed left parenthesis" in found[1][1]["error"]
        assert {one["metric"]["job"] for one in found[2][1]["data"]["result"]} == {"a", "b", "c"}

    async def test_without_prometheus_each_says_so(self, operator: Browser, prometheus: Prometheus) -> None:
        prometheus.server.stop()
        try:
            found = await self.ask(operator, {"path": "query", "form": {"query": "up"}})
            assert (found[0][0], found[0][1]["error"]["code"]) == (503, "prometheus_unavailable")
        finally:
            prometheus.server.start()

    async def test_too_many_and_other_paths_are_refused(self, operator: Browser) -> None:
        one = {"path": "query", "form": {"query": "up"}}
        for asked in ([one] * 201, [{"path": "admin/tsdb/snapshot", "form": {}}]):
            status, _, _ = await operator("POST", self.PATH, json=asked)
            assert status == 422

    async def test_only_with_the_token_of_the_session(self, operator: Browser) -> None:
        status, _, _ = await operator("POST", self.PATH, json=[], csrf=False)
        assert status == 403


class TestOddAnswers:
    @pytest.fixture
    async def odd(self) -> AsyncIterator[tuple[Odd, int]]:
        server, port = Odd(), free_port()
        app = web.Application()
        app.router.add_post("/api/v1/query", server.query)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield server, port
        await runner.cleanup()

    @pytest.fixture
    def query_seconds(self) -> float:
        return 60.0

    @pytest.fixture
    async def limited(
        self, odd: tuple[Odd, int], settings: ConsoleSettings, operator: Browser, query_seconds: float
    ) -> AsyncIterator[Browser]:
        changed = {
            "prometheus_url": HttpUrl(f"http://127.0.0.1:{odd[1]}"),
            "console_query_seconds": query_seconds,
            "console_answer_bytes": 100_000,
            "console_concurrent_queries": 3,
        }
        async with serving(create_app(settings.model_copy(update=changed))) as url:
            yield Browser(operator.session, url, operator.csrf)

    @pytest.mark.parametrize(
        ("query", "status", "code", "query_seconds"),
        [
            ("large", 422, "answer_too_large", 60.0),
            ("slow", 504, "query_timeout", 0.5),
            ("starting", 503, "prometheus_unavailable", 60.0),
            ("broken", 503, "prometheus_unavailable", 60.0),
            ("redirect", 503, "prometheus_unavailable", 60.0),
        ],
    )
    async def test_each_has_an_error_of_its_own(
        self, limited: Browser, query: str, status: int, code: str
    ) -> None:
        got, body, _ = await limited("POST", "/api/prometheus/api/v1/query", data={"query": query})
        assert (got, body["error"]["code"]) == (status, code)

    async def test_only_some_are_asked_at_once(self, limited: Browser, odd: tuple[Odd, int]) -> None:
        path = "/api/prometheus/api/v1/query"
        answers = await asyncio.gather(
            *(limited("POST", path, data={"query": f"q{number}"}) for number in range(12))
        )
        assert {status for status, _, _ in answers} == {200}
        assert odd[0].most_busy == 3

    async def test_every_one_is_measured(self, limited: Browser) -> None:
        before = await _requests(limited)
        await limited("POST", "/api/prometheus/api/v1/query", data={"query": "large"})
        await limited("POST", "/api/prometheus/api/v1/query", data={"query": "fine"})
        after = await _requests(limited)
        grown = {outcome: after[outcome] - before[outcome] for outcome in after}
        assert grown == {
            "success": 1,
            "too_large": 1,
            "refused": 0,
            "failed": 0,
            "unavailable": 0,
            "timeout": 0,
        }


async def _requests(browser: Browser) -> dict[str, float]:
    status, page, _ = await browser("GET", "/metrics")
    assert status == 200, page
    found = {}
    for line in page.splitlines():
        if line.startswith('console_upstream_requests_total{outcome="') and 'upstream="prometheus"' in line:
            found[line.partition('outcome="')[2].partition('"')[0]] = float(line.split()[-1])
    return found


class TestSilences:
    def silence(self, alert: str, comment: str = "a test") -> dict[str, Any]:
        now = datetime.now(UTC)
        return {
            "matchers": [{"name": "alertname", "value": alert, "isRegex": False, "isEqual": True}],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "ana",
            "comment": comment,
        }

    async def test_one_is_made_changed_and_ended(self, operator: Browser, live_alerting: Alerting) -> None:
        base = "/api/alertmanager/api/v2"
        alert = f"Test{uuid.uuid4().hex}"
        live_alerting.post({"alertname": alert, "service": "x", "severity": "critical"})

        async def state() -> str:
            _, alerts, _ = await operator("GET", f"{base}/alerts")
            return str(next(a["status"]["state"] for a in alerts if a["labels"]["alertname"] == alert))

        until(lambda: [a for a in live_alerting.alerts() if a["labels"]["alertname"] == alert])
        assert await state() == "active"
        status, made, _ = await operator("POST", f"{base}/silences", json=self.silence(alert))
        assert status == 200, made
        assert await state() == "suppressed", "a change shows at once, whoever had asked before"
        _, found, _ = await operator("GET", f"{base}/silence/{made['silenceID']}")
        assert found["comment"] == "a test"
        changed = self.silence(alert, "longer") | {"id": made["silenceID"], "startsAt": found["startsAt"]}
        status, made, _ = await operator("POST", f"{base}/silences", json=changed)
        assert status == 200, made
        status, _, _ = await operator("DELETE", f"{base}/silence/{made['silenceID']}")
        assert status == 200
        assert await state() == "active"

    async def test_what_alertmanager_refuses_comes_through(self, operator: Browser) -> None:
        wrong = self.silence("x") | {"matchers": []}
        status, _, _ = await operator("POST", "/api/alertmanager/api/v2/silences", json=wrong)
        assert status in (400, 422)


class TestInbox:
    async def test_messages_and_the_html_of_a_mail(self, operator: Browser, live_alerting: Alerting) -> None:
        alert = f"Mail{uuid.uuid4().hex}"
        live_alerting.post({"alertname": alert, "service": "x", "severity": "critical"})
        until(lambda: live_alerting.messages(alert=alert, kind="email"))
        status, page, _ = await operator("GET", f"/api/inbox/messages?alert={alert}&kind=email")
        assert status == 200
        [mail] = page["items"]
        status, html, headers = await operator("GET", f"/api/inbox/messages/{mail['id']}/html")
        assert status == 200
        assert mail["html"] in html
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("sandbox ")
        assert "script" not in policy
        assert "default-src 'none'" in policy

    async def test_is_absent_where_messages_go_to_people(
        self, settings: ConsoleSettings, operator: Browser
    ) -> None:
        assert settings.parts_file
        settings.parts_file.write_text("[]")
        status, body, _ = await operator("GET", "/api/inbox/messages")
        assert (status, body["error"]["code"]) == (404, "no_inbox")
        _, state, _ = await operator("GET", "/api/session")
        assert state["features"] == {"inbox": False}

    async def test_is_down(self, settings: ConsoleSettings, operator: Browser) -> None:
        assert settings.parts_file
        part = {"title": "Inbox", "url": "http://127.0.0.1:1", "health": "/", "open": True}
        settings.parts_file.write_text(json.dumps([part]))
        status, body, _ = await operator("GET", "/api/inbox/messages")
        assert (status, body["error"]["code"]) == (503, "inbox_unavailable")


async def test_it_starts_and_says_so_when_nothing_else_runs(
    settings: ConsoleSettings, tmp_path: Path
) -> None:
    nowhere = HttpUrl("http://127.0.0.1:1")
    alone = settings.model_copy(
        update={"prometheus_url": nowhere, "alertmanager_url": nowhere, "web_dir": tmp_path / "none"}
    )
    async with serving(create_app(alone)) as url, aiohttp.ClientSession() as session:
        status, health, _ = await Browser(session, url)("GET", "/health")
    assert (status, health["status"]) == (503, "failing"), "without its pages it can do nothing"
    failing = {name for name, check in health["checks"].items() if check["status"] == "failing"}
    assert failing == {"web_app", "prometheus", "alertmanager"}
