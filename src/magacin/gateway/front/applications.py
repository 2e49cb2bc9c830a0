"""What the applications of web/ that the gateway serves have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import structlog
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from magacin.core.web_app import WebApp
from magacin.gateway.state import GatewayState, State

log = structlog.get_logger(__name__)

_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# For an application that needs no device of the computer.
NO_DEVICES = {"Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()"}


def application(
    name: str,
    folder: Path,
    base: str,
    *,
    headers: Mapping[str, str],
    page_headers: Mapping[str, str] = MappingProxyType({}),
) -> WebApp:
    """Return the application that was built into a folder; where it was not, the log says so.

    `headers` come with each of its files, `page_headers` with its page.
    """
    # Asked for anew each time: an old page would name files of a build that is gone.
    of_page = {"Cache-Control": "no-cache", **page_headers}
    app = WebApp(folder, base, page_headers=of_page, headers={**_HEADERS, **headers})
    if not app.is_built:
        log.warning(f"{name}_not_built", folder=str(folder))
    return app


def routes(base: str, app_of: Callable[[GatewayState], WebApp]) -> APIRouter:
    """Return the routes of the application at `base`, an address that ends in a slash."""
    router = APIRouter(include_in_schema=False)

    @router.get(base.removesuffix("/"))
    async def slash() -> Response:
        """Lead to the application, whose addresses begin behind a slash."""
        return RedirectResponse(base, 308)

    @router.get(f"{base}{{path:path}}")
    async def serve(request: Request, state: State) -> Response:
        """Return a file of the application, or its page for each address that it knows itself."""
        return app_of(state).answer(request)

    return router
