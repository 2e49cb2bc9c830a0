"""The generated secrets open real servers: PostgreSQL after the init script, Redis with the ACL file."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from magacin.core import audit_table
from magacin.stack import install
from tests.conftest import free_port
from tests.monitoring.conftest import INIT_SCRIPT


class TestPostgres:
    def sql(
        self, port: int, secrets: Path, role: str, secret: str, query: str
    ) -> subprocess.CompletedProcess[str]:
        password = (secrets / secret).read_text(encoding="utf-8")
        return subprocess.run(
            [
                "psql",
                "-XAtq",
                "-h",
                "127.0.0.1",
                "-p",
                str(port),
                "-U",
                role,
                "-d",
                "magacin",
                "-c",
                query,
            ],
            env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_the_services_only_add_to_the_audit_log(self, postgres_port: int, secrets: Path) -> None:
        def query(text: str) -> str:
            return self.sql(postgres_port, secrets, "magacin", "database_password", text).stderr

        columns = "actor, action, subject_kind, subject_id"
        add = f"INSERT INTO audit.entries ({columns}) VALUES ('a', 'b', 'c', 'd')"
        assert query(add) == ""
        for verb in ("UPDATE audit.entries SET actor = ''", "DELETE FROM audit.entries"):
            assert "permission denied" in query(verb)
        assert "permission denied" in query("TRUNCATE audit.entries")
        for verb in ("DROP TABLE audit.entries", "DROP SCHEMA audit CASCADE", "DROP DATABASE magacin"):
            assert "must be owner" in query(verb)

    def test_the_init_script_has_what_the_application_makes(self) -> None:
        assert audit_table.DEFINITION in INIT_SCRIPT.read_text(encoding="utf-8")

    def test_it_can_be_run_again(self, postgres_port: int, secrets: Path) -> None:
        environment = {
            "PATH": "/usr/bin:/bin",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(postgres_port),
            "PGPASSWORD": (secrets / "postgres_password").read_text(encoding="utf-8"),
            "MAGACIN_SECRETS_MOUNT": str(secrets),
        }
        subprocess.run(["sh", INIT_SCRIPT], env=environment, check=True)
        self.test_the_services_only_add_to_the_audit_log(postgres_port, secrets)

    def test_the_services_own_their_schemas(self, postgres_port: int, secrets: Path) -> None:
        url = (secrets / "database_url").read_text(encoding="utf-8")
        password = (secrets / "database_password").read_text(encoding="utf-8")
        assert url == f"postgresql+asyncpg://magacin:{password}@postgres:5432/magacin"
        done = self.sql(
            postgres_port, secrets, "magacin", "database_password", "CREATE SCHEMA own; SHOW server_encoding"
        )
        assert (done.returncode, done.stdout.strip()) == (0, "UTF8"), done.stderr

    def test_the_services_are_no_superuser(self, postgres_port: int, secrets: Path) -> None:
        done = self.sql(postgres_port, secrets, "magacin", "database_password", "CREATE ROLE another")
        assert "permission denied" in done.stderr

    def test_the_exporter_reads_statistics_and_nothing_else(self, postgres_port: int, secrets: Path) -> None:
        def query(text: str) -> subprocess.CompletedProcess[str]:
            return self.sql(postgres_port, secrets, "magacin_monitor", "postgres_exporter_password", text)

        self.sql(
            postgres_port,
            secrets,
            "magacin",
            "database_password",
            "CREATE SCHEMA s; CREATE TABLE s.t (i int)",
        )
        assert query("SELECT pg_has_role('pg_monitor', 'member')").stdout.strip() == "t"
        assert query("SELECT * FROM s.t").returncode != 0
        assert query("CREATE TABLE public.t (i int)").returncode != 0

    def test_a_wrong_password_is_refused(self, postgres_port: int, secrets: Path) -> None:
        done = self.sql(postgres_port, secrets, "magacin", "jwt_key", "SELECT 1")
        assert "password authentication failed" in done.stderr

    def test_data_are_checksummed(self, postgres_port: int, secrets: Path) -> None:
        done = self.sql(postgres_port, secrets, "magacin", "database_password", "SHOW data_checksums")
        assert done.stdout.strip() == "on"


class TestRedis:
    def ask(self, port: int, password: Path, *command: str, user: str = "default") -> str:
        return subprocess.run(
            ["redis-cli", "--user", user, "-p", str(port), *command],
            env={"PATH": "/usr/bin:/bin", "REDISCLI_AUTH": password.read_text(encoding="utf-8")},
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()

    def test_nobody_comes_in_without_a_password(self, redis_port: int) -> None:
        with socket.create_connection(("127.0.0.1", redis_port), timeout=60) as connection:
            connection.sendall(b"SET a 1\r\n")
            assert connection.recv(100).startswith(b"-NOAUTH")

    def test_the_services_may_do_everything(self, redis_port: int, secrets: Path) -> None:
        password = (secrets / "redis_password").read_text(encoding="utf-8")
        assert (secrets / "redis_url").read_text(encoding="utf-8") == f"redis://:{password}@redis:6379/0"
        assert self.ask(redis_port, secrets / "redis_password", "XADD", "stream", "*", "a", "1")
        assert self.ask(redis_port, secrets / "redis_password", "PUBLISH", "channel", "x") == "0"

    def test_the_exporter_may_look_but_not_read_keys_or_write(self, redis_port: int, secrets: Path) -> None:
        def ask(*command: str) -> str:
            return self.ask(redis_port, secrets / "redis_exporter_password", *command, user="exporter")

        assert "redis_version" in ask("INFO")
        assert ask("GET", "a").startswith("NOPERM")
        assert ask("SET", "a", "1").startswith("NOPERM")
        assert ask("FLUSHALL").startswith("NOPERM")
        assert ask("CLIENT", "KILL", "TYPE", "normal").startswith("NOPERM")
        assert ask("CONFIG", "SET", "appendonly", "no").startswith("NOPERM")

    def test_a_real_exporter_gets_its_metrics(self, redis_port: int, secrets: Path, tmp_path: Path) -> None:
        passwords = (secrets / "redis_exporter_passwords").read_text(encoding="utf-8")
        address, listen = f"redis://127.0.0.1:{redis_port}", free_port()
        here = tmp_path / "passwords.json"
        here.write_text(passwords.replace("redis:6379", f"127.0.0.1:{redis_port}"), encoding="utf-8")
        environment = {"REDIS_ADDR": address, "REDIS_USER": "exporter", "REDIS_PASSWORD_FILE": str(here)}
        exporter = subprocess.Popen(
            [install.locate("redis-exporter"), f"--web.listen-address=127.0.0.1:{listen}"],
            env=environment,
            stdout=sys.stderr,
            stderr=sys.stderr,
        )
        try:
            metrics = _get(f"http://127.0.0.1:{listen}/metrics")
        finally:
            exporter.terminate()
            exporter.wait()
        assert "\nredis_up 1\n" in metrics
        assert "\nredis_memory_max_bytes " in metrics


def _get(url: str) -> str:
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
