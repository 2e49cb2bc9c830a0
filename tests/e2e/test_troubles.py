"""The doctor on a real stack in which one thing after the other is broken.

Each trouble is made, the doctor has to name exactly that, and what it prints as the mending is typed. Where
that is advice rather than a command, the trouble is taken back here. Then nothing of it may be left.
"""

from __future__ import annotations

import asyncio
import base64
import http.server
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

from magacin.cli._common import Progress
from magacin.core.migrations import alembic_config
from magacin.ops.doctor import monitoring, parts, registry, report, versions
from magacin.ops.doctor.findings import Finding, Group
from magacin.ops.doctor.patient import Patient
from magacin.stack import clients, logins
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir
from magacin.stack.render import MONITORING
from tests.e2e.conftest import ROOT, RunningStack, magacin, running
from tests.ops.notifications.conftest import mail_server, web_server

_GATEWAYS_TABLES = ROOT / "src/magacin/gateway/migrations"

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

Found = dict[tuple[str, str], Finding]
# What the machine that runs the tests may have, whatever the stack does.
OF_THE_MACHINE = {
    "clock-free",
    "disk",
    "retention-disk",
    "packages",
    "inbox-only",
    "never-drilled",
    "runs-as-root",
}
# What alerts about the troubles made here could not deliver, while a receiver was one of the troubles.
AFTERWARDS = {"notifications-failed"}


class Ward:
    """A running stack with its doctor."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self.data = DataDir(stack.data_dir)
        self.baseline: set[tuple[str, str]] = set()
        self.group_of: dict[str, Group] = {}

    def examine(
        self,
        source: Path = MONITORING,
        now: Callable[[], float] = time.time,
        groups: Sequence[Group] = registry.GROUPS,
    ) -> Found:
        patient = Patient(Stack(self.data, Progress(), source), now)
        found: Found = {}
        for result in registry.examine(patient, groups):
            for finding in result.findings:
                found[finding.check, finding.subject] = finding
                self.group_of[finding.check] = result.group
        return found

    def new(self, **options: Any) -> Found:
        return {
            key: value
            for key, value in self.examine(**options).items()
            if key not in self.baseline and key[0] not in AFTERWARDS
        }

    def look(self, *wanted: tuple[str, str], seconds: float, **options: Any) -> tuple[bool, Found]:
        """Return what is found as soon as it is exactly what is wanted, or at last; and whether it is."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.new(**options)
            if set(found) == set(wanted) or time.monotonic() > deadline:
                return set(found) == set(wanted), found
            # To look costs half a second of a processor, which others wait for.
            time.sleep(0.8)

    def expect(self, *wanted: tuple[str, str], seconds: float = 90, **options: Any) -> Found:
        """Return what is found as soon as it is exactly what is wanted."""
        is_that, found = self.look(*wanted, seconds=seconds, **options)
        if not is_that:
            pytest.fail(f"wanted {sorted(wanted)}\nfound  " + "\n       ".join(map(repr, found.values())))
        return found

    def expect_gone(self, *checks: str, seconds: float = 90) -> None:
        """See the groups of these checks without a finding. What else there may be, the next test finds."""
        wanted = {"parts", *(self.group_of[check].name for check in checks)}
        self.expect(seconds=seconds, groups=[group for group in registry.GROUPS if group.name in wanted])

    def type(self, command: str) -> None:
        """Do what the doctor advises, as a person does."""
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"

    def mend(self, *wanted: tuple[str, str], **options: Any) -> None:
        """See exactly the findings that are wanted, type what mends the first, and see all of them gone."""
        found = self.expect(*wanted, **options)
        self.type(found[wanted[0]].mend)
        self.expect_gone(*(check for check, _ in wanted))

    def do(self, *arguments: str) -> None:
        magacin(*arguments, "--data-dir", str(self.data.path))

    def hup(self, part: str) -> None:
        """Have a server read its files, as they are, checked by nobody."""
        os.kill(self.stack.status()[part]["pid"], signal.SIGHUP)

    @contextmanager
    def changed(self, file: Path, change: Callable[[str], str]) -> Iterator[None]:
        """Change a file, and put it back."""
        before = file.read_text()
        assert change(before) != before
        file.write_text(change(before))
        try:
            yield
        finally:
            file.write_text(before)

    def redis(self) -> Any:
        password = self.stack.secret("redis-password")
        return redis.Redis(port=6379 + self.stack.offset, password=password, decode_responses=True)

    def psql(self, statement: str, *, user: str = "postgres", secret: str = "superuser") -> None:
        environment = {**os.environ, "PGPASSWORD": self.stack.secret(f"postgres-{secret}-password")}
        where = ["-h", "127.0.0.1", "-p", str(5432 + self.stack.offset), "-U", user, "-d", "magacin"]
        done = subprocess.run(
            ["psql", *where, "-qc", statement], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def ward() -> Iterator[Ward]:
    # It runs beside the suites, on the ports of the drills that came before: see cli/test.py.
    with running("--heartbeat", worker=6) as stack:
        ward = Ward(stack)
        deadline = time.monotonic() + 120
        # Until the first scrape of all targets, and the first Watchdog.
        while wrong := [f for (check, _), f in ward.examine().items() if check not in OF_THE_MACHINE]:
            assert time.monotonic() < deadline, "\n".join(map(repr, wrong))
            time.sleep(0.3)
        ward.baseline = set(ward.examine())
        yield ward


RELOADED = ("rendered-older", "etc")
ACCESS = [group for group in registry.GROUPS if group.name == "access"]


def test_a_fresh_stack_has_nothing_broken(ward: Ward) -> None:
    done = magacin("doctor", "--data-dir", str(ward.data.path), check=False)
    assert done.returncode in (0, 2), done.stdout
    assert "✗" not in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if "→" not in line) <= 80
    as_json = json.loads(magacin("doctor", "--json", "--data-dir", str(ward.data.path), check=False).stdout)
    assert as_json["version"] == report.VERSION
    assert [group["name"] for group in as_json["groups"]] == [group.name for group in registry.GROUPS]
    assert not any(
        secret.read_text().strip() in done.stdout + json.dumps(as_json)
        for secret in ward.data.secrets.iterdir()
        if len(secret.read_text().strip()) > 15 and not secret.read_text().startswith("http")
    )


