"""The demo as an application: a client of the others, that answers how it gets on."""

from __future__ import annotations

from contextlib import AsyncExitStack

import structlog
from fastapi import FastAPI

from magacin.core.health import Check
from magacin.core.service import MEASURED, Running, build_app, limited
from magacin.core.settings import load_settings
from magacin.demo.activity import Activity
from magacin.demo.settings import DemoSettings
from magacin.demo.simulation import simulating

log = structlog.get_logger(__name__)


def create_app(settings: DemoSettings | None = None) -> FastAPI:
    """Return the demo: no routes of its own. It begins to work when the application starts."""
    return build_app(
        "demo",
        settings or load_settings(DemoSettings),
        _open,
        title="Magacin Track demo",
        middleware=[MEASURED, limited()],
        error_statuses=(500,),
    )


async def _open(settings: DemoSettings, resources: AsyncExitStack) -> Running[None]:
    log.info(
        "demo_started",
        notice="This is a SIMULATION: made-up people work on sample orders. Nothing of it is real.",
        gateway=settings.base_url,
        scans_per_second=settings.demo_scans_per_second,
        hours=settings.demo_hours,
    )
    activity = Activity()
    await resources.enter_async_context(simulating(settings, activity))
    return Running(state=None, dependencies=[Check.of(activity)])
