"""A running receiver with the inbox as its mail server and webhook, and a real monitoring before it."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from magacin.heartbeat.app import create_app
from magacin.heartbeat.notices import Text
from magacin.heartbeat.receiver import Receiver
from magacin.heartbeat.settings import HeartbeatSettings
from magacin.heartbeat.state import Kind, Notice
from magacin.inbox.app import create_app as create_inbox
from magacin.inbox.settings import InboxSettings
from magacin.stack import install, render
from tests.conftest import free_port
from tests.monitoring.live_alerting import call, until
from tests.support import serving

TOKEN = "5b1f0c3e9d7a4c2f8e6b0a1d2c3f4e5a"
CONTRACT = Path(__file__).parents[2] / "docs" / "metrics.md"


def settings(folder: Path, **values: Any) -> HeartbeatSettings:
    given: dict[str, Any] = {
        "heartbeat_token": TOKEN,
        "heartbeat_state": folder / "state.json",
        "heartbeat_smtp_require_tls": False,
        "heartbeat_email_from": "heartbeat@example.org",
        "heartbeat_email_to": "boss@example.org, on-call@example.org",
        **values,
    }
    return HeartbeatSettings(**given)


@dataclass
class Post:
    """The inbox that it tells."""

    session: aiohttp.ClientSession
    url: str
    smtp_port: int

    def settings(self, folder: Path, **values: Any) -> HeartbeatSettings:
        own = {
            "heartbeat_smtp_host": f"127.0.0.1:{self.smtp_port}",
            "heartbeat_slack_url": f"{self.url}/slack",
        }
        return settings(folder, **(own | values))

    async def wait_for(self, kind: str, status: str, number: int = 1) -> list[dict[str, Any]]:
        query = {"kind": kind, "status": status, "alert": "HeartbeatStopped"}
        async with asyncio.timeout(120):
            while True:
                async with self.session.get(f"{self.url}/api/messages", params=query) as response:
                    items: list[dict[str, Any]] = (await response.json())["items"]
                if len(items) >= number:
                    return items
                await asyncio.sleep(0.1)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    settings = InboxSettings(port=0, smtp_port=free_port())
    async with serving(create_inbox(settings)) as url, aiohttp.ClientSession() as session:
        yield Post(session, url, settings.smtp_port)


@asynccontextmanager
async def running(given: HeartbeatSettings) -> AsyncIterator[str]:
    async with serving(create_app(given)) as url:
        yield url


async def beat(post: Post, url: str, token: str = TOKEN, body: Any = None) -> int:
    async with post.session.post(f"{url}/beat/{token}", json=body or {"status": "firing"}) as response:
        return response.status


class TestTelling:
    async def test_by_email_and_slack_when_it_stops_and_when_it_comes_back(
        self, post: Post, tmp_path: Path
    ) -> None:
        async with running(post.settings(tmp_path, heartbeat_timeout_seconds=1)) as url:
            assert await beat(post, url) == 200
            [mail] = await post.wait_for("email", "firing")
            [slack] = await post.wait_for("slack", "firing")
            assert mail["recipients"] == ["boss@example.org", "on-call@example.org"]
            assert mail["subject"] == "[CRITICAL] HeartbeatStopped: the monitoring of Magacin Track is silent"
            assert re.search(r"The last one came at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", mail["text"])
            assert slack["subject"] == mail["subject"]
            await beat(post, url)
            assert (await post.wait_for("email", "resolved"))[0]["subject"].startswith("[RESOLVED]")
            await post.wait_for("slack", "resolved")

    async def test_again_after_a_while(self, post: Post, tmp_path: Path) -> None:
        given = post.settings(tmp_path, heartbeat_timeout_seconds=1, heartbeat_repeat_seconds=1)
        async with running(given):
            items = await post.wait_for("email", "firing", number=2)
        assert items[1]["subject"].endswith("is still silent")

    async def test_what_a_restart_came_between(self, post: Post, tmp_path: Path) -> None:
        """The mail server is away, the receiver is restarted; what it had to tell is told then."""
        nowhere = f"127.0.0.1:{free_port()}"
        given = post.settings(tmp_path, heartbeat_timeout_seconds=1, heartbeat_smtp_host=nowhere)
        async with running(given) as url:
            await post.wait_for("slack", "firing")
            await _shown(post, url, r'heartbeat_notices_total\{channel="email",outcome="failed"\} [1-9]')
            await _shown(post, url, r'heartbeat_notices_waiting\{channel="email"\} [1-9]')
        assert await self._firing(post, "email") == []
        async with running(post.settings(tmp_path, heartbeat_timeout_seconds=600)):
            await post.wait_for("email", "firing")
            assert len(await self._firing(post, "slack")) == 1

    async def _firing(self, post: Post, kind: str) -> list[dict[str, Any]]:
        async with post.session.get(f"{post.url}/api/messages", params={"kind": kind}) as response:
            items: list[dict[str, Any]] = (await response.json())["items"]
            return [item for item in items if item["status"] == "firing"]


class TestOneChannelInTrouble:
    async def test_a_webhook_that_answers_garbage_is_a_channel_that_failed(
        self, post: Post, tmp_path: Path
    ) -> None:
        async with garbage() as address:
            given = post.settings(tmp_path, heartbeat_timeout_seconds=1, heartbeat_slack_url=address)
            async with running(given) as url:
                await post.wait_for("email", "firing")
                await _shown(post, url, r'heartbeat_notices_total\{channel="slack",outcome="failed"\} [1-9]')
                await beat(post, url)
                await post.wait_for("email", "resolved")
                await _shown(post, url, r'heartbeat_notices_waiting\{channel="slack"\} 2')
        assert len(await post.wait_for("email", "firing")) == 1

    async def test_no_step_ends_while_another_channel_still_delivers(self, tmp_path: Path) -> None:
        """Whatever goes wrong: the step after it would send again what is being sent."""
        mails: list[Text] = []
        begun, may_end = threading.Event(), threading.Event()

        def email(text: Text) -> None:
            mails.append(text)
            begun.set()
            may_end.wait(60)

        def slack(_: Text) -> None:
            raise LookupError("something that nobody thought of")

        channels = {"email": email, "slack": slack}
        receiver = Receiver(settings(tmp_path, heartbeat_slack_url="http://127.0.0.1:9"), channels)
        now = datetime.now(UTC)
        receiver.watch.state.tell(Notice(kind=Kind.STOPPED, at=now, since=now, last_beat=None), channels)
        step = asyncio.create_task(receiver.step())
        try:
            await asyncio.to_thread(begun.wait)
            await asyncio.wait([step], timeout=0.2)
            assert not step.done()
        finally:
            may_end.set()
        with pytest.raises(LookupError):
            await step
        assert len(mails) == 1
        assert {name: len(queue) for name, queue in receiver.watch.state.waiting.items()} == {
            "email": 0,
            "slack": 1,
        }


@asynccontextmanager
async def garbage() -> AsyncIterator[str]:
    """Serve something that is no HTTP."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x15\x03\x01 who is there?\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}/slack"


