"""What a Docker host would have: generated secrets, servers made as the images make them, the wheel."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from magacin.stack import docker_secrets, install
from magacin.stack.paths import ROOT
from tests.conftest import Server, free_port
from tests.debian import NotToBeHad
from tests.monitoring import promtools
from tests.monitoring.promtools import Promtool

INIT_SCRIPT = ROOT / "monitoring" / "compose" / "postgres" / "10-roles.sh"


@pytest.fixture(scope="session", params=promtools.GENERATIONS)
def promtool(request: pytest.FixtureRequest) -> Promtool:
    """Of both generations, one after the other."""
    return promtool_or_skip(request.param)


def promtool_or_skip(generation: str) -> Promtool:
    """Return it; skip the test where it is not to be had."""
    try:
        return promtools.of_generation(generation)
    except NotToBeHad as error:
        pytest.skip(f"No promtool of the newer generation: {error}.")


@pytest.fixture(scope="session")
def secrets(server_folder: Path) -> Path:
    """What `magacin docker` generates, where the servers' users can read it."""
    root = server_folder / "docker"
    folder = root / "mounted"
    shutil.copytree(docker_secrets.ensure(root), folder)
    root.chmod(0o755)
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def postgres_port(server_folder: Path, secrets: Path) -> Iterator[int]:
    """A server made as the image makes it: the Compose file's initdb arguments, then the init script."""
    folder = server_folder / "docker-postgres"
    folder.mkdir()
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
    programs = install.locate("postgres").parent
    password = (secrets / "postgres_password").read_text(encoding="utf-8")
    arguments = ["--data-checksums", "--auth=scram-sha-256", "--encoding=UTF8", "--username=postgres"]
    subprocess.run(
        [
            programs / "initdb",
            "-D",
            folder / "data",
            "--no-sync",
            f"--pwfile={secrets}/postgres_password",
            *arguments,
        ],
        user=user,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    port = free_port()
    command = (str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port))
    options = (
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        f"unix_socket_directories={folder}",
        "-c",
        "fsync=off",
    )
    ready = ("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port))
    server = Server(port, command + options, user, folder, ready, [])
    server.start()
    environment = {
        "PATH": "/usr/bin:/bin",
        "PGHOST": str(folder),
        "PGPORT": str(port),
        "PGPASSWORD": password,
        "POSTGRES_USER": "postgres",
        "MAGACIN_SECRETS_MOUNT": str(secrets),
    }
    try:
        subprocess.run([INIT_SCRIPT], env=environment, cwd=folder, user=user, check=True)
        yield port
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis_port(server_folder: Path, secrets: Path) -> Iterator[int]:
    """A server with the arguments of the Compose file, but for the paths."""
    folder = server_folder / "docker-redis"
    folder.mkdir()
    port = free_port()
    durable = ("--appendonly", "yes", "--appendfsync", "always", "--aclfile", str(secrets / "redis_acl"))
    command = ("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *durable)
    # Before the password is known, "NOAUTH" is what an answer looks like.
    server = Server(port, command, None, folder, ("redis-cli", "-p", str(port), "ping"), [])
    server.start()
    yield port
    server.stop()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as the Dockerfile builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps", "-w", folder, ROOT],
        check=True,
        capture_output=True,
    )
    [built] = folder.glob("*.whl")
    return built
