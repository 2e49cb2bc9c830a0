"""The application of screens on walls, at /wall/."""

from __future__ import annotations

from pathlib import Path

from magacin.core.web_app import WebApp
from magacin.gateway.front.applications import NO_DEVICES, application, routes

BASE = "/wall/"

router = routes(BASE, lambda state: state.wall_app)


def wall_app(folder: Path) -> WebApp:
    """Return the application that was built into a folder."""
    return application("wall_app", folder, BASE, headers=NO_DEVICES)
