"""Every port of a stack, tried without a login, with a wrong one and with the right one."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import psutil
import pytest
import redis
from aiohttp import web
from playwright.async_api import Browser

from magacin.cli._common import Progress
from magacin.contracts.identity import Identity, Role
from magacin.core.security import SERVICE_TOKEN_HEADER
from magacin.ops.doctor import security
from magacin.ops.doctor.patient import Patient
from magacin.stack import clients, logins
from magacin.stack.lifecycle import Stack
from magacin.stack.parts import AUTHORITY_PORT, ENDPOINTS, LAN_PORT, PARTS
from magacin.stack.paths import DataDir
from tests.e2e.conftest import PHONES, RunningStack

pytestmark = pytest.mark.e2e

EVIL = "http://evil.example"
Login = Mapping[str, str]
NOBODY: Login = {}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]


def ask(url: str, headers: Login = NOBODY, method: str = "GET", body: bytes | None = None) -> Answer:
    """Ask as anybody can, with these headers alone."""
    host, _, path = url.removeprefix("http://").partition("/")
    with contextlib.closing(http.client.HTTPConnection(host, timeout=30)) as connection:
        connection.request(method, f"/{path}", body, dict(headers))
        response = connection.getresponse()
        response.read()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()})


@dataclass(frozen=True)
class Door:
    """An HTTP port behind a login: what to ask of which part, a wrong login, and the right one.

    `inside` is the status for who is let in.
    """

    part: str
    path: str
    wrong: Login
    right: Callable[[RunningStack], Login]
    inside: int = 200


def _basic(part: str, path: str, user: str, secret: str) -> Door:
    wrong = {"Authorization": logins.basic(user, "0" * 64)}
    return Door(part, path, wrong, lambda stack: {"Authorization": logins.basic(user, stack.secret(secret))})


def _service(part: str, path: str, inside: int = 200) -> Door:
    admin = Identity("admin", Role.ADMIN).headers()

    def right(stack: RunningStack) -> Login:
        return {SERVICE_TOKEN_HEADER: stack.secret("service-token"), **admin}

    return Door(part, path, {SERVICE_TOKEN_HEADER: "0" * 64, **admin}, right, inside)


def _person(stack: RunningStack) -> Login:
    body = json.dumps({"username": "admin", "password": stack.secret("admin-password")}).encode()
    headers = {"Content-Type": "application/json"}
    answer = clients.ask(stack.site, "api-gateway", "/api/auth/login", body, headers=headers)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _operator(stack: RunningStack) -> Login:
    body = json.dumps({"password": stack.secret("operator-password")}).encode()
    url = f"{stack.url('console')}/api/session"
    answer = ask(url, {"Content-Type": "application/json"}, "POST", body)
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


OPERATOR, MONITORING, SCRAPER = (
    ("operator", "operator-password"),
    ("magacin", "monitoring-password"),
    ("prometheus", "scrape-token"),
)
DOORS = (
    _basic("prometheus", "/api/v1/alerts", *OPERATOR),
    _basic("prometheus", "/classic/graph", *OPERATOR),
    _basic("prometheus", "/user/ServiceDown.md", *OPERATOR),
    _basic("prometheus", "/-/ready", *MONITORING),
    _basic("alertmanager", "/api/v2/silences", *OPERATOR),
    _basic("alertmanager", "/", *OPERATOR),
    _basic("alertmanager", "/-/ready", *MONITORING),
    _basic("node-exporter", "/metrics", *OPERATOR),
    _basic("node-exporter", "/metrics", *SCRAPER),
    _basic("postgres-exporter", "/metrics", *OPERATOR),
    _basic("postgres-exporter", "/metrics", *SCRAPER),
    Door("api-gateway", "/api/tasks", {"Authorization": "Bearer wrong"}, _person),
    Door("console", "/api/prometheus/api/v1/alerts", {"Cookie": "magacin_console=wrong"}, _operator),
    _service("task-service", "/api/tasks"),
    _service("import-service", "/api/imports"),
    _service("realtime-worker", "/", 404),
)
# Debian's redis_exporter has no login, nor has the inbox: nobody beyond the machine reaches either.
ON_LOOPBACK_ALONE = {"redis-exporter", "inbox"}
# They have protocols of their own: see the tests below.
STORES = {"postgres", "redis"}


@pytest.fixture(scope="module")
def listening(stack: RunningStack) -> set[tuple[str, str, int]]:
    """Part, address and port (as if the offset were 0) of all that the stack's processes listen on."""
    by_pid = security.owners(Patient(Stack(DataDir(stack.data_dir), Progress())))
    return {
        (by_pid[one.pid], one.laddr.ip, one.laddr.port - stack.offset)
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.pid in by_pid and one.laddr
    }


def test_every_port_is_in_the_table(listening: set[tuple[str, str, int]]) -> None:
    known = {*ENDPOINTS, ("api-gateway", LAN_PORT), ("api-gateway", AUTHORITY_PORT)}
    assert {(part, port) for part, _, port in listening} <= known
    tried = {door.part for door in DOORS} | ON_LOOPBACK_ALONE | STORES
    assert {part for part, _, _ in listening} == tried
    assert {address for _, address, _ in listening} == {"127.0.0.1"}


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.part} {door.path}")
def test_only_who_has_the_login_is_let_in(stack: RunningStack, door: Door) -> None:
    url = stack.url(door.part) + door.path
    assert ask(url).status == 401
    assert ask(url, door.wrong).status == 401
    assert ask(url, door.right(stack)).status == door.inside


BASIC = sorted({door.part for door in DOORS if PARTS[door.part].login})


