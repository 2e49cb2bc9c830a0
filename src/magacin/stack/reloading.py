"""Whether Prometheus and Alertmanager took a new configuration, as they tell it themselves."""

from __future__ import annotations

import http.client
import re
import time
from pathlib import Path
from typing import NamedTuple

from magacin.stack import clients
from magacin.stack.errors import StackError
from magacin.stack.site import Site

SERVERS = ("prometheus", "alertmanager")
_SECONDS = 15.0
_LOG_BYTES = 4000


class State(NamedTuple):
    """What a server says about its configuration."""

    successful: bool
    loaded_at: float


class Said:
    """What a server writes to its log from now on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._start = log.stat().st_size if log.exists() else 0

    def since(self) -> str:
        """Return it; the supervisor, which writes it down, gets a second for that."""
        deadline = time.monotonic() + 1
        while self._log.stat().st_size <= self._start and time.monotonic() < deadline:
            time.sleep(0.05)
        with self._log.open("rb") as file:
            file.seek(self._start)
            return file.read(_LOG_BYTES).decode(errors="replace").strip()


def state(name: str, site: Site) -> State | None:
    """Ask a server; None when it does not answer."""
    try:
        page = clients.http(f"{site.url(name)}/metrics").text
    except (OSError, http.client.HTTPException):
        return None
    values = {
        key: float(value)
        for key, value in re.findall(rf"^{name}_config_last_reload_(\w+) (\S+)$", page, re.MULTILINE)
    }
    return State(values.get("successful") == 1, values.get("success_timestamp_seconds", 0))


def wait(name: str, site: Site, before: State | None, said: Said) -> None:
    """Return when a server that was sent HUP has read its files; raise StackError when it refused them."""
    deadline = time.monotonic() + _SECONDS
    while True:
        now = state(name, site)
        if now is not None and now.successful and (before is None or now.loaded_at > before.loaded_at):
            return
        refused = now is not None and not now.successful and (before is None or before.successful)
        if refused or time.monotonic() > deadline:
            raise StackError(
                f"{name} did not take the new configuration, and goes on with the old one.",
                "What it said:",
                said.since() or "(nothing)",
            )
        time.sleep(0.1)
