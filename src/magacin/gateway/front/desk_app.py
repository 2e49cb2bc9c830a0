"""The supervisors' application at /desk/."""

from __future__ import annotations

from pathlib import Path

from magacin.core.web_app import WebApp
from magacin.gateway.front.applications import application, routes

BASE = "/desk/"

# It needs no device of the computer.
_HEADERS = {"Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()"}

router = routes(BASE, lambda state: state.desk_app)


def desk_app(folder: Path) -> WebApp:
    """Return the application that was built into a folder."""
    return application("desk_app", folder, BASE, headers=_HEADERS)
