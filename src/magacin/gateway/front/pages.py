"""The pages that the gateway serves itself: the front page, what runs where, and the list of operations."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import orjson
import segno
from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from magacin import __version__
from magacin.core.service import ServiceHealth
from magacin.gateway.client_address import is_local
from magacin.gateway.front.demo_badge import demo_badge
from magacin.gateway.state import State

router = APIRouter(include_in_schema=False)

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_METHODS = ("get", "post", "put", "patch", "delete")

# Where applications may have a browser begin, by a cookie that they set after a login. What anybody else
# writes there leads nowhere.
START_COOKIE = "magacin_start"
_STARTS = frozenset({"/app/", "/desk/", "/status"})
_STAY = "stay"


@router.get("/")
async def front_page(request: Request, state: State) -> Response:
    """Show where to go; send a browser on that has chosen, unless it asks to `?stay`."""
    start = request.cookies.get(START_COOKIE)
    if start in _STARTS and _STAY not in request.query_params:
        return RedirectResponse(start, 303, {"Cache-Control": "no-store"})
    demo = demo_badge(state.settings.demo_badge_file) if is_local(request) else None
    code = segno.make(demo.badge, micro=False).svg_data_uri(scale=4, border=3, light="#fff") if demo else None
    return page("front.html.j2", demo=demo, code=code)


@router.get("/status")
async def status_page(request: Request, state: State, health: ServiceHealth) -> HTMLResponse:
    """Show how each part of Magacin Track is, probed now.

    The page needs no login. Addresses of stores and reasons of failures are for whoever is at the machine.
    """
    parts = await state.overview.parts(health)
    local = is_local(request)
    if not local:
        parts = [part.for_everybody() for part in parts]
    troubled = [part for part in parts if part.state != "ok"]
    return page("status.html.j2", parts=parts, troubled=troubled, local=local)


@router.get("/docs")
async def operations(request: Request) -> HTMLResponse:
    """Show the OpenAPI description as a page, without anybody else's scripts."""
    return page("docs.html.j2", groups=_groups(request.app.openapi()))


def page(template: str, *, status: int = 200, form: bool = False, **content: Any) -> HTMLResponse:
    """Return a page that loads nothing, runs nothing, and sends a form at most to where it came from."""
    nonce = secrets.token_urlsafe(16)
    target = "'self'" if form else "'none'"
    html = _templates.get_template(template).render(nonce=nonce, version=__version__, **content)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; "
        f"base-uri 'none'; form-action {target}; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(html, status, headers)


def _groups(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the operations by tag, each with what the page shows of it."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if method in _METHODS:
                tag = operation.get("tags", ["other"])[0]
                groups.setdefault(tag, []).append(_operation(schema, method, path, operation))
    groups["operations"] = groups.pop("operations")  # what few people look for, last
    return groups


def _operation(schema: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    answers = operation["responses"]
    success = next((status for status in answers if status < "300"), "200")
    return {
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "role": operation.get("x-minimum-role") or ("any" if operation.get("security") else None),
        "parameters": operation.get("parameters", []),
        "body": _model(schema, body),
        "success": success,
        "answer": _model(schema, answers[success].get("content", {})),
        "errors": {status: answer["description"] for status, answer in answers.items() if status >= "400"},
    }


def _model(schema: dict[str, Any], content: dict[str, Any]) -> dict[str, str] | None:
    for media_type, described in content.items():
        model = described.get("schema", {})
        name = model.get("$ref", "").rpartition("/")[2]
        shown = schema["components"]["schemas"][name] if name else model
        if shown:
            text = orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()
            return {"name": name or media_type, "media_type": media_type, "text": text}
    return None
