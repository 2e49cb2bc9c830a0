"""`/health` says what is wrong, how critical it is, and nothing secret."""

from __future__ import annotations

import asyncio

import pytest

from magacin.core.health import Check, Health, LoopBroken, Probe
from magacin.core.metrics import DEPENDENCY_UP


async def _answers() -> None:
    return None


async def _refuses() -> None:
    raise ConnectionRefusedError("postgresql://user:s3cr3t@host")


async def _hangs() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("probe", "critical", "expected"),
    [
        (_answers, True, (200, "ok")),
        (_refuses, True, (503, "failing")),
        (_hangs, True, (503, "failing")),
        (_refuses, False, (200, "degraded")),
    ],
)
async def test_status(probe: object, critical: bool, expected: tuple[int, str]) -> None:
    health = Health("service", "1", [Check("dep", probe, critical=critical, timeout=0.05)])  # type: ignore[arg-type]  # parametrised
    status, report = await health.report()
    assert (status, report["status"]) == expected
    assert report["checks"]["dep"]["seconds"] >= 0
    assert "s3cr3t" not in str(report)
    assert DEPENDENCY_UP.labels("dep")._value.get() == (probe is _answers)


async def test_is_asked_again_not_remembered() -> None:
    up = True

    async def probe() -> None:
        if not up:
            raise OSError

    health = Health("service", "1", [Check("dep", probe)])
    assert (await health.report())[0] == 200
    up = False
    await asyncio.sleep(0.6)
    assert (await health.report())[0] == 503


async def _broken() -> None:
    raise LoopBroken("it has ended")


@pytest.mark.parametrize(
    ("dependency", "loop", "expected"),
    [
        (_refuses, _answers, (200, "ok")),
        # It waits for the dependency.
        (_refuses, _refuses, (200, "degraded")),
        (_answers, _broken, (503, "failing")),
    ],
)
async def test_ready_is_what_gets_on_by_itself(
    dependency: Probe, loop: Probe, expected: tuple[int, str]
) -> None:
    checks = [Check("dep", dependency), Check("loop", loop, dependency=False)]
    status, report = await Health("service", "1", checks).ready()
    assert (status, report["status"]) == expected
    assert set(report["checks"]) == {"loop"}
