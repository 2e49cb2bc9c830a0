"""The supervisors' application at /desk/."""

from __future__ import annotations

from pathlib import Path

from magacin.core.web_app import WebApp
from magacin.gateway.front.applications import NO_DEVICES, application, routes

BASE = "/desk/"

router = routes(BASE, lambda state: state.desk_app)


def desk_app(folder: Path) -> WebApp:
    """Return the application that was built into a folder."""
    return application("desk_app", folder, BASE, headers=NO_DEVICES)
