"""Whether Prometheus and Alertmanager took a new configuration, as they tell it themselves."""

from __future__ import annotations

import contextlib
import http.client
import re
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from magacin.stack import clients, render
from magacin.stack.errors import StackError
from magacin.stack.processes import signs_of_life
from magacin.stack.site import Site
from magacin.stack.supervise import Supervisor
from magacin.stack.waiting import Patience, machine_is_busy, until

SERVERS = ("prometheus", "alertmanager")
# How long a server may neither log nor work before it is taken not to have heard, and how long it may
# take in all.
_QUIET_SECONDS, _LONGEST_SECONDS = 15.0, 120.0
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
        until(lambda: self._log.stat().st_size > self._start, seconds=1, every=0.05)
        with self._log.open("rb") as file:
            file.seek(self._start)
            return file.read(_LOG_BYTES).decode(errors="replace").strip()


def state(name: str, site: Site) -> State | None:
    """Ask a server; None when it does not answer."""
    try:
        page = clients.ask(site, name, "/metrics").text
    except (OSError, http.client.HTTPException):
        return None
    values = {
        key: float(value)
        for key, value in re.findall(rf"^{name}_config_last_reload_(\w+) (\S+)$", page, re.MULTILINE)
    }
    return State(values.get("successful") == 1, values.get("success_timestamp_seconds", 0))


class Reloader:
    """Has the running Prometheus and Alertmanager of a stack read what was rendered of `monitoring`."""

    def __init__(self, supervisor: Supervisor, site: Site, monitoring: Path) -> None:
        self._supervisor = supervisor
        self._site = site
        self._monitoring = monitoring

    def reload(self, names: Iterable[str]) -> None:
        """Return when these servers have read their files; raise StackError when one refused them."""
        for name in names:
            before, said = state(name, self._site), Said(self._site.data.log(name))
            self._supervisor.signal(name, "HUP")
            patience = Patience(_QUIET_SECONDS, _LONGEST_SECONDS)
            while not self._has_taken(name, before, said):
                patience.look(partial(self._signs_of_life, name))
                if over := patience.why_over():
                    raise _refused(name, said, over)
                time.sleep(0.1)

    def _signs_of_life(self, name: str) -> tuple[int, int]:
        return signs_of_life(self._supervisor.processes()[name].pid, self._site.data.log(name))

    def _has_taken(self, name: str, before: State | None, said: Said) -> bool:
        now = state(name, self._site)
        if now is not None and not now.successful and (before is None or before.successful):
            raise _refused(name, said)
        return now is not None and now.successful and (before is None or now.loaded_at > before.loaded_at)

    def require_rules(self) -> None:
        """Return when Prometheus has loaded every file of rules; raise StackError naming those it has not."""
        etc = self._site.data.etc.resolve()
        wanted = {path.resolve() for path in render.rule_files(etc)}
        if not until(lambda: wanted <= _loaded_rules(self._site), seconds=10, every=0.2):
            missing = wanted - _loaded_rules(self._site)
            names = sorted(str(self._monitoring / path.relative_to(etc)) for path in missing)
            raise StackError(
                f"Prometheus has not loaded {', '.join(names)}.",
                "Either rule_files in prometheus.yml does not name it, or it has no rules in it.",
            )


def _refused(name: str, said: Said, late: str = "") -> StackError:
    details = ["What it said:", said.since() or "(nothing)"]
    if not late:
        what = f"{name} did not take the new configuration, and goes on with the old one."
        return StackError(what, *details)
    if busy := machine_is_busy():
        details.append(busy)
    return StackError(f"{name} has not taken the new configuration yet: {late}.", *details)


def _loaded_rules(site: Site) -> set[Path]:
    with contextlib.suppress(OSError, ValueError):
        found = clients.ask(site, "prometheus", "/api/v1/rules").json()
        return {Path(group["file"]).resolve() for group in found["data"]["groups"]}
    return set()
