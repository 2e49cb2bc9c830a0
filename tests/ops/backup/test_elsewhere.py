"""The commands that the documentation and the CronJob have for Docker and Kubernetes, typed as they stand.

Neither is here. What stands for them runs the same shell with the same programs on a native stack's stores.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from magacin.contracts.events import EVENT_STREAM
from magacin.ops.backup.server import Server
from magacin.stack import postgres
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import ROOT
from magacin.stack.secrets import SUPERUSER

# What Compose calls them, and what we do.
SECRETS = {
    "database_password": "postgres-app-password",
    "postgres_password": "postgres-superuser-password",
    "redis_password": "redis-password",
}
DOCKER = r"""#!/bin/bash
# docker compose exec -T PART sh -c SCRIPT; whatever else it is asked for, it has done.
echo "$*" >> "$SAID"
if [ "$2 $3" != "exec -T" ]; then exit 0; fi
script=${7//\/run\/secrets/$SECRETS}
exec sh -c "${script//redis-cli/redis-cli -p $REDIS_PORT}"
"""


@pytest.fixture
def container(stores: Stack, server: Server, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a shell in which docker is ours."""
    site, programs, secrets = stores.site(), tmp_path / "bin", tmp_path / "secrets"
    programs.mkdir()
    secrets.mkdir()
    (programs / "docker").write_text(DOCKER)
    (programs / "docker").chmod(0o755)
    for theirs, ours in SECRETS.items():
        (secrets / theirs).write_text(site.secrets.value(ours))
    servers = postgres.program(site.data.postgres.resolve(), "pg_dump").parent
    yield {
        "PATH": f"{programs}:{servers}:{os.environ['PATH']}",
        "SECRETS": str(secrets),
        "SAID": str(tmp_path / "said"),
        "PGPORT": str(site.port("postgres")),
        "REDIS_PORT": str(site.port("redis")),
    }
    with server.session(SUPERUSER, "postgres") as admin:
        admin.execute("DROP DATABASE IF EXISTS magacin_restoring WITH (FORCE)")


def blocks(document: str) -> list[str]:
    section = (ROOT / "docs" / document).read_text().split("## Backups")[1].split("\n## ")[0]
    return re.findall(r"(?ms)^```\n(.*?)^```$", section)


def type_(commands: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    if not (folder / "src").exists():
        (folder / "src").symlink_to(ROOT / "src")
    command = ["bash", "-c", commands]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def picked(server: Server) -> tuple[int, int]:
    with server.session() as session:
        scans = session.value("SELECT count(*) FROM tasks.scans")
        return int(scans), int(session.value("SELECT count(*) FROM tasks.outbox"))


def test_compose(server: Server, container: dict[str, str], tmp_path: Path) -> None:
    take, restore = blocks("docker.md")
    done = type_(take, container, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    with server.session() as session:
        session.execute("DELETE FROM tasks.scans")
    done = type_(restore, container, tmp_path)
    assert done.returncode == 0, done.stderr
    assert picked(server) == (7, 0)
    said = Path(container["SAID"]).read_text().splitlines()
    stopped = [line for line in said if line.startswith("compose stop")]
    assert stopped == ["compose stop api-gateway task-service import-service realtime-worker"]
    assert said[-1] == "compose up -d"
    assert any(f"DEL {EVENT_STREAM}" in line for line in said)


def test_compose_with_half_a_dump(server: Server, container: dict[str, str], tmp_path: Path) -> None:
    take, restore = blocks("docker.md")
    type_(take, container, tmp_path)
    dump = tmp_path / "magacin.dump"
    dump.write_bytes(dump.read_bytes()[:-5000])
    with server.session() as session:
        session.execute("DELETE FROM tasks.scans WHERE ctid = '(0,1)'")
    assert type_(restore, container, tmp_path).returncode != 0
    assert picked(server) == (6, 1)


def test_cron_job(server: Server, container: dict[str, str], tmp_path: Path) -> None:
    documents = yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "backup.yaml").read_text())
    [job] = [document for document in documents if document["kind"] == "CronJob"]
    [pod] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    backups = tmp_path / "backups"
    backups.mkdir()
    for night in range(10, 31):
        (backups / f"magacin-202601{night}T023000Z.dump").touch()
    (backups / "magacin-20260101T000000Z.dump.part").touch()
    (backups / "mine.dump").touch()
    [script] = pod["args"]
    script = script.replace("/run/secrets", container["SECRETS"]).replace("=postgres", "=127.0.0.1")
    command = [*pod["command"], script.replace("/backups", str(backups))]
    done = subprocess.run(command, env=container, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in backups.iterdir())
    assert len(names) == 15
    assert "mine.dump" in names
    newest = backups / names[-2]
    assert newest.stat().st_size > 100_000
    assert newest.stat().st_mode & 0o777 == 0o600

    failed = subprocess.run(
        command, env=container | {"PGPORT": "1"}, capture_output=True, text=True, check=False
    )
    assert failed.returncode != 0
    assert sorted(path.name for path in backups.iterdir()) == names
