"""Real PostgreSQL and Redis for the tests, started on free ports, gone afterwards."""

from __future__ import annotations

import contextlib
import gc
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import psutil
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from magacin.core.db import Database
from magacin.core.redis import connect
from tests.busy import Busy

SERVICE_TOKEN = "3f0c5a52f2b94a6ab1a1a6f0d8f1c7de"
PASSWORD = "2b6e9d4c8a1f4f0d"
DATA_FILE = Path(__file__).parents[2] / "shared" / "data" / "online_retail_50k.csv"

# Begun in this order, before all others: no worker is to have a long one left when the rest are done.
# Those of tests/e2e have an order of their own.
LONGEST = (
    "stack/test_lifecycle.py",
    "monitoring/test_mutations.py",
    "ops/backup/test_restoring.py",
    "ops/backup/test_taking.py",
    "tasks/test_ledger_under_fire.py",
    "tasks/test_twins.py",
    "imports/test_crash.py",
    "imports/test_folder.py",
    "tasks/test_scans.py",
    "gateway/sockets/test_sockets.py",
    "gateway/people/test_auth.py",
    "gateway/people/test_quick_logins.py",
    "monitoring/test_prometheus_files.py",
    "imports/test_jobs.py",
    "cli/test_main.py",
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the rules could not be tried with here: a count of skipped tests would hide it."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = {report.longrepr[2] for report in reports if isinstance(report.longrepr, tuple)}
    for reason in sorted(reason for reason in reasons if "No promtool" in reason):
        terminalreporter.write_line(reason)


# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile("without deadlines", deadline=None)
hypothesis.settings.load_profile("without deadlines")

# How long services wait before they take something for gone. On a machine that is busy with other tests it
# would only be slow; a test that is about such a wait sets its own.
_WAITS = (
    ("magacin.core.db", "_CONNECT_SECONDS"),
    ("magacin.core.db", "_POOL_WAIT_SECONDS"),
    ("magacin.core.health", "_ANSWER_SECONDS"),
    ("magacin.core.http", "_CONNECT_SECONDS"),
    ("magacin.gateway.app", "_STATEMENT_SECONDS"),
    ("magacin.gateway.forwarding.hop", "_CONNECT_SECONDS"),
    ("magacin.gateway.forwarding.upstream", "_SIGN_OF_LIFE_SECONDS"),
    ("magacin.console.upstream", "_SIGN_OF_LIFE_SECONDS"),
    ("magacin.tasks.scans.batcher", "SCAN_SECONDS"),
    ("magacin.tasks.app", "SCAN_SECONDS"),
    ("magacin.core.metrics", "MetricsPage.timeout_seconds"),
    ("magacin.core.redis", "_ANSWER_SECONDS"),
    ("magacin.core.redis", "_CONNECT_SECONDS"),
    ("magacin.gateway.front.overview", "_PROBE_SECONDS"),
    ("magacin.gateway.people.login_limit", "_PATIENCE_SECONDS"),
    ("magacin.gateway.sockets.sockets", "_ANONYMOUS_SECONDS"),
)


# What is imported and collected stays until the end: the collector need not walk through it, now or later.
gc.disable()


def pytest_collection_finish() -> None:
    """Begin to collect garbage, but for what the tests are made of."""
    gc.freeze()
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run what is marked long as well")
    parser.addoption("--fresh", action="store_true", help="run what is marked fresh as well")
    parser.addoption("--docker", action="store_true", help="run what is marked docker as well")
    parser.addoption("--busy", action="store_true", help="have all stand still at random, see tests/busy.py")


def pytest_configure(config: pytest.Config) -> None:
    """Have a run with `--busy` be as on a busy machine."""
    if config.getoption("busy"):
        config.pluginmanager.register(Busy())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes too long for every run, and put the files that take longest first."""
    off = [mark for mark in ("long", "fresh", "docker") if not config.getoption(mark)]
    left_out = [item for item in items if any(map(item.get_closest_marker, off))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on, and no client gets in the meantime.

    The one that the system would give lies among those that it gives to clients a moment later; from 10,000
    on are those of the stacks that tests start.
    """
    while True:
        port = 2_000 + secrets.randbelow(8_000)
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen(1)
            return port


@dataclass(frozen=True)
class Server:
    """A server that a test may stop, kill and start again."""

    port: int
    command: tuple[str, ...]
    user: str | None
    folder: Path
    ready: tuple[str, ...]
    processes: list[subprocess.Popen[bytes]]

    def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(self.command, user=self.user, stdout=log, stderr=log, cwd=self.folder)
            )
        deadline = time.monotonic() + 120
        while not self._answers():
            if self.processes[-1].poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.log()[-3000:])
            time.sleep(0.02)

    def _answers(self) -> bool:
        return (
            subprocess.run(self.ready, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
        )

    def log(self) -> str:
        """Return what it has said so far."""
        return (self.folder / "server.log").read_text()

    def kill(self) -> None:
        """Kill it as a power cut would, as far as it can tell: with all processes that it has."""
        server = psutil.Process(self.processes[-1].pid)
        server.suspend()  # it has no others then
        children = server.children(recursive=True)
        self.processes[-1].kill()
        self.processes[-1].wait()
        # PostgreSQL's end by themselves, in their own time, and none starts beside one that is left.
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        _, left = psutil.wait_procs(children, timeout=120)
        assert not left

    def stop(self) -> None:
        # SIGINT is a fast shutdown to PostgreSQL and an orderly one to Redis.
        self.processes[-1].send_signal(2)
        self.processes[-1].wait()


def _postgres_bin(name: str) -> str:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name))
    found = shutil.which(name, path=str(versions[-1])) if versions else shutil.which(name)
    if not found:
        pytest.exit(f"{name} of PostgreSQL is missing: run ./magacin test, which installs it", returncode=3)
    return found


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Have the services that run in this process wait for as long as it takes."""
    with pytest.MonkeyPatch.context() as changed:
        for module, name in _WAITS:
            if module in sys.modules:  # what no test here imports need not be loaded
                changed.setattr(f"{module}.{name}", 60.0)
        yield


@pytest.fixture
def relayed_when_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have relays look into their outbox only when a commit wakes them."""
    monkeypatch.setattr("magacin.core.outbox._IDLE_SECONDS", 3600.0)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder outside of /root, because PostgreSQL runs as another user when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="magacin-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[Server]:
    folder = server_folder / "postgres"
    folder.mkdir()
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    data = folder / "data"
    subprocess.run(
        [
            _postgres_bin("initdb"),
            "-D",
            data,
            "-U",
            "magacin",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
        ],
        check=True,
        user=user,
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    port = free_port()
    # Durability is PostgreSQL's to test, except under kill -9, which loses nothing that was written.
    options = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    command = (_postgres_bin("postgres"), "-D", str(data), "-p", str(port), *options)
    ready = (_postgres_bin("pg_isready"), "-h", "127.0.0.1", "-p", str(port))
    server = Server(port, command, user, folder, ready, [])
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(server_folder: Path) -> Iterator[Server]:
    folder = server_folder / "redis"
    folder.mkdir()
    port = free_port()
    # As with PostgreSQL: what was written before an answer is there after kill -9, whenever the disk has it.
    (folder / "redis.conf").write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\nappendonly yes\nappendfsync no\nsave ''\n"
    )
    ready = ("redis-cli", "-e", "-p", str(port), "ping")  # -e: still loading is not ready
    server = Server(port, ("redis-server", str(folder / "redis.conf")), None, folder, ready, [])
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def database_url(postgres_server: Server) -> SecretStr:
    """The URL of an empty database, made new for the session."""
    psql = ("psql", "-h", "127.0.0.1", "-p", str(postgres_server.port), "-U", "magacin", "-d", "postgres")
    subprocess.run([*psql, "-qc", "CREATE DATABASE magacin"], check=True)
    return SecretStr(f"postgresql+asyncpg://magacin@127.0.0.1:{postgres_server.port}/magacin")


@pytest.fixture(scope="session")
def redis_url(redis_server: Server) -> SecretStr:
    return SecretStr(f"redis://127.0.0.1:{redis_server.port}/0")


@pytest.fixture
async def redis(redis_url: SecretStr) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    client = connect(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def database(database_url: SecretStr) -> AsyncIterator[Database]:
    """An engine on the session's database; a service's own fixtures migrate and empty its schema."""
    database = Database(database_url, application="tests")
    yield database
    await database.close()
