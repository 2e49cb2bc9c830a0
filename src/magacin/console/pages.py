"""The addresses that browsers open."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from magacin.console.state import Console

router = APIRouter(include_in_schema=False)


@router.get("/{path:path}")
async def anything(request: Request, console: Console) -> Response:
    """Return a file of the app, or the app itself for every address that a browser opens."""
    return console.web_app.answer(request)
