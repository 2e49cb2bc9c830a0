"""A built application at an address below another service's; tests/console has one at the root."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
from fastapi import FastAPI, Request, Response

from magacin.core.web_app import WebApp
from tests.support import serving

HTML = "text/html"
ANY = "*/*"


@pytest.mark.parametrize(
    ("path", "accept", "status", "body"),
    [
        ("/app/", HTML, 200, "page"),
        ("/app/tasks/7", HTML, 200, "page"),
        ("/app/assets/a-1.js", HTML, 200, "code"),
        # As a service worker asks for what it is to keep.
        ("/app/index.html", ANY, 200, "page"),
        ("/tasks", HTML, 404, ""),
    ],
)
async def test_it_answers_below_its_address_alone(
    tmp_path: Path, path: str, accept: str, status: int, body: str
) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a-1.js").write_text("code")
    (tmp_path / "index.html").write_text("page")
    built = WebApp(tmp_path, "/app/")
    service = FastAPI()

    @service.get("/app/{_:path}")
    async def anything(request: Request) -> Response:
        return built.answer(request)

    async with (
        serving(service) as url,
        aiohttp.ClientSession() as session,
        session.get(url + path, headers={"Accept": accept}) as answer,
    ):
        assert answer.status == status
        assert body in await answer.text()
