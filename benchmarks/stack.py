"""A stack of its own for a run: a new data directory, free ports, gone afterwards."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.build import Build
from magacin.stack import parts, ports
from magacin.stack.paths import DataDir
from magacin.stack.secrets import Secrets
from magacin.stack.site import Site

# Higher ports than these are where the kernel takes them for outgoing connections.
_LOWEST_OFFSET, _HIGHEST_OFFSET, _STEP = 10_000, 23_000, 500


@dataclass(frozen=True)
class BenchStack:
    """A stack, and how to reach it when it runs."""

    data_dir: Path
    offset: int
    build: Build

    @property
    def gateway(self) -> str:
        """The gateway's base URL."""
        return f"http://{parts.address('api-gateway', self.offset)}"

    @property
    def site(self) -> Site:
        """Where it is, for who asks its parts with the logins that they want."""
        data = DataDir(self.data_dir)
        return Site(data, Secrets(data.secrets), self.offset)

    def secret(self, name: str) -> str:
        """Return a secret of the stack."""
        return (self.data_dir / "secrets" / name).read_text().strip()

    def postgres_environment(self) -> dict[str, str]:
        """Return what psql and pgbench need to connect. The password is not on a command line."""
        return {
            **os.environ,
            "PGHOST": parts.LOOPBACK,
            "PGPORT": str(parts.PORTS["postgres"] + self.offset),
            "PGUSER": "magacin",
            "PGDATABASE": "magacin",
            "PGPASSWORD": self.secret("postgres-app-password"),
        }

    def up(self, *options: str) -> None:
        """Start it, and return when all of it is healthy."""
        offset, folder = str(self.offset), str(self.data_dir)
        self.build.magacin("up", "--detach", "--port-offset", offset, "--data-dir", folder, *options)

    def down(self, *, check: bool = True) -> None:
        """Stop it, and return when all of it has ended."""
        self.build.magacin("down", "--data-dir", str(self.data_dir), check=check)

    def part(self, command: str, name: str) -> None:
        """Start or stop one part of it, and return when that is done."""
        self.build.magacin(command, name, "--data-dir", str(self.data_dir))

    def status(self) -> list[dict[str, Any]]:
        """Return what `magacin status --json` says of the parts, whether all are well or not."""
        run = self.build.magacin(
            "status", "--json", "--data-dir", str(self.data_dir), check=False, capture=True
        )
        answer = json.loads(run.stdout)
        return list(answer["parts"] if isinstance(answer, dict) else answer)

    async def login(self, session: aiohttp.ClientSession) -> dict[str, str]:
        """Return headers that carry the admin's token."""
        body = {"username": "admin", "password": self.secret("admin-password")}
        async with session.post(f"{self.gateway}/api/auth/login", json=body) as response:
            response.raise_for_status()
            return {"Authorization": f"Bearer {(await response.json())['access_token']}"}


@contextmanager
def running_stack(build: Build) -> Iterator[BenchStack]:
    """Start the application without the monitoring, and stop and remove it at the end."""
    with new_stack(build) as stack:
        stack.up("--only", "app")
        yield stack


@contextmanager
def new_stack(build: Build) -> Iterator[BenchStack]:
    """Yield a stack that was never started; stop and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="magacin-bench-"))
    folder.chmod(0o755)
    stack = BenchStack(folder / "data", _free_offset(), build)
    try:
        yield stack
    finally:
        stack.down(check=False)
        shutil.rmtree((stack.data_dir / "postgres").resolve(), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _free_offset() -> int:
    offset = ports.free_offset(range(_LOWEST_OFFSET, _HIGHEST_OFFSET, _STEP))
    if offset is None:
        raise SystemExit("No range of free ports was found for the stack of the benchmark.")
    return offset


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((parts.LOOPBACK, 0))
        return int(listener.getsockname()[1])
