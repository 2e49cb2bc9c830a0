"""A built application at an address below another service's; tests/console has one at the root."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
from fastapi import FastAPI, Request, Response

from magacin.core.web_app import WebApp
from tests.support import serving

HTML = {"Accept": "text/html"}


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/app/", 200, "page"),
        ("/app/tasks/7", 200, "page"),
        ("/app/assets/a-1.js", 200, "code"),
        ("/tasks", 404, ""),
    ],
)
async def test_it_answers_below_its_address_alone(tmp_path: Path, path: str, status: int, body: str) -> None:
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
        session.get(url + path, headers=HTML) as answer,
    ):
        assert answer.status == status
        assert body in await answer.text()
