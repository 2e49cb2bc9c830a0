"""How the parts of a stack are: at this moment, and for as long as somebody looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from magacin.stack import lan, parts, probes
from magacin.stack.parts import PARTS, Part
from magacin.stack.site import Site
from magacin.stack.supervise import Process, Supervisor


@dataclass(frozen=True)
class PartStatus:
    """How a part is, as probed just now. `lan` is what phones open, where it has a door for them."""

    part: Part
    address: str
    pid: int
    state: str
    healthy: bool
    detail: str
    uptime: int
    lan: str | None = None


def is_healthy(process: Process, answer: probes.Answer) -> bool:
    """Say whether a part runs and can do its job."""
    return process.runs and answer.healthy


def statuses(supervisor: Supervisor, site: Callable[[], Site]) -> list[PartStatus]:
    """Probe every part that was started; empty when the stack does not run."""
    processes = {name: process for name, process in supervisor.processes().items() if process.used}
    if not processes:
        return []
    here = site()
    used = [part for part in PARTS.values() if part.name in processes]
    answers = probes.probe_all(used, here)
    return [_status(part, processes[part.name], answers[part.name], here) for part in used]


def _status(part: Part, process: Process, answer: probes.Answer, site: Site) -> PartStatus:
    detail = answer.detail if process.runs else process.error or process.state.lower()
    opened = lan.read(site.data) if part.name == "api-gateway" else None
    return PartStatus(
        part=part,
        address=parts.address(part.name, site.offset),
        pid=process.pid,
        state=process.state.lower(),
        healthy=is_healthy(process, answer),
        detail=detail,
        uptime=process.uptime,
        lan=opened.url(site.offset) if opened else None,
    )


def follow(supervisor: Supervisor, tell: Callable[[str], None], *, seconds: float = 2.0) -> None:
    """Return when supervisord is gone; tell of each part that was started again in between."""
    pids: dict[str, int] = {}
    while processes := supervisor.processes():
        for name, process in processes.items():
            if process.pid and process.pid != pids.get(name, process.pid):
                tell(f"{name} ended and was started again (pid {process.pid})")
            if process.pid:
                pids[name] = process.pid
        time.sleep(seconds)