def test_nothing_is_changed_by_looking(ward: Ward) -> None:
    def state() -> dict[str, bytes]:
        folders = (ward.data.secrets, ward.data.etc, ward.data.imports)
        return {str(p): p.read_bytes() for folder in folders for p in folder.rglob("*") if p.is_file()}

    def messages() -> Any:
        url = f"{ward.stack.url('inbox')}/api/messages"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.loads(answer.read())["last_id"]

    before = state(), messages()
    ward.examine()
    assert (state(), messages()) == before


def _files_open(process: psutil.Process) -> int:
    time.sleep(0.05)
    return process.num_fds()


class TestParts:
    @pytest.mark.parametrize("part", ["postgres", "task-service", "prometheus"])
    def test_stopped(self, ward: Ward, part: str) -> None:
        """What follows from it is not said as if it were a trouble of its own."""
        ward.do("stop", part)
        ward.mend(("part-down", part))

    def test_a_metric_of_the_contract_is_missing(
        self, ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted = tmp_path / "metrics.md"
        wanted.write_text(
            parts.CONTRACT.read_text() + "\n| task-service | `moon_phase` | gauge | | Its phase. |\n"
        )
        monkeypatch.setattr(parts, "CONTRACT", wanted)
        found = ward.expect(("metrics", "task-service"))
        assert "lacks moon_phase" in found["metrics", "task-service"].what

    def test_a_process_without_a_supervisor(self, ward: Ward) -> None:
        identity = json.loads(ward.data.identity_file.read_text())["id"]
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        child = subprocess.Popen(command, env={"MAGACIN_STACK": identity})
        try:
            threading.Thread(target=child.wait, daemon=True).start()  # so that no zombie stays
            ward.mend(("stray-process", str(child.pid)))
        finally:
            child.kill()

    @pytest.mark.parametrize(
        ("part", "left", "also"),
        [
            ("api-gateway", 3, []),
            # It opens the file of its logins for each who asks; where it cannot, it answers 500.
            ("node-exporter", 1, [("part-down", "node-exporter")]),
        ],
    )
    def test_files_that_run_out(self, ward: Ward, part: str, left: int, also: list[tuple[str, str]]) -> None:
        process = psutil.Process(ward.stack.status()[part]["pid"])
        _, most = process.rlimit(psutil.RLIMIT_NOFILE)
        # Some are open for a moment only, while somebody asks.
        always = min(_files_open(process) for _ in range(100))
        process.rlimit(psutil.RLIMIT_NOFILE, (always + left, most))
        ward.mend(("open-files", part), *also)


class TestReceivers:
    def test_none_answers(self, ward: Ward) -> None:
        ward.do("stop", "inbox")
        tried = [("receiver", f"{r} {kind}") for r in ("critical", "warning") for kind in ("email", "Slack")]
        ward.mend(("part-down", "inbox"), *tried)

    def test_a_webhook_that_is_unknown_there(self, ward: Ward) -> None:
        with web_server(404, b"no_service") as (url, _):
            (ward.data.secrets / "slack_webhook_critical").write_text(url)
            found = ward.expect(("receiver", "critical Slack"))
            assert "404: no_service" in found["receiver", "critical Slack"].what
            assert url not in str(found)
            ward.type(found["receiver", "critical Slack"].mend)
            ward.expect_gone("receiver")

    def test_a_secret_that_is_gone(self, ward: Ward) -> None:
        (ward.data.secrets / "slack_webhook_warning").unlink()
        ward.mend(("receiver", "warning Slack"))

    def test_a_mailbox_that_is_refused(self, ward: Ward) -> None:
        with mail_server() as mail:
            ward.data.notifications.write_text(
                f"email: {{smarthost: 'localhost:{mail.port}', from: a@example.org, to: nobody@example.org,"
                " to_warning: b@example.org, require_tls: false}\n"
            )
            ward.do("reload")
            links = ("links-to-loopback", "notifications.yml")
            found = ward.expect(("receiver", "critical email"), links)
            assert "550" in found["receiver", "critical email"].what
            assert not mail.mails
            ward.data.notifications.unlink()
            ward.do("reload")


class TestConfiguration:
    def test_rules_that_are_not_loaded(self, ward: Ward) -> None:
        file = ward.data.etc / "rules" / "hosts.yml"
        file.write_text(file.read_text().replace("HighCPUUsage", "HighCPUUsageToo"))
        found = ward.expect(("rules", "rules/hosts.yml"), RELOADED)
        assert "HighCPUUsage" in found["rules", "rules/hosts.yml"].what
        ward.type(found["rules", "rules/hosts.yml"].mend)
        ward.expect_gone("rules")

    def test_a_rule_that_is_loaded_otherwise(self, ward: Ward) -> None:
        """Each part of a rule is compared; what it comes to is the same finding."""
        for old, new in (("for: 10m", "for: 11m"), ("severity: warning", "severity: critical")):
            with ward.changed(ward.data.etc / "rules" / "hosts.yml", lambda text: text.replace(old, new)):  # noqa: B023  called at once
                ward.hup("prometheus")
                ward.expect(RELOADED)
            ward.expect(("rules", "rules/hosts.yml"))
        ward.mend(("rules", "rules/hosts.yml"))

    def test_a_rule_that_cannot_be_evaluated(self, ward: Ward) -> None:
        bad = "\n      - {record: 'a:b:c', expr: 'up * on () up'}\n"
        file = ward.data.etc / "rules" / "hosts.yml"
        file.write_text(file.read_text().rstrip() + bad)
        ward.hup("prometheus")
        ward.mend(RELOADED, ("rule-failing", "a:b:c"))

    def test_a_refused_configuration(self, ward: Ward) -> None:
        with ward.changed(ward.data.etc / "prometheus.yml", lambda text: text + "\nnonsense: true\n"):
            ward.hup("prometheus")
            ward.expect(("reload-failed", "prometheus"), RELOADED)
        ward.mend(("reload-failed", "prometheus"))

    def test_alertmanager_runs_another_file(self, ward: Ward) -> None:
        change = lambda text: text.replace("repeat_interval: 12h", "repeat_interval: 13h")  # noqa: E731
        with ward.changed(ward.data.etc / "alertmanager.yml", change):
            ward.hup("alertmanager")
            ward.expect(RELOADED)
        ward.mend(("alertmanager-configuration", "alertmanager.yml"))

    def test_notifications_yml_that_is_not_right(self, ward: Ward) -> None:
        ward.data.notifications.write_text("email: {smarthost: nowhere}\n")
        ward.expect(("notifications-file", "notifications.yml"))
        ward.data.notifications.unlink()

    def test_a_target_that_is_not_scraped(self, ward: Ward) -> None:
        job = "\n  - job_name: moon\n    static_configs: [{targets: ['127.0.0.1:1']}]\n"
        file = ward.data.etc / "prometheus.yml"
        file.write_text(file.read_text().rstrip() + job)
        ward.mend(("target-missing", "moon"), RELOADED)

    def test_a_target_that_cannot_be_scraped(self, ward: Ward) -> None:
        file = ward.data.etc / "prometheus.yml"
        file.write_text(
            file.read_text().replace(
                "job_name: api-gateway\n", "job_name: api-gateway\n    metrics_path: /x\n"
            )
        )
        ward.hup("prometheus")
        ward.mend(RELOADED, ("target-down", "api-gateway"))

    def test_prometheus_sends_its_alerts_elsewhere(self, ward: Ward) -> None:
        port = 9093 + ward.stack.offset
        file = ward.data.etc / "prometheus.yml"
        file.write_text(
            file.read_text().replace(f'targets: ["127.0.0.1:{port}"]\n\n', 'targets: ["127.0.0.1:1"]\n\n', 1)
        )
        ward.hup("prometheus")
        ward.mend(("alertmanager-unknown", f"127.0.0.1:{port}"), RELOADED)

    def test_options_of_another_version(self, ward: Ward) -> None:
        supervisor = Stack(ward.data, Progress()).supervisor
        file = ward.data.etc / "supervisord.conf"
        file.write_text(file.read_text().replace("retention.size=10GB", "retention.size=1GB"))
        ward.expect(("supervisor-older", "prometheus"))
        ward.do("stop", "prometheus")
        supervisor.update()
        ward.do("start", "prometheus")
        ward.mend(("retention", "storage.tsdb.retention.size"), ("supervisor-older", "prometheus"))


class TestAlerting:
    def silence(self, ward: Ward, days: float, **matcher: Any) -> str:
        now = datetime.now(UTC)
        body = {
            "matchers": [{"isEqual": True, **matcher}],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(days=days)).isoformat(),
            "createdBy": "tests",
            "comment": "for a test",
        }
        headers, content = {"Content-Type": "application/json"}, json.dumps(body).encode()
        answer = clients.ask(
            ward.stack.site, "alertmanager", "/api/v2/silences", content, headers=headers, seconds=10
        )
        return str(answer.json()["silenceID"])

    @pytest.mark.parametrize(
        ("days", "matcher", "said"),
        [
            (0.1, {"name": "alertname", "value": ".+", "isRegex": True}, "mutes every alert"),
            (0.1, {"name": "site", "value": "main", "isRegex": False}, "mutes every alert"),
            (400, {"name": "alertname", "value": "PickTaskOverdue", "isRegex": False}, "400 more days"),
        ],
    )
    def test_a_silence(self, ward: Ward, days: float, matcher: dict[str, Any], said: str) -> None:
        id_ = self.silence(ward, days, **matcher)
        found = ward.expect(("silence", id_))
        assert said in found["silence", id_].what
        ward.type(found["silence", id_].mend)
        ward.expect_gone("silence")

    def test_alerts_that_do_not_get_through(self, ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
        """Alertmanager forgets its alerts with a restart, and is told of them again within a minute or so.

        The heartbeat receiver is told by its own memory that a silence goes on; the next beat ends it.
        """
        monkeypatch.setattr(monitoring, "_is_young", lambda _: False)
        # Prometheus tells once a minute, and may just have done so by the time that anybody looks.
        for _ in range(5):
            self._let_alertmanager_forget(ward)
            seen, found = ward.look(("watchdog", "Watchdog"), ("heartbeat-silent", "heartbeat"), seconds=20)
            if seen:
                break
        assert seen, found
        ward.expect_gone("watchdog", "heartbeat-silent", seconds=180)

    def _let_alertmanager_forget(self, ward: Ward) -> None:
        ward.do("stop", "alertmanager", "heartbeat")
        state = ward.data.path / "heartbeat.json"
        known = json.loads(state.read_text())
        state.write_text(json.dumps(known | {"condition": "silent", "told_at": known["since"]}))
        ward.do("start", "alertmanager", "heartbeat")


class TestLogins:
    def test_the_monitoring_lets_everybody_in(self, ward: Ward) -> None:
        file = logins.file(ward.data, "server")
        file.write_text(logins.web_config("server", {}))
        found = ward.expect(("no-login", "prometheus"), ("no-login", "alertmanager"), groups=ACCESS)
        ward.type(found["no-login", "alertmanager"].mend)
        ward.expect_gone("no-login")


class TestStores:
    @pytest.mark.parametrize(
        ("command", "wanted"),
        [
            # The exporter shows a password where Redis has none, which Redis takes for a mistake.
            ("CONFIG SET requirepass ''", [("redis-open", "redis"), ("part-down", "redis-exporter")]),
            ("CONFIG SET appendonly no", [("redis-durability", "appendonly")]),
            ("CONFIG SET bind 0.0.0.0", [("listens-outside", "redis")]),
        ],
    )
    def test_redis(self, ward: Ward, command: str, wanted: list[tuple[str, str]]) -> None:
        client = ward.redis()
        client.execute_command(*shlex.split(command))
        client.close()
        ward.mend(*wanted)

    def test_postgres_that_forgets(self, ward: Ward) -> None:
        ward.psql("ALTER SYSTEM SET fsync = off")
        ward.psql("SELECT pg_reload_conf()")
        ward.mend(("postgres-durability", "fsync"))

    def test_postgres_that_lets_anybody_in(self, ward: Ward) -> None:
        (ward.data.postgres / "pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\n")
        ward.psql("SELECT pg_reload_conf()")
        ward.mend(("postgres-open", "pg_hba.conf"))

    def test_connections_that_run_out(self, ward: Ward) -> None:
        import asyncpg

        async def crowd() -> None:
            password = ward.stack.secret("postgres-superuser-password")
            guests = []

            async def come() -> asyncpg.Connection:
                guests.append(
                    await asyncpg.connect(
                        host="127.0.0.1",
                        port=5432 + ward.stack.offset,
                        user="postgres",
                        password=password,
                        database="magacin",
                        ssl=False,
                    )
                )
                return guests[-1]

            # How many the services hold is theirs to say. Some have to be left, or the exporter fails.
            taken = await (await come()).fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL"
            )
            for _ in range(84 - taken):
                await come()
            try:
                await asyncio.to_thread(ward.expect, ("postgres-connections", "max_connections"))
            finally:
                for guest in guests:
                    await guest.close()

        asyncio.run(crowd())

    def test_tables_that_are_not_up_to_date(self, ward: Ward) -> None:
        async def one_step_back() -> None:
            engine = create_async_engine(ward.stack.secret("database-url"))
            async with engine.begin() as connection:
                await connection.run_sync(
                    lambda sync: command.downgrade(alembic_config(_GATEWAYS_TABLES, sync), "-1")
                )
            await engine.dispose()

        asyncio.run(one_step_back())
        ward.mend(("migrations", "gateway"))