class TestBeats:
    async def test_with_a_wrong_token_count_for_nothing(self, post: Post, tmp_path: Path) -> None:
        async with running(post.settings(tmp_path, heartbeat_timeout_seconds=2)) as url:
            sending = asyncio.create_task(self._knock(post, url))
            await post.wait_for("email", "firing")
            sending.cancel()
            assert await beat(post, url, token="x" * 32) == 404

    async def _knock(self, post: Post, url: str) -> None:
        while True:
            await beat(post, url, token="0" * 32)
            await beat(post, url, body={"status": "resolved"})
            await asyncio.sleep(0.2)

    async def test_may_be_anything_small(self, post: Post, tmp_path: Path) -> None:
        async with running(post.settings(tmp_path)) as url:
            async with post.session.post(f"{url}/beat/{TOKEN}", data=b"not json") as response:
                assert response.status == 200
            async with post.session.post(f"{url}/beat/{TOKEN}", data=b"x" * 100_000) as response:
                assert response.status == 413
            async with post.session.get(f"{url}/beat/{TOKEN}") as response:
                assert response.status == 405

    async def test_token_is_in_no_log_and_no_metric(self, post: Post, tmp_path: Path) -> None:
        with process(tmp_path, post.settings(tmp_path)) as (url, log):
            await beat(post, url)
            async with post.session.get(f"{url}/metrics") as response:
                assert TOKEN not in await response.text()
            async with post.session.get(f"{url}/health") as response:
                assert response.status == 200
                assert TOKEN not in await response.text()
        assert "http_request" in log.read_text()
        assert TOKEN not in log.read_text()


class TestSettings:
    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({}, "nobody to tell"),
            ({"heartbeat_smtp_host": "smtp.example.org"}, "HOST:PORT"),
            ({"heartbeat_smtp_host": "smtp.example.org:25", "heartbeat_email_to": ""}, "heartbeat_email_to"),
            ({"heartbeat_slack_url": "https://x", "heartbeat_token": "short"}, "at least 32"),
        ],
    )
    def test_that_would_tell_nobody_are_refused(
        self, tmp_path: Path, values: dict[str, str], said: str
    ) -> None:
        with pytest.raises(ValidationError, match=said):
            settings(tmp_path, **values)


async def test_metrics_are_those_of_the_documentation(post: Post, tmp_path: Path) -> None:
    section = CONTRACT.read_text().partition("## Heartbeat receiver")[2]
    documented = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE))
    async with running(post.settings(tmp_path)) as url, post.session.get(f"{url}/metrics") as response:
        page = await response.text()
    exported = dict(re.findall(r"^# TYPE (heartbeat_\S+) (\S+)$", page, re.MULTILINE))
    assert exported == documented


