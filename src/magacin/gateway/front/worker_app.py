"""The workers' application at /app/, and what a browser lets it do: WebAssembly, the camera, offline work."""

from __future__ import annotations

from pathlib import Path

from magacin.core.web_app import WebApp
from magacin.gateway.front.applications import application, routes

BASE = "/app/"

# `'self'` covers WebSockets of the same address as well. A worker goes by the policy of its own file, so that
# every file has it.
_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self'; font-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "Service-Worker-Allowed": BASE,
}

router = routes(BASE, lambda state: state.worker_app)


def worker_app(folder: Path) -> WebApp:
    """Return the application that was built into a folder."""
    page_headers = {"Content-Security-Policy": _POLICY}
    return application("worker_app", folder, BASE, headers=_HEADERS, page_headers=page_headers)
