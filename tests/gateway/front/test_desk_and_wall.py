"""The desk and the wall, which need no device: what is sent of them, and what a browser is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.conftest import Gateway, Start

HTML = {"Accept": "text/html"}


@pytest.fixture(params=["desk", "wall"])
def app(request: pytest.FixtureRequest) -> str:
    """Return what the application and its address are called."""
    return str(request.param)


@pytest.fixture
async def gateway(start: Start, app: str, tmp_path: Path) -> Gateway:
    """A gateway with an application that was built."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "main-1a2b.js").write_text("code")
    (tmp_path / "index.html").write_text("index.html")
    return await start(**{f"{app}_dir": tmp_path})


@pytest.mark.parametrize(
    ("path", "content", "kept"),
    [
        ("/", "index.html", "no-cache"),
        ("/imports/7", "index.html", "no-cache"),
        ("/assets/main-1a2b.js", "code", "immutable"),
    ],
)
async def test_its_files_are_sent(gateway: Gateway, app: str, path: str, content: str, kept: str) -> None:
    async with gateway.session.get(f"{gateway.url}/{app}{path}", headers=HTML) as response:
        assert response.status == 200
        assert await response.text() == content
        assert kept in response.headers["Cache-Control"]
        assert "camera=()" in response.headers["Permissions-Policy"]


async def test_its_page_runs_files_of_its_own_alone(gateway: Gateway, app: str) -> None:
    async with gateway.session.get(f"{gateway.url}/{app}/", headers=HTML) as response:
        policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_its_addresses_begin_behind_a_slash(gateway: Gateway, app: str) -> None:
    async with gateway.session.get(f"{gateway.url}/{app}", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (308, f"/{app}/")


async def test_what_is_no_file_is_not_found(gateway: Gateway, app: str) -> None:
    async with gateway.session.get(
        f"{gateway.url}/{app}/assets/gone-9z.js", headers={"Accept": "*/*"}
    ) as response:
        assert response.status == 404


async def test_where_it_was_not_built_the_answer_says_how(start: Start, app: str, tmp_path: Path) -> None:
    gateway = await start(**{f"{app}_dir": tmp_path / "none"})
    async with gateway.session.get(f"{gateway.url}/{app}/", headers=HTML) as response:
        assert response.status == 404
        assert "./magacin up builds them" in await response.text()
