"""Real stacks of the monitoring half, and of the stores, in folders and on ports of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from magacin.stack import (
    clients,
    leftovers,
    parts,
    ports,
    postgres,
    render,
    secrets,
    starting,
    webapp,
)
from magacin.stack.errors import StackError
from magacin.stack.launch_specs import LaunchSpec, launch_spec
from magacin.stack.lifecycle import Stack
from magacin.stack.parts import PARTS
from magacin.stack.paths import DataDir
from magacin.stack.processes import cli, wait_ended
from magacin.stack.site import Site
from magacin.stack.starting import PartFailedError, Wish, select
from tests.support import free_offset


class Recorder:
    """A reporter that a test can read."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def doing(self, text: str) -> None:
        self.said.append(text)

    def done(self, text: str) -> None:
        self.said.append(text)

    def percent(self, percent: int, text: str) -> None:
        self.said.append(f"{percent} {text}")


@pytest.fixture
def offset() -> int:
    return free_offset()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach."""
    path = Path(tempfile.mkdtemp(prefix="magacin-stack-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def monitoring(folder: Path) -> Path:
    """A copy of our monitoring files, to spoil."""
    return Path(shutil.copytree(render.MONITORING, folder / "monitoring"))


@pytest.fixture
def stack(folder: Path, monitoring: Path) -> Iterator[Stack]:
    stack = Stack(DataDir(folder / "data"), Recorder(), monitoring)
    yield stack
    stack.down()


def pid_of(stack: Stack, name: str) -> int:
    return stack.supervisor.processes()[name].pid


class TestUp:
    def test_starts_reports_and_stops(self, stack: Stack, offset: int) -> None:
        started = stack.up(Wish(only="monitoring", port_offset=offset))
        assert started.whole
        assert {part.name for part in started.parts} == {
            "inbox",
            "alertmanager",
            "prometheus",
            "node-exporter",
            "console",
        }
        status = stack.status()
        assert [s.healthy for s in status] == [True] * 5
        assert {s.part.name: s.address for s in status}["prometheus"] == f"127.0.0.1:{9090 + offset}"
        listed = json.loads((stack.data.etc / "parts.json").read_text())
        assert sorted(part["title"] for part in listed) == sorted(part.title for part in started.parts)
        assert {part["url"] for part in listed} == {f"http://{s.address}" for s in status}
        pids = [s.pid for s in status]
        assert stack.down()
        assert stack.status() == []
        assert not any(psutil.pid_exists(pid) for pid in pids)
        assert not stack.down()

    def test_again_while_it_runs_changes_nothing(self, stack: Stack, offset: int) -> None:
        stack.up(Wish(only="monitoring", port_offset=offset))
        pid = pid_of(stack, "prometheus")
        again = stack.up(Wish(only="monitoring"))
        assert again.parts == []
        assert pid_of(stack, "prometheus") == pid

    def test_rules_that_changed_are_loaded_by_the_next_up(
        self, stack: Stack, offset: int, monitoring: Path
    ) -> None:
        stack.up(Wish(only="monitoring", port_offset=offset))
        pid = pid_of(stack, "prometheus")
        rule = "groups: [{name: added, rules: [{record: added:one, expr: vector(1)}]}]\n"
        (monitoring / "rules" / "added.yml").write_text(rule)
        stack.up(Wish(only="monitoring"))
        assert pid_of(stack, "prometheus") == pid
        assert '"name":"added"' in clients.ask(stack.site(), "prometheus", "/api/v1/rules").text

    def test_a_part_that_is_killed_is_started_again(self, stack: Stack, offset: int) -> None:
        stack.up(Wish(only="monitoring", port_offset=offset))
        killed = pid_of(stack, "node-exporter")
        os.kill(killed, signal.SIGKILL)
        while pid_of(stack, "node-exporter") in (killed, 0):
            continue
        stack.up(Wish(only="monitoring"))
        assert all(s.healthy for s in stack.status())

    def test_takes_over_from_a_supervisor_that_was_killed(self, stack: Stack, offset: int) -> None:
        stack.up(Wish(only="monitoring", port_offset=offset))
        orphan = pid_of(stack, "prometheus")
        supervisor = int(stack.data.pid_file.read_text())
        os.kill(supervisor, signal.SIGKILL)
        wait_ended([psutil.Process(supervisor)], 60)
        assert stack.status() == []
        assert f"prometheus (pid {orphan})" in stack.leftovers()
        stack.up(Wish(only="monitoring"))
        assert all(s.healthy for s in stack.status())
        assert pid_of(stack, "prometheus") != orphan

    @pytest.mark.parametrize("more", [[], ["--detach"]])
    def test_interrupted_twice_while_it_starts_leaves_nothing(
        self, folder: Path, offset: int, more: list[str]
    ) -> None:
        data = DataDir(folder / "data")
        options = ["--only", "monitoring", "--port-offset", str(offset), "--data-dir", str(data.path), *more]
        # An exporter that never answers: otherwise all may be healthy before the signal comes.
        silent = folder / "bin" / "node_exporter"
        silent.parent.mkdir()
        silent.write_text("#!/bin/sh\nexec sleep 120\n")
        silent.chmod(0o755)
        environment = {**os.environ, "PATH": f"{silent.parent}:{os.environ['PATH']}"}
        with subprocess.Popen(cli("up", *options), stderr=subprocess.PIPE, text=True, env=environment) as up:
            assert up.stderr is not None
            for awaited in ("Waiting for", "Stopping what was started"):
                assert any(awaited in line for line in up.stderr), awaited
                up.send_signal(signal.SIGINT)
            rest = up.stderr.read()
        known = data.identity()
        assert known is not None
        assert (up.returncode, rest) == (130, "")
        assert leftovers.find(known.id, data.redis) == []
        ports.require_free(parts.PARTS.values(), offset)


class TestConsole:
    def test_where_its_pages_cannot_be_built_everything_else_starts(
        self, stack: Stack, offset: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: object) -> None:
            raise StackError("npm's registry cannot be reached.")

        monkeypatch.setattr(webapp, "ensure", fail)
        started = stack.up(Wish(only="monitoring", port_offset=offset))
        assert started.no_pages is not None
        assert "registry" in started.no_pages.what
        assert "console" not in {status.part.name for status in stack.status()}
        assert all(status.healthy for status in stack.status())
        assert not (stack.data.etc / "targets-console.yml").exists(), "what is not there is not missed"
        assert "{{ .ExternalURL }}/#" in (stack.data.etc / "templates" / "common.tmpl").read_text()
        with pytest.raises(StackError, match="registry"):
            stack.start_parts(["console"])
        monkeypatch.undo()
        stack.up(Wish(only="monitoring"))
        assert "console" in {status.part.name for status in stack.status() if status.healthy}
        assert (stack.data.etc / "targets-console.yml").exists()

    def test_grafana_takes_its_place(
        self, stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        grafana = folder / "bin" / "grafana-server"
        grafana.parent.mkdir()
        grafana.write_text("#!/bin/sh\n")
        grafana.chmod(0o755)
        chosen = select(Wish(only="monitoring"), stack.data, set())
        assert PARTS["console"] in chosen
        monkeypatch.setenv("PATH", f"{grafana.parent}:{os.environ['PATH']}")
        assert PARTS["console"] not in select(Wish(only="monitoring"), stack.data, set())


class TestRefusals:
    def test_a_taken_port_changes_nothing(self, stack: Stack, offset: int) -> None:
        with (
            socket.create_server(("127.0.0.1", 9090 + offset)),
            pytest.raises(StackError, match="nothing changed") as caught,
        ):
            stack.up(Wish(only="monitoring", port_offset=offset))
        assert f"(pid {os.getpid()})" in caught.value.details[0]
        assert not stack.data.path.exists()

    def test_a_rules_file_that_nothing_loads_fails_the_start(
        self, stack: Stack, offset: int, monitoring: Path
    ) -> None:
        (monitoring / "rules" / "more").mkdir()
        stray = monitoring / "rules" / "more" / "stray.yml"
        stray.write_text("groups: [{name: stray, rules: [{record: stray:one, expr: vector(1)}]}]\n")
        with pytest.raises(StackError, match="has not loaded") as caught:
            stack.up(Wish(only="monitoring", port_offset=offset))
        assert str(stray) in caught.value.what
        assert not stack.supervisor.running()

    def test_rules_that_are_wrong_fail_before_anything_starts(
        self, stack: Stack, offset: int, monitoring: Path
    ) -> None:
        wrong = monitoring / "rules" / "wrong.yml"
        wrong.write_text("groups: [{name: w, rules: [{record: w, expr: 'sum('}]}]\n")
        with pytest.raises(StackError, match="promtool refuses") as caught:
            stack.up(Wish(only="monitoring", port_offset=offset))
        assert str(wrong) in caught.value.details[0]
        assert not stack.supervisor.running()

    def test_a_part_that_keeps_ending_is_named_with_its_log(
        self, stack: Stack, offset: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(name: str, site: Site) -> LaunchSpec:
            if name == "node-exporter":
                return LaunchSpec(["/bin/sh", "-c", "echo the reason; exit 7"])
            return launch_spec(name, site)

        monkeypatch.setattr(render, "launch_spec", broken)
        with pytest.raises(PartFailedError, match="node-exporter did not become healthy") as caught:
            stack.up(Wish(only="monitoring", port_offset=offset))
        assert "the reason" in caught.value.details[1]
        assert not stack.supervisor.running()

    def test_a_part_that_works_is_waited_for_and_not_without_end(
        self, stack: Stack, offset: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is never healthy. On a busy machine another may be late before it."""

        def chatty(name: str, site: Site) -> LaunchSpec:
            if name == "node-exporter":
                return LaunchSpec(["/bin/sh", "-c", "while :; do echo still at it; sleep 0.1; done"])
            return launch_spec(name, site)

        monkeypatch.setattr(render, "launch_spec", chatty)
        monkeypatch.setattr(starting, "QUIET_SECONDS", 60)
        monkeypatch.setattr(starting, "LONGEST_SECONDS", 3)
        with pytest.raises(PartFailedError, match=r"did not become healthy: not within 3 s: "):
            stack.up(Wish(only="monitoring", port_offset=offset))


