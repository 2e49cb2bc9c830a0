"""The application as Compose would run it, without Compose: wheel, environment, secrets, probe.

Each service is started from the installed wheel with the environment that docker-compose.yml gives it; only
hosts and paths are put in their place. Its health is what the Dockerfile's HEALTHCHECK says.
"""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from magacin.stack.parts import PORTS, services
from magacin.stack.paths import ROOT
from tests.conftest import free_port
from tests.monitoring.test_image_files import probe_program

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]
SERVICES = [part.name for part in services()]


class Host:
    """Puts what Compose calls by name where it is on this machine."""

    def __init__(self, folder: Path, secrets: Path, wheel: Path, ports: dict[str, int]) -> None:
        self.folder = folder
        self.ports = ports
        self.package = folder / "package"
        zipfile.ZipFile(wheel).extractall(self.package)
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for secret in secrets.iterdir():
            (self.secrets / secret.name).write_text(
                self.local(secret.read_text(encoding="utf-8")), encoding="utf-8"
            )

    def local(self, text: str) -> str:
        for name, port in self.ports.items():
            text = re.sub(rf"(?<![\w-]){name}:{PORTS[name]}\b", f"127.0.0.1:{port}", text)
        return text.replace("/run/secrets", str(self.folder / "secrets"))

    def environment(self, service: str) -> dict[str, str]:
        given = {key: self.local(value) for key, value in COMPOSE[service]["environment"].items()}
        given = {key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for key, value in given.items()}
        if service in self.ports:
            given["MAGACIN_PORT"] = str(self.ports[service])
        # What the image sets, and nothing of the machine that the tests run on.
        image = {"MAGACIN_IMPORT_DIR": str(self.folder / "imports"), "MAGACIN_HOST": "127.0.0.1"}
        return image | given | {"PYTHONPATH": str(self.package), "PATH": "/usr/bin:/bin"}

    def start(self, service: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{service}.log").open("wb") as log:
            self.processes[service] = subprocess.Popen(
                [sys.executable, "-P", "-m", "magacin.cli", *COMPOSE[service]["command"]],
                env=self.environment(service),
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        return self.processes[service]

    def log(self, service: str) -> str:
        return (self.folder / f"{service}.log").read_text(encoding="utf-8")[-3000:]

    def is_healthy(self, service: str) -> bool:
        probe = [sys.executable, "-c", probe_program()]
        return (
            subprocess.run(probe, env=self.environment(service), capture_output=True, check=False).returncode
            == 0
        )


@pytest.fixture(scope="module")
def host(
    tmp_path_factory: pytest.TempPathFactory, secrets: Path, wheel: Path, postgres_port: int, redis_port: int
) -> Iterator[Host]:
    """The migrations have run, and the four services are running."""
    ports = {name: free_port() for name in SERVICES} | {"postgres": postgres_port, "redis": redis_port}
    host = Host(tmp_path_factory.mktemp("host"), secrets, wheel, ports)
    assert host.start("migrate").wait(timeout=120) == 0, host.log("migrate")
    with ExitStack() as running:
        for service in SERVICES:
            process = running.enter_context(host.start(service))
            running.callback(process.terminate)
        yield host


@pytest.mark.parametrize("service", SERVICES)
def test_becomes_healthy_by_the_images_own_probe(host: Host, service: str) -> None:
    deadline = time.monotonic() + 120
    while not host.is_healthy(service):
        assert host.processes[service].poll() is None, host.log(service)
        assert time.monotonic() < deadline, host.log(service)
        time.sleep(0.2)
    with urllib.request.urlopen(f"http://127.0.0.1:{host.ports[service]}/metrics", timeout=60) as answer:
        assert 'magacin_build_info{version="' in answer.read().decode()


def test_the_gateway_lets_phones_in(host: Host) -> None:
    """With what docker-compose.lan.yml adds, in an image whose other folders cannot be written to."""
    added = yaml.safe_load((ROOT / "docker-compose.lan.yml").read_text(encoding="utf-8"))["services"]
    given = dict(added["api-gateway"]["environment"])
    folder, port = host.folder / "lan", free_port()
    folder.mkdir()
    given |= {"MAGACIN_LAN_NAME": "warehouse.lan", "MAGACIN_LAN_DIR": str(folder)}
    given |= {"MAGACIN_LAN_CERTIFICATE_FILE": "", "MAGACIN_LAN_KEY_FILE": "", "MAGACIN_LAN_HOST": "127.0.0.1"}
    given |= {"MAGACIN_LAN_PORT": str(port), "MAGACIN_LAN_AUTHORITY_PORT": str(free_port())}
    environment = host.environment("api-gateway") | given | {"MAGACIN_PORT": str(free_port())}
    program = [sys.executable, "-P", "-m", "magacin.cli", "serve", "api-gateway"]
    with (host.folder / "phones.log").open("wb") as log:
        process = subprocess.Popen(program, env=environment, cwd=host.folder, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 120
        while not _connects(folder / "warehouse.lan" / "authority.crt", port):
            assert process.poll() is None, host.log("phones")
            assert time.monotonic() < deadline, host.log("phones")
            time.sleep(0.2)
        assert '"event":"lan_open"' in host.log("phones")
        assert "PRIVATE" not in host.log("phones")
    finally:
        process.terminate()
        process.wait()


def _connects(authority: Path, port: int) -> bool:
    if not authority.exists():
        return False
    context = ssl.create_default_context(cafile=str(authority))
    try:
        with (
            socket.create_connection(("127.0.0.1", port)) as connection,
            context.wrap_socket(connection, server_hostname="warehouse.lan"),
        ):
            return True
    except ConnectionRefusedError:
        return False


@pytest.mark.parametrize("service", SERVICES)
def test_no_secret_is_in_the_log(host: Host, service: str) -> None:
    passwords = ("database_password", "redis_password", "service_token", "jwt_key")
    log = host.log(service)
    assert not [name for name in passwords if (host.secrets / name).read_text(encoding="utf-8") in log]
