"""Starts a peer as a process of its own, by the same server as ours or by another, and ends it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from benchmarks import cpu
from benchmarks.stack import free_port
from magacin.stack.paths import ROOT

_PATIENCE = 30
_SERVERS = {
    "uvicorn": ("--log-level", "warning", "--no-access-log"),
    "granian": ("--interface", "asgi", "--loop", "uvloop", "--log-level", "warning", "--no-access-log"),
}


@dataclass(frozen=True)
class Peer:
    """A peer that runs."""

    url: str
    process: psutil.Process

    def seconds(self) -> float:
        """Return the processor time that it has spent."""
        return cpu.seconds(self.process)


@contextmanager
def serving(name: str, environment: Mapping[str, str], *, server: str = "uvicorn") -> Iterator[Peer]:
    """Run `benchmarks.peers.NAME` until the block ends. What it needs to know comes by the environment."""
    port = free_port()
    command = [
        sys.executable, "-m", server, "--factory", f"benchmarks.peers.{name}:application",
        "--host", "127.0.0.1", "--port", str(port), *_SERVERS[server],
    ]  # fmt: skip
    with subprocess.Popen(command, env={**os.environ, **environment}, cwd=ROOT) as process:
        try:
            _wait_until_it_listens(port, process)
            yield Peer(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
        finally:
            process.terminate()


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < ends:
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("A peer did not begin to listen; what it said stands above.")