class TestStores:
    """PostgreSQL and Redis as `up` makes them; the services on top are the end-to-end tests' to start."""

    @pytest.fixture
    def stores(self, stack: Stack, offset: int, monkeypatch: pytest.MonkeyPatch) -> Stack:
        chosen = [parts.PARTS["postgres"], parts.PARTS["redis"]]
        exporters = [parts.PARTS["redis-exporter"], parts.PARTS["postgres-exporter"]]
        monkeypatch.setattr(parts, "select", lambda *_, **__: [*chosen, *exporters])
        stack.up(Wish(port_offset=offset))
        return stack

    def test_are_healthy_and_their_exporters_can_log_in(self, stores: Stack) -> None:
        assert {s.part.name: s.healthy for s in stores.status()} == {
            "postgres": True,
            "redis": True,
            "redis-exporter": True,
            "postgres-exporter": True,
        }

    async def test_postgres_demands_a_password_and_keeps_what_it_acknowledged(
        self, stores: Stack, offset: int
    ) -> None:
        import asyncpg

        url = f"postgresql://{secrets.APP_ROLE}@127.0.0.1:{5432 + offset}/{secrets.DATABASE}"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url, password="wrong")
        password = secrets.Secrets(stores.data.secrets).value("postgres-app-password")
        connection = await asyncpg.connect(url, password=password)
        try:
            for setting, value in {
                "fsync": "on",
                "synchronous_commit": "on",
                "full_page_writes": "on",
                "data_checksums": "on",
                "server_encoding": "UTF8",
                "password_encryption": "scram-sha-256",
                "max_connections": "100",
                "listen_addresses": "127.0.0.1",
            }.items():
                assert await connection.fetchval(f"SHOW {setting}") == value, setting
            assert not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        finally:
            await connection.close()

    def test_redis_demands_a_password(self, stores: Stack, offset: int) -> None:
        with socket.create_connection(("127.0.0.1", 6379 + offset)) as connection:
            connection.sendall(b"PING\r\n")
            assert connection.recv(100).startswith(b"-NOAUTH")

    def test_are_stopped_also_when_their_supervisor_was_killed(self, stores: Stack, offset: int) -> None:
        supervisor = int(stores.data.pid_file.read_text())
        os.kill(supervisor, signal.SIGKILL)
        wait_ended([psutil.Process(supervisor)], 60)
        assert {line.split()[0] for line in stores.leftovers()} == {
            "postgres",
            "redis",
            "redis-exporter",
            "postgres-exporter",
        }
        assert stores.down()
        ports.require_free(parts.PARTS.values(), offset)

    def test_data_survives_kill_and_restart(self, stores: Stack) -> None:
        os.kill(pid_of(stores, "postgres"), signal.SIGKILL)
        stores.down()
        stores.up(Wish())
        assert all(s.healthy for s in stores.status())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
class TestPlace:
    """Where the cluster lies when PostgreSQL runs as another user."""

    def test_inside_when_the_user_can_get_there(self, folder: Path) -> None:
        data = DataDir(folder / "data")
        data.create()
        place = postgres.place(data, data.remember(0), "postgres", folder / "elsewhere")
        assert place == data.postgres
        assert place.owner() == "postgres"
        assert not (folder / "elsewhere").exists()

    def test_elsewhere_by_a_link_when_not(self, folder: Path) -> None:
        closed = folder / "closed"
        closed.mkdir(0o700)
        data = DataDir(closed / "data")
        data.create()
        known = data.remember(0)
        place = postgres.place(data, known, "postgres", folder / "elsewhere")
        assert place == folder / "elsewhere" / known.id
        assert place.owner() == "postgres"
        assert data.postgres.resolve() == place
        assert (folder / "elsewhere" / f"{known.id}.belongs-to").read_text() == f"{data.path}\n"
        assert postgres.place(data, known, "postgres", folder / "other") == place
