"""`up --production`: what it closes, tried without a login, with a wrong one and with the right one."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing

import psutil
import pytest

from magacin.cli._common import Progress
from magacin.ops.doctor import parts as doctor_of_parts
from magacin.ops.doctor import security
from magacin.ops.doctor.patient import Patient
from magacin.stack import clients
from magacin.stack.lifecycle import Stack
from magacin.stack.parts import LAN_PORT, PARTS
from magacin.stack.paths import DataDir
from tests.e2e.conftest import PHONES, RunningStack, eventually, magacin, running
from tests.e2e.test_doors import DOORS, Door, ask

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def closed() -> Iterator[RunningStack]:
    with running("--production", "--lan", PHONES, "--lan-bind", "127.0.0.1") as stack:
        yield stack


MEASURED = [name for name, part in PARTS.items() if part.service and part.metrics and not part.optional]


@pytest.mark.parametrize("part", MEASURED)
def test_metrics_are_shown_to_prometheus_alone(closed: RunningStack, part: str) -> None:
    url = f"{closed.url(part)}/metrics"
    assert ask(url).status == 401
    assert ask(url, {"Authorization": "Bearer " + "0" * 64}).status == 401
    assert ask(url, {"Authorization": f"Bearer {closed.secret('service-token')}"}).status == 401
    assert ask(url, {"Authorization": f"Bearer {closed.secret('scrape-token')}"}).status == 200


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.part} {door.path}")
def test_the_other_doors_are_as_everywhere(closed: RunningStack, door: Door) -> None:
    url = closed.url(door.part) + door.path
    assert (ask(url).status, ask(url, door.wrong).status) == (401, 401)
    assert ask(url, door.right(closed)).status == door.inside


async def test_prometheus_scrapes_all_of_it(closed: RunningStack) -> None:
    async with clients.http_session(total=30, site=closed.site) as session:

        async def all_up() -> bool:
            url = f"{closed.url('prometheus')}/api/v1/targets?state=active"
            async with session.get(url) as response:
                targets = (await response.json())["data"]["activeTargets"]
            expected = {name for name in closed.status() if PARTS[name].metrics is not None}
            return {t["labels"]["job"] for t in targets if t["health"] == "up"} == expected

        assert await eventually(all_up, seconds=120)


def test_one_door_leaves_the_machine_and_it_has_tls(closed: RunningStack) -> None:
    by_pid = security.owners(Patient(Stack(DataDir(closed.data_dir), Progress())))
    ports = {
        one.laddr.port - closed.offset
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr and by_pid.get(one.pid or 0) == "api-gateway"
    }
    assert ports == {PARTS["api-gateway"].port, LAN_PORT}
    plain = http.client.HTTPConnection("127.0.0.1", LAN_PORT + closed.offset, timeout=30)
    with closing(plain):
        plain.request("GET", "/app/")
        with pytest.raises((http.client.HTTPException, OSError)):
            plain.getresponse()


def test_a_browser_is_told_what_it_may_not_do(closed: RunningStack) -> None:
    context = ssl.create_default_context(cafile=closed.data_dir / "lan" / PHONES / "authority.crt")
    for path in ("/", "/app/", "/authority", "/api/tasks", "/metrics"):
        with (
            socket.create_connection(("127.0.0.1", LAN_PORT + closed.offset), timeout=30) as plain,
            context.wrap_socket(plain, server_hostname=PHONES) as secure,
            closing(http.client.HTTPConnection(PHONES)) as connection,
        ):
            connection.sock = secure
            connection.request("GET", path)
            headers = connection.getresponse().headers
        assert headers["Strict-Transport-Security"].startswith("max-age="), path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert headers["Referrer-Policy"], path


def test_the_doctor_reads_the_metrics_all_the_same(closed: RunningStack) -> None:
    patient = Patient(Stack(DataDir(closed.data_dir), Progress()))
    assert not list(doctor_of_parts.contract(patient))
    assert not list(security.monitoring_logins(patient))


def test_it_is_remembered_and_taken_back_only_while_nothing_runs(closed: RunningStack) -> None:
    where = ("--data-dir", str(closed.data_dir))
    assert magacin("up", "--detach", *where).stdout.startswith("Already running.")
    refused = magacin("up", "--detach", "--no-production", *where, check=False)
    assert refused.returncode != 0
    assert "run already, with --production" in refused.stderr
    refused = magacin("up", "--detach", "--demo", *where, check=False)
    assert refused.returncode != 0
    assert "a demo is not for production" in refused.stderr
