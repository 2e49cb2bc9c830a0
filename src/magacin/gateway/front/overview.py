"""What runs where, probed now: the content of the front page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from magacin.core.health import Health
from magacin.core.parts import listed_parts

log = structlog.get_logger(__name__)

_PROBE_SECONDS = 1.5
# The page is open to everybody who can reach us; reloading it must not become a load on the others.
_REUSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part as the page shows it. `state` is ok, degraded, failing, or down for no answer."""

    title: str
    purpose: str
    address: str
    state: str
    detail: str
    href: str | None = None

    def for_everybody(self) -> Part:
        """Return what anybody may know: how it is, not why, nor where unless people are sent there."""
        return replace(self, address=self.address if self.href else "", detail="")


@dataclass(frozen=True, slots=True)
class Target:
    """A part that is probed over HTTP. `url` is what people know it by, `probe` where we find it."""

    title: str
    purpose: str
    url: str
    health_path: str
    link: bool
    probe: str | None = None

    @property
    def health_url(self) -> str:
        """Where to ask how it is."""
        return (self.probe or self.url).rstrip("/") + self.health_path


_MONITORING = {
    "Prometheus": ("collects the metrics, evaluates the rules", "/-/ready"),
    "Alertmanager": ("groups and routes alerts to people", "/-/ready"),
    "Grafana": ("dashboards", "/api/health"),
    "Console": ("dashboards, alerts, targets", "/health"),
    "Inbox": ("shows what people would be sent", "/health"),
    "Node exporter": ("measures the machine", "/metrics"),
    "Redis exporter": ("measures Redis", "/metrics"),
    "PostgreSQL exporter": ("measures PostgreSQL", "/metrics"),
}


def monitoring_target(title: str, url: str, probe: str | None = None) -> Target:
    """Return what to probe for a link of the settings; one we do not know is asked for its front page."""
    purpose, path = _MONITORING.get(title, ("", "/"))
    return Target(title, purpose, url, path, link=True, probe=probe)


def listed_targets(file: Path | None) -> list[Target]:
    """Return what to probe of the parts that a file lists now."""
    return [
        Target(part.title, _MONITORING.get(part.title, ("",))[0], part.url, part.health, link=part.open)
        for part in listed_parts(file)
    ]


class Overview:
    """Probes all parts at once, and keeps the answer for a moment."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        targets: list[Target],
        own: Mapping[str, str],
        parts_file: Path | None = None,
    ) -> None:
        self._session = session
        self._targets = targets
        self._own = own
        self._parts_file = parts_file
        self._lock = asyncio.Lock()
        self._parts: list[Part] = []
        self._probed_at = -_REUSE_SECONDS

    async def parts(self, health: Health) -> list[Part]:
        """Return all parts that an address is known for; `health` is our own."""
        async with self._lock:
            if time.monotonic() - self._probed_at > _REUSE_SECONDS:
                self._parts = await self._probe_all(health)
                self._probed_at = time.monotonic()
            return self._parts

    async def _probe_all(self, health: Health) -> list[Part]:
        targets = [*self._targets, *listed_targets(self._parts_file)]
        (_, report), *others = await asyncio.gather(
            health.report(), *(self._probe(target) for target in targets)
        )
        return [*self._ourselves(report), *others]

    def _ourselves(self, report: dict[str, Any]) -> list[Part]:
        gateway = Part(
            "API Gateway",
            "the door: logins, forwarding, live updates",
            self._own["gateway"],
            report["status"],
            _failing(report),
        )
        stores = [
            Part(
                title,
                purpose,
                self._own[name],
                _state(report["checks"][name]),
                report["checks"][name].get("reason", ""),
            )
            for name, title, purpose in (
                ("postgresql", "PostgreSQL", "the store: nothing acknowledged is lost"),
                ("redis", "Redis", "event stream, live fan-out, login limits"),
            )
        ]
        return [gateway, *stores]

    async def _probe(self, target: Target) -> Part:
        state, detail = "down", "does not answer"
        try:
            timeout = aiohttp.ClientTimeout(total=_PROBE_SECONDS)
            async with self._session.get(
                target.health_url, timeout=timeout, allow_redirects=False
            ) as response:
                state, detail = _verdict(response.status, await _json(response))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.debug("part_probe_failed", part=target.title, reason=type(error).__name__)
        address = target.url.rstrip("/").partition("://")[2]
        return Part(target.title, target.purpose, address, state, detail, target.url if target.link else None)


async def _json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    if response.content_type != "application/json":
        return {}
    content = await response.json()
    return content if isinstance(content, dict) else {}


def _verdict(status: int, report: dict[str, Any]) -> tuple[str, str]:
    if "checks" in report:
        return str(report["status"]), _failing(report)
    if status == 401:
        # Who asks is not let in, and needs not be: a part that asks for a login answers.
        return "ok", "asks for a login"
    return ("ok", "") if status < 400 else ("failing", f"answered {status}")


def _failing(report: dict[str, Any]) -> str:
    failed = [
        f"{name}: {check.get('reason', 'failing')}"
        for name, check in report["checks"].items()
        if check["status"] != "ok"
    ]
    return "; ".join(failed)


def _state(check: dict[str, Any]) -> str:
    return "ok" if check["status"] == "ok" else "down"
