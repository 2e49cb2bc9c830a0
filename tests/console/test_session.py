"""Who may use the console, and what a request must show."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
import jwt
import pytest
from fastapi.routing import APIRoute
from pydantic import SecretStr

from magacin.console import dashboards, endpoints, proxy, runbooks
from magacin.console.app import create_app
from magacin.console.sessions import Session, Sessions
from magacin.console.settings import ConsoleSettings
from tests.console.conftest import OPERATOR, Browser
from tests.support import serving

SILENCE = "/api/alertmanager/api/v2/silence/00000000-0000-0000-0000-000000000000"


def api_routes() -> list[tuple[str, str]]:
    """Return every method and path below /api, with something in place of its parameters."""
    filled = {"silence_id": SILENCE.rpartition("/")[2], "message_id": "1", "uid": "x", "name": "x"}
    return [
        (method, route.path.format(**filled))
        for module in (endpoints, dashboards, runbooks, proxy)
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]


class TestStranger:
    async def test_is_told_that_nobody_is_logged_in(self, stranger: Browser) -> None:
        status, body, _ = await stranger("GET", "/api/session")
        assert status == 200
        assert not body["authenticated"]
        assert body["csrf_token"] is None

    async def test_gets_nothing_of_the_api(self, stranger: Browser) -> None:
        routes = set(api_routes()) - {("GET", "/api/session"), ("POST", "/api/session")}
        assert len(routes) > 20
        for method, path in routes:
            status, body, _ = await stranger(method, path)
            assert (status, body["error"]["code"]) == (401, "unauthorized"), (method, path)

    async def test_gets_the_page_the_health_and_the_metrics(self, stranger: Browser) -> None:
        for path in ("/", "/d/magacin-overview", "/health", "/health/live", "/metrics"):
            status, _, _ = await stranger("GET", path, headers={"Accept": "text/html"})
            assert status == 200, path


class TestLogin:
    async def test_gives_a_cookie_that_scripts_and_other_sites_cannot_use(self, stranger: Browser) -> None:
        status, body, headers = await stranger("POST", "/api/session", json={"password": OPERATOR})
        assert status == 200
        assert body["authenticated"]
        assert body["features"] == {"inbox": True}
        cookie = headers["Set-Cookie"]
        assert cookie.startswith("magacin_console_0=")
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        assert OPERATOR not in cookie

    async def test_a_wrong_password(self, stranger: Browser) -> None:
        status, body, headers = await stranger("POST", "/api/session", json={"password": "wrong"})
        assert (status, body["error"]["code"]) == (401, "wrong_password")
        assert "Set-Cookie" not in headers

    async def test_too_many_have_to_wait_even_with_the_right_one(
        self, stranger: Browser, settings: ConsoleSettings
    ) -> None:
        for _ in range(settings.console_login_failures):
            assert await stranger.login("wrong-one") == 401
        status, body, headers = await stranger("POST", "/api/session", json={"password": OPERATOR})
        assert (status, body["error"]["code"]) == (429, "too_many_attempts")
        assert 0 < int(headers["Retry-After"]) <= 60

    @pytest.mark.parametrize(
        "origin", ["http://evil.example", "null", "", "http://[", "http://[evil]", "http://127.0.0.1:port"]
    )
    async def test_another_sites_page_cannot_log_in(self, stranger: Browser, origin: str) -> None:
        status, body, _ = await stranger(
            "POST", "/api/session", json={"password": OPERATOR}, headers={"Origin": origin}
        )
        assert (status, body["error"]["code"]) == (403, "not_from_here")

    async def test_another_name_for_our_address_is_refused(self, stranger: Browser) -> None:
        status, _, _ = await stranger("GET", "/", headers={"Host": "evil.example"})
        assert status == 403


class TestSession:
    async def test_ends_with_logging_out_for_every_copy_of_its_cookie(self, operator: Browser) -> None:
        [cookie] = [f"{c.key}={c.value}" for c in operator.session.cookie_jar]
        status, _, _ = await operator("DELETE", "/api/session")
        assert status == 204
        async with aiohttp.ClientSession() as other:
            copy = Browser(other, operator.url, headers={"Cookie": cookie})
            status, body, _ = await copy("GET", "/api/dashboards")
        assert (status, body["error"]["code"]) == (401, "unauthorized")

    async def test_outlives_a_restart(self, operator: Browser, settings: ConsoleSettings) -> None:
        async with serving(create_app(settings)) as url:
            status, _, _ = await Browser(operator.session, url)("GET", "/api/dashboards")
        assert status == 200

    async def test_stays_logged_out_after_a_restart(
        self, operator: Browser, settings: ConsoleSettings
    ) -> None:
        copy = {"Cookie": "; ".join(f"{c.key}={c.value}" for c in operator.session.cookie_jar)}
        assert (await operator("DELETE", "/api/session"))[0] == 204
        async with serving(create_app(settings)) as url, aiohttp.ClientSession() as other:
            status, _, _ = await Browser(other, url, headers=copy)("GET", "/api/dashboards")
        assert status == 401

    @pytest.mark.parametrize("changed", ["operator_password", "console_key"])
    async def test_ends_with_a_new_password_or_key(
        self, operator: Browser, settings: ConsoleSettings, changed: str
    ) -> None:
        other = settings.model_copy(update={changed: SecretStr("f" * 40)})
        async with serving(create_app(other)) as url:
            status, _, _ = await Browser(operator.session, url)("GET", "/api/dashboards")
        assert status == 401

    @pytest.mark.parametrize(("days_ago", "valid"), [(6.9, True), (7.1, False)])
    async def test_ends_by_itself(
        self, stranger: Browser, settings: ConsoleSettings, days_ago: float, valid: bool
    ) -> None:
        status, headers = await _ask_with(
            stranger, settings, issued_days_ago=days_ago, since_days_ago=days_ago
        )
        assert (status == 200) is valid
        assert ("Set-Cookie" in headers) is valid, "one that is used gets more time"

    @pytest.mark.parametrize(("since", "expected"), [(29.9, 200), (30.1, 401)])
    async def test_ends_at_last_however_much_it_is_used(
        self, stranger: Browser, settings: ConsoleSettings, since: float, expected: int
    ) -> None:
        status, _ = await _ask_with(stranger, settings, issued_days_ago=2, since_days_ago=since)
        assert status == expected

    async def test_a_young_one_is_not_made_anew(self, operator: Browser) -> None:
        _, _, headers = await operator("GET", "/api/dashboards")
        assert "Set-Cookie" not in headers

    @pytest.mark.parametrize("algorithm", ["none", "HS512"])
    async def test_a_forged_one_is_worth_nothing(self, stranger: Browser, algorithm: str) -> None:
        claims = {"jti": "x", "since": int(time.time()), "iat": int(time.time()), "exp": 2**33}
        key = "" if algorithm == "none" else "k" * 64
        token = jwt.encode(claims, key, algorithm=algorithm)
        status, _, _ = await stranger(
            "GET", "/api/dashboards", headers={"Cookie": f"magacin_console_0={token}"}
        )
        assert status == 401


async def _ask_with(
    browser: Browser, settings: ConsoleSettings, *, issued_days_ago: float, since_days_ago: float
) -> tuple[int, Any]:
    sessions = Sessions(settings)
    now = time.time()
    session = Session("x", int(now - since_days_ago * 86_400), int(now - issued_days_ago * 86_400))
    cookie = sessions.cookie(session).partition(";")[0]
    status, _, headers = await browser("GET", "/api/dashboards", headers={"Cookie": cookie})
    return status, headers


class TestChanges:
    async def test_need_the_token_on_every_route_that_is_not_a_get(self, operator: Browser) -> None:
        unsafe = [r for r in api_routes() if r[0] not in ("GET", "HEAD") and r != ("POST", "/api/session")]
        assert ("DELETE", SILENCE) in unsafe
        for method, path in unsafe:
            for headers in ({}, {"X-CSRF-Token": "0" * 64}):
                status, body, _ = await operator(method, path, csrf=False, headers=headers)
                assert (status, body["error"]["code"]) == (403, "csrf"), (method, path)

    async def test_the_token_of_another_session_does_not_do(self, operator: Browser) -> None:
        first = operator.csrf
        await operator.login()
        status, _, _ = await operator("DELETE", SILENCE, csrf=False, headers={"X-CSRF-Token": first})
        assert status == 403

    async def test_reading_needs_none(self, operator: Browser) -> None:
        status, _, _ = await operator("GET", "/api/dashboards", csrf=False)
        assert status == 200


class TestAllowList:
    @pytest.mark.parametrize(
        "path",
        [
            "/api/prometheus/api/v1/admin/tsdb/delete_series",
            "/api/prometheus/api/v1/status/walreplay/../../admin/tsdb/snapshot",
            "/api/prometheus/-/quit",
            "/api/prometheus/-/reload",
            "/api/prometheus/metrics",
            "/api/prometheus/api/v1/write",
            "/api/prometheus/api/v1/label/..%2Fadmin/values",
            "/api/alertmanager/api/v2/silence/..%2F..%2F-%2Freload",
            "/api/alertmanager/-/reload",
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
    async def test_nothing_else_of_the_apis_is_reached(
        self, operator: Browser, method: str, path: str
    ) -> None:
        status, _, _ = await operator(method, path)
        assert status in (404, 405, 422)

    async def test_alerts_cannot_be_posted(self, operator: Browser) -> None:
        status, _, _ = await operator("POST", "/api/alertmanager/api/v2/alerts", json=[])
        assert status == 405

    @pytest.mark.parametrize("path", proxy._PROMETHEUS)
    async def test_what_pages_need_of_prometheus_is(self, operator: Browser, path: str) -> None:
        query = "?match[]=up" if path == "series" else ""
        status, body, _ = await operator("GET", f"/api/prometheus/api/v1/{path}{query}")
        assert (status, body["status"]) == (200, "success")

    @pytest.mark.parametrize("path", proxy._ALERTMANAGER)
    async def test_what_pages_need_of_alertmanager_is(self, operator: Browser, path: str) -> None:
        status, _, _ = await operator("GET", f"/api/alertmanager/api/v2/{path}")
        assert status == 200


class TestHeaders:
    async def test_no_script_and_no_style_but_ours(self, stranger: Browser) -> None:
        _, _, headers = await stranger("GET", "/", headers={"Accept": "text/html"})
        policy = dict(
            directive.strip().partition(" ")[::2]
            for directive in headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["connect-src"] == "'self'"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "http" not in headers["Content-Security-Policy"]
        assert policy["script-src"] == policy["style-src"] == "'self'"

    @pytest.mark.parametrize("path", ["/", "/api/session", "/assets/app-1a2b.js", "/api/none", "/health"])
    async def test_of_every_answer(self, stranger: Browser, path: str) -> None:
        _, _, headers = await stranger("GET", path, headers={"Accept": "text/html"})
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "same-origin"