class TestAccess:
    def test_a_secret_that_others_can_read(self, ward: Ward) -> None:
        (ward.data.secrets / "jwt-key").chmod(0o644)
        ward.mend(("file-mode", "secrets/jwt-key"))

    def test_an_admin_with_a_password_that_people_try(self, ward: Ward, tmp_path: Path) -> None:
        (tmp_path / "password").write_text("administrator123")
        ward.do("user", "passwd", "admin", "--password-file", str(tmp_path / "password"))
        ward.mend(("known-password", "admin"))

    def test_grafana_with_the_password_of_every_tutorial(self, ward: Ward) -> None:
        right = base64.b64encode(b"admin:admin123").decode()

        class Grafana(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.headers.get("Authorization") == f"Basic {right}"
                self.send_response(200 if known else 401)
                self.end_headers()
                self.wfile.write(b'{"id": 1, "login": "admin"}' if known else b"{}")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        # The console has its port; that it is stopped is a finding of another group.
        ward.do("stop", "console")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 3000 + ward.stack.offset), Grafana)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            ward.expect(("grafana-password", "admin"), groups=ACCESS)
        finally:
            server.shutdown()
            server.server_close()
            ward.do("start", "console")
        ward.expect()


class TestMachineAndVersions:
    def test_a_clock_that_is_off(self, ward: Ward) -> None:
        servers = [("clock", name) for name in ("Prometheus", "PostgreSQL", "Redis")]
        found = ward.expect(*servers, now=lambda: time.time() + 30)
        # The question itself takes its time.
        assert re.search(r"(2\d|30) s behind", found["clock", "Redis"].what)

    def test_a_disk_that_is_full(self, ward: Ward) -> None:
        # Over the logs: what has one open writes on into the folder below.
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(ward.data.logs)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("no file system can be mounted here")
        try:
            ward.expect(("disk", str(ward.data.logs)))
        finally:
            subprocess.run(["umount", ward.data.logs], check=True)

    def test_processes_older_than_what_is_installed(
        self, ward: Ward, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(versions, "__version__", "99.0.0")
        names = ("api-gateway", "task-service", "import-service", "realtime-worker")
        ward.expect(*(("older-process", name) for name in names))

    def test_dashboards(self, ward: Ward, tmp_path: Path) -> None:
        source = tmp_path / "monitoring"
        shutil.copytree(MONITORING, source)
        with ExitStack() as stack:
            dashboard = next((source / "grafana" / "dashboards").glob("*.json"))
            stack.enter_context(ward.changed(dashboard, lambda text: text[:-10]))
            ward.expect(("dashboard", dashboard.name), source=source)
        file = source / "grafana" / "provisioning" / "datasources" / "datasources.yml"
        with ward.changed(file, lambda text: text.replace("prometheus:9090", "elsewhere:9090")):
            ward.expect(("data-source", file.name), source=source)


def test_last_of_all_a_weak_key_and_nothing_that_runs(ward: Ward) -> None:
    """That nothing runs is said once. The mending starts all anew, with the parts that were asked for."""
    (ward.data.secrets / "jwt-key").write_text("changeme")
    mend = ward.expect(("weak-secret", "jwt-key"))["weak-secret", "jwt-key"].mend
    ward.do("down")
    done = magacin("doctor", "--data-dir", str(ward.data.path), check=False)
    assert done.returncode == 1
    assert done.stdout.count("Nothing of the stack in") == 1
    assert "2 broken" in done.stdout
    ward.expect(("weak-secret", "jwt-key"), ("nothing-runs", str(ward.data.path)))
    ward.type(mend)
    assert "heartbeat" in ward.stack.status()
    ward.expect(seconds=120)
