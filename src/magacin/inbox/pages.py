"""The pages for people. No script at all; what a mail brings along stays in a sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from magacin import __version__
from magacin.contracts.inbox import MAIL_POLICY, MessageKind
from magacin.inbox.endpoints import message_or_404, store_of
from magacin.inbox.slack_view import attachments
from magacin.inbox.store import Wanted

router = APIRouter(include_in_schema=False)

_FOLDER = Path(__file__).parent / "templates"
_templates = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_SHOWN = 200
_REFRESH_SECONDS = 5
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# Links of a mail open beside the inbox and not inside of it.
_LINKS_OUTSIDE = '<base target="_blank">'


@router.get("/")
async def messages(
    request: Request, kind: MessageKind | None = None, alert: Annotated[str | None, Query()] = None
) -> HTMLResponse:
    """Show what came, newest first; heartbeats only when asked for, because they come every minute."""
    store = store_of(request)
    found = store.find(Wanted(kind=kind, alert=alert))
    shown = [m for m in found if kind is not None or m.kind is not MessageKind.HEARTBEAT]
    beats = store.find(Wanted(kind=MessageKind.HEARTBEAT))
    newest = list(reversed(shown))[:_SHOWN]
    page = _page("list.html.j2", messages=newest, kind=kind, alert=alert, beat=beats[-1] if beats else None)
    page.headers["Refresh"] = str(_REFRESH_SECONDS)
    return page


@router.get("/messages/{message_id}")
async def message(request: Request, message_id: int) -> HTMLResponse:
    """Show a message."""
    found = message_or_404(request, message_id)
    blocks = attachments(found.payload) if found.kind is MessageKind.SLACK else []
    payload = orjson.dumps(found.payload, option=orjson.OPT_INDENT_2).decode() if found.payload else ""
    return _page("message.html.j2", message=found, blocks=blocks, payload=payload)


@router.get("/messages/{message_id}/html")
async def mail(request: Request, message_id: int) -> HTMLResponse:
    """Return the HTML of a mail, for the sandbox on its page."""
    found = message_or_404(request, message_id)
    return HTMLResponse(_LINKS_OUTSIDE + found.html, headers=_headers(MAIL_POLICY))


@router.post("/clear")
async def clear(request: Request) -> Response:
    """Forget all messages."""
    store_of(request).clear()
    return RedirectResponse("/", 303)


@router.get("/style.css")
async def style() -> Response:
    """Return the style of the pages."""
    return Response((_FOLDER / "style.css").read_bytes(), media_type="text/css")


def _page(template: str, **content: Any) -> HTMLResponse:
    html = _templates.get_template(template).render(version=__version__, **content)
    return HTMLResponse(html, headers=_headers(_PAGE_POLICY))


def _headers(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
