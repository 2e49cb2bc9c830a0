"""Are the ports free, and if not, who has them?"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import NamedTuple

import psutil

from magacin.stack.errors import StackError
from magacin.stack.lan import Lan
from magacin.stack.parts import AUTHORITY_PORT, ENDPOINTS, LAN_PORT, LOOPBACK, Part


class Holder(NamedTuple):
    """The process that listens on a port. The pid is None where only root may see it."""

    pid: int | None
    name: str = ""
    command_line: str = ""

    def __str__(self) -> str:
        """Describe it for a person."""
        if self.pid is None:
            return "held by another user's process (run as root to see which)"
        return f"held by {self.name} (pid {self.pid}): {self.command_line}"


def is_free(port: int, address: str = LOOPBACK) -> bool:
    """Say whether a server could listen on this port of an address."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        # Connections of an earlier server that still linger do not keep a new one from listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def holder(port: int) -> Holder:
    """Return who listens on a port."""
    for connection in psutil.net_connections("tcp"):
        local = connection.laddr
        if connection.status == psutil.CONN_LISTEN and connection.pid and local and local.port == port:
            try:
                process = psutil.Process(connection.pid)
                return Holder(process.pid, process.name(), " ".join(process.cmdline())[:200])
            except psutil.Error:
                return Holder(connection.pid, "a process", "command line not readable")
    return Holder(None)


def require_free(parts: Iterable[Part], offset: int, lan: Lan | None = None) -> None:
    """Raise StackError that names each taken port, what wanted it, and who has it."""
    wanted = [(p.name, LOOPBACK, n + offset) for p in parts for n in (p.port, *p.more_ports)]
    wanted += [("--lan", lan.bind, port) for port in lan.ports(offset)] if lan else []
    taken = [(name, port) for name, address, port in wanted if not is_free(port, address)]
    if not taken:
        return
    lines = [f"port {port}, wanted by {name}, is {holder(port)}" for name, port in taken]
    count = "a port is" if len(taken) == 1 else f"{len(taken)} ports are"
    raise StackError(
        f"{count} taken, so nothing was started and nothing changed.",
        *lines,
        f"Stop what holds them, or start a stack of its own beside it: {_elsewhere(offset)}",
    )


def free_offset(candidates: Iterable[int]) -> int | None:
    """Return the first of these offsets at which all ports of a stack are free now."""
    ports = [LAN_PORT, AUTHORITY_PORT, *(port for _, port in ENDPOINTS)]
    return next((o for o in candidates if all(is_free(port + o) for port in ports)), None)


def _elsewhere(offset: int) -> str:
    """Return options under which all ports are free now."""
    # All below 32768, where the system takes ports for clients from.
    others = (*range(10000, 23000, 100), *range(100, 10000, 100))
    found = free_offset(other for other in others if other != offset)
    return f"--port-offset {'N' if found is None else found} --data-dir DIR"