@pytest.mark.parametrize("part", BASIC)
class TestPagesFromElsewhere:
    def test_one_that_has_its_name_point_here_is_refused(self, stack: RunningStack, part: str) -> None:
        """DNS rebinding: to the browser it is a host of its own, for which it has no password."""
        assert ask(stack.url(part), {"Host": "evil.example"}).status == 401

    def test_one_that_asks_beforehand_is_refused(self, stack: RunningStack, part: str) -> None:
        """A browser sends no password with that question, whatever it knows."""
        asking = {
            "Origin": EVIL,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        answer = ask(f"{stack.url(part)}/api/v2/silences", asking, "OPTIONS")
        assert answer.status == 401
        assert not {name for name in answer.headers if name.startswith("access-control")}

    def test_none_may_show_it_in_a_frame(self, stack: RunningStack, part: str) -> None:
        assert ask(stack.url(part)).headers["x-frame-options"] == "deny"


def test_prometheus_lets_no_page_from_elsewhere_read_it(stack: RunningStack) -> None:
    login = logins.headers(stack.site, "prometheus")
    answer = ask(f"{stack.url('prometheus')}/api/v1/alerts", {**login, "Origin": EVIL})
    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.fixture
async def elsewhere() -> AsyncIterator[str]:
    """A web page of somebody else's, on the same machine: to a browser, of another origin."""

    async def show(_: web.Request) -> web.Response:
        return web.Response(text="<title>elsewhere</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", show)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        [address] = runner.addresses
        yield f"http://127.0.0.1:{address[1]}/"
    finally:
        await runner.cleanup()


_SILENCE_ALL = """async ([url, silence]) => {
    const headers = {"Content-Type": "application/json"};
    const options = {method: "POST", credentials: "include", headers, body: JSON.stringify(silence)};
    return await fetch(url, options).then((answer) => answer.status, (error) => error.name);
}"""


@pytest.mark.parametrize("known", [False, True], ids=["nobody logged in", "the operator is logged in"])
async def test_a_page_from_elsewhere_cannot_silence_alerts(
    stack: RunningStack, browser: Browser, elsewhere: str, known: bool
) -> None:
    silence = {
        "matchers": [{"name": "alertname", "value": ".+", "isRegex": True}],
        "startsAt": "2020-01-01T00:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "evil",
        "comment": "evil",
    }
    alertmanager = stack.url("alertmanager")
    login: Any = {"username": "operator", "password": stack.secret("operator-password")} if known else None
    context = await browser.new_context(http_credentials=login)
    try:
        page = await context.new_page()
        if known:
            response = await page.goto(f"{alertmanager}/api/v2/status")
            assert response is not None
            assert response.status == 200
        await page.goto(elsewhere)
        assert await page.evaluate(_SILENCE_ALL, [f"{alertmanager}/api/v2/silences", silence]) == "TypeError"
    finally:
        await context.close()
    found = clients.ask(stack.site, "alertmanager", "/api/v2/silences").json()
    assert not [one for one in found if one["createdBy"] == "evil"]


class TestStores:
    @pytest.mark.parametrize("role", ["magacin", "magacin_monitor", "postgres"])
    async def test_postgresql(self, stack: RunningStack, role: str) -> None:
        for password in (None, "0" * 64):
            with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.PostgresError)):
                await asyncpg.connect(
                    host="127.0.0.1",
                    port=stack.site.port("postgres"),
                    user=role,
                    password=password,
                    database="magacin",
                )
        async with clients.postgres(stack.site, role=role) as connection:
            assert await connection.fetchval("SELECT 1") == 1

    def test_redis(self, stack: RunningStack) -> None:
        for password in ("", "0" * 64):
            with (
                clients.redis_client(stack.site, password=password) as client,
                pytest.raises(redis.AuthenticationError),
            ):
                client.ping()
        with clients.redis_client(stack.site) as client:
            assert client.ping()


def by_the_lan(stack: RunningStack, path: str, headers: Login = NOBODY) -> int:
    """Ask as a phone does, over TLS; return the status."""
    context = ssl.create_default_context(cafile=stack.data_dir / "lan" / PHONES / "authority.crt")
    with (
        socket.create_connection(("127.0.0.1", LAN_PORT + stack.offset), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=PHONES) as secure,
        contextlib.closing(http.client.HTTPConnection(PHONES)) as connection,
    ):
        connection.sock = secure
        connection.request("GET", path, headers=dict(headers))
        return connection.getresponse().status


class TestPhones:
    def test_what_is_for_the_machine_is_not_there(self, stack: RunningStack) -> None:
        for path in ("/metrics", "/health"):
            assert by_the_lan(stack, path) == 404

    def test_tasks_are_for_people_who_are_logged_in(self, stack: RunningStack) -> None:
        assert by_the_lan(stack, "/api/tasks") == 401
        assert by_the_lan(stack, "/api/tasks", {"Authorization": "Bearer wrong"}) == 401
        assert by_the_lan(stack, "/api/tasks", _person(stack)) == 200


def test_nothing_that_runs_has_a_secret_in_its_command_line(stack: RunningStack) -> None:
    values = [file.read_text().strip() for file in (stack.data_dir / "secrets").iterdir()]
    secret = [value for value in values if len(value) >= 32]
    by_pid = security.owners(Patient(Stack(DataDir(stack.data_dir), Progress())))
    shown = [" ".join(psutil.Process(pid).cmdline()) for pid in by_pid if psutil.pid_exists(pid)]
    assert shown
    assert not [line for line in shown for value in secret if value in line]


def test_no_login_of_the_monitoring_is_in_a_log(stack: RunningStack) -> None:
    values = [stack.secret(name) for name in logins.SECRET_OF.values()]
    for log in (stack.data_dir / "logs").glob("*.log"):
        text = log.read_text(errors="replace")
        assert not [value for value in values if value in text], log
