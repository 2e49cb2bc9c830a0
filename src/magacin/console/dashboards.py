"""The dashboards that there are, and each of them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from magacin.console.dashboard_files import Listed
from magacin.console.state import Console

router = APIRouter(tags=["dashboards"])


@router.get("/api/dashboards", summary="All dashboards")
def listing(console: Console) -> list[Listed]:
    """Return what dashboards there are, those that cannot be shown with the reason."""
    return console.dashboards.listing()


@router.get("/api/dashboards/{uid}", summary="One dashboard")
def dashboard(console: Console, uid: str) -> dict[str, Any]:
    """Return a dashboard's JSON, in the classic model."""
    return console.dashboards.open(uid)
