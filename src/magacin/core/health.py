"""`/health`: can the service do its job? Each dependency is asked, timed and named."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from magacin.core.metrics import DEPENDENCY_UP

Probe = Callable[[], Awaitable[None]]

# A monitoring system and a load balancer ask in the same second; the dependency is asked once.
_REUSE_SECONDS = 0.5
_ANSWER_SECONDS = 2.0


class LoopBroken(RuntimeError):
    """A loop of the process itself ended, hangs or fails, and nothing that it depends on is the reason."""


class Loop(Protocol):
    """Something of the process itself that must get on, such as a `BackgroundLoop`.

    Not `critical` is one that the service can do without while a dependency is away. A loop that is
    broken is critical in any case: only a restart brings it back.
    """

    name: str
    critical: bool

    async def check(self) -> None:
        """Raise when it does not: `LoopBroken` unless it only waits for a dependency to come back."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to ask: `probe` raises when it is down. `timeout` is in seconds.

    `critical` means that the service cannot do its job without it. A `dependency` has a metric as well.
    """

    name: str
    probe: Probe
    critical: bool = True
    dependency: bool = True
    timeout: float = field(default_factory=lambda: _ANSWER_SECONDS)

    @classmethod
    def of(cls, loop: Loop) -> Check:
        """Return the check of a loop of the service itself."""
        return cls(loop.name, loop.check, loop.critical, dependency=False)


class Health:
    """The checks of one service."""

    def __init__(self, service: str, version: str, checks: Sequence[Check]) -> None:
        self.service = service
        self.version = version
        self._checks = checks
        self._lock = asyncio.Lock()
        self._report: dict[str, Any] = {}
        self._reported_at = -1.0
        for check in checks:
            if check.dependency:
                DEPENDENCY_UP.labels(check.name).set(0)

    async def report(self) -> tuple[int, dict[str, Any]]:
        """Return the HTTP status and the body: 200 when all critical checks pass, else 503."""
        async with self._lock:
            if time.monotonic() - self._reported_at > _REUSE_SECONDS:
                self._report = await self._run(self._checks)
                self._reported_at = time.monotonic()
        return _answered(self._report)

    async def ready(self) -> tuple[int, dict[str, Any]]:
        """Return the same of the process alone, whatever has become of what it depends on.

        For a load balancer of a service whose own pages and refusals are worth having while the rest is down.
        """
        # A loop that waits for a dependency gets on; one that is broken is critical by itself.
        own = [replace(check, critical=False) for check in self._checks if not check.dependency]
        return _answered(await self._run(own))

    async def _run(self, checks: Sequence[Check]) -> dict[str, Any]:
        results = await asyncio.gather(*(self._ask(check) for check in checks))
        failed = [result for result in results if result["status"] != "ok"]
        status = "failing" if any(result["critical"] for result in failed) else "degraded" if failed else "ok"
        return {
            "status": status,
            "service": self.service,
            "version": self.version,
            "checks": {c.name: r for c, r in zip(checks, results, strict=True)},
        }

    async def _ask(self, check: Check) -> dict[str, Any]:
        started = time.perf_counter()
        result: dict[str, Any] = {"status": "ok", "critical": check.critical}
        try:
            async with asyncio.timeout(check.timeout):
                await check.probe()
        except TimeoutError:
            result |= {"status": "failing", "reason": f"no answer within {check.timeout:g} s"}
        except LoopBroken as error:
            result |= {"status": "failing", "reason": _reason(error), "critical": True}
        except Exception as error:  # noqa: BLE001  a probe may fail in any way, and each way means "down"
            result |= {"status": "failing", "reason": _reason(error)}
        result["seconds"] = round(time.perf_counter() - started, 6)
        if check.dependency:
            DEPENDENCY_UP.labels(check.name).set(result["status"] == "ok")
        return result


def _answered(report: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return (503 if report["status"] == "failing" else 200), report


def _reason(error: Exception) -> str:
    """Say what kind of failure it was; a driver's full message may quote a connection string."""
    return str(error)[:200] if isinstance(error, RuntimeError) else type(error).__name__