@contextmanager
def process(folder: Path, given: HeartbeatSettings) -> Iterator[tuple[str, Path]]:
    """Run `magacin serve heartbeat` as it runs on another machine: with an environment and nothing else."""
    port, log = free_port(), folder / "heartbeat.log"
    environment = {
        "PATH": os.environ["PATH"],
        "MAGACIN_DATA_DIR": str(folder / "none"),
        "MAGACIN_PORT": str(port),
        "MAGACIN_HEARTBEAT_TOKEN": TOKEN,
        "MAGACIN_HEARTBEAT_STATE": str(given.heartbeat_state),
        "MAGACIN_HEARTBEAT_TIMEOUT_SECONDS": str(given.heartbeat_timeout_seconds),
        "MAGACIN_HEARTBEAT_SMTP_HOST": given.heartbeat_smtp_host,
        "MAGACIN_HEARTBEAT_SMTP_REQUIRE_TLS": "false",
        "MAGACIN_HEARTBEAT_EMAIL_FROM": given.heartbeat_email_from,
        "MAGACIN_HEARTBEAT_EMAIL_TO": given.heartbeat_email_to,
        "MAGACIN_HEARTBEAT_SLACK_URL": given.heartbeat_slack_url.get_secret_value(),
    }
    command = [sys.executable, "-P", "-m", "magacin.cli", "serve", "heartbeat"]
    with log.open("wb") as file:
        child = subprocess.Popen(command, env=environment, stdout=file, stderr=file, cwd=folder)
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: _answers(url))
        yield url, log
    finally:
        child.terminate()
        child.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        call(f"{url}/health/live")
    except OSError:
        return False
    return True


class Server:
    """A server of a stack, which can be killed and started again."""

    def __init__(self, log: Path, *command: str) -> None:
        self._log, self._command = log, command
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as file:
            self._child = subprocess.Popen(self._command, stdout=file, stderr=file, cwd=self._log.parent)

    def kill(self) -> None:
        assert self._child is not None
        self._child.kill()
        self._child.wait()


# The repository's own intervals of the watchdog's route, so many times faster.
_FASTER = 30
_WATCHDOG = """\
groups:
  - name: watchdog
    rules: [{alert: Watchdog, expr: vector(1), labels: {severity: none, service: prometheus}}]
"""


def alertmanager(folder: Path, port: int, heartbeat: str) -> Server:
    def faster(match: re.Match[str]) -> str:
        seconds = int(match[2]) * {"s": 1, "m": 60, "h": 3600}[match[3]]
        return f"{match[1]}: {seconds * 1000 // _FASTER}ms"

    text = (render.MONITORING / "alertmanager.yml").read_text()
    text = re.sub(r"(group_wait|group_interval|repeat_interval): (\d+)([smh])", faster, text)
    text = re.sub(r"http://inbox:8025/heartbeat", heartbeat, text)
    (folder / "alertmanager.yml").write_text(text)
    return Server(
        folder / "alertmanager.log",
        str(install.locate("alertmanager")),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )


def prometheus(folder: Path, target: str) -> Server:
    (folder / "prometheus.yml").write_text(
        f"global: {{evaluation_interval: 1s}}\nrule_files: [watchdog.yml]\n"
        f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{target}']}}]}}]}}\n"
    )
    (folder / "watchdog.yml").write_text(_WATCHDOG)
    return Server(
        folder / "prometheus.log",
        str(install.locate("prometheus")),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{free_port()}",
        "--rules.alert.resend-delay=1s",
    )


async def test_killing_alertmanager_or_prometheus_is_told_and_so_is_its_return(
    post: Post, tmp_path: Path
) -> None:
    """Prometheus → Alertmanager → receiver → inbox, with the repository's route of the watchdog."""
    port = free_port()
    with process(tmp_path, post.settings(tmp_path, heartbeat_timeout_seconds=10)) as (url, _):
        servers = [
            alertmanager(tmp_path, port, f"{url}/beat/{TOKEN}"),
            prometheus(tmp_path, f"127.0.0.1:{port}"),
        ]
        for server in servers:
            server.start()
        try:
            await _shown(post, url, r'heartbeat_beats_total\{outcome="counted"\} [2-9]')
            for number, server in enumerate(servers, 1):
                server.kill()
                await post.wait_for("email", "firing", number)
                await post.wait_for("slack", "firing", number)
                server.start()
                await post.wait_for("email", "resolved", number)
                await post.wait_for("slack", "resolved", number)
        finally:
            for server in servers:
                server.kill()


async def _shown(post: Post, url: str, metric: str) -> None:
    async with asyncio.timeout(120):
        while True:
            async with post.session.get(f"{url}/metrics") as response:
                if re.search(metric, await response.text()):
                    return
            await asyncio.sleep(0.2)
