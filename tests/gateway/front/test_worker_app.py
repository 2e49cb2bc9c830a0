"""The workers' application: what is sent, and what a browser is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.conftest import Gateway, Start

HTML = {"Accept": "text/html"}


@pytest.fixture
async def gateway(start: Start, tmp_path: Path) -> Gateway:
    """A gateway with an application that was built."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "main-1a2b.js").write_text("code")
    (tmp_path / "assets" / "reader-1a2b.wasm").write_bytes(b"\0asm")
    for name in ("index.html", "sw.js", "manifest.webmanifest"):
        (tmp_path / name).write_text(name)
    return await start(app_dir=tmp_path)


class TestFiles:
    @pytest.mark.parametrize(
        ("path", "content", "media_type", "kept"),
        [
            ("/app/", "index.html", "text/html", "no-cache"),
            ("/app/tasks/7", "index.html", "text/html", "no-cache"),
            ("/app/sw.js", "sw.js", "javascript", "no-cache"),
            ("/app/manifest.webmanifest", "manifest.webmanifest", "application/manifest+json", "no-cache"),
            ("/app/assets/main-1a2b.js", "code", "javascript", "immutable"),
            ("/app/assets/reader-1a2b.wasm", "\0asm", "application/wasm", "immutable"),
        ],
    )
    async def test_are_sent(
        self, gateway: Gateway, path: str, content: str, media_type: str, kept: str
    ) -> None:
        async with gateway.session.get(gateway.url + path, headers=HTML) as response:
            assert response.status == 200
            assert await response.text() == content
            assert media_type in response.headers["Content-Type"]
            assert kept in response.headers["Cache-Control"]
            assert response.headers["Service-Worker-Allowed"] == "/app/"
            assert "camera=(self)" in response.headers["Permissions-Policy"]
            policy = response.headers["Content-Security-Policy"]
            assert "script-src 'self' 'wasm-unsafe-eval';" in policy
            assert "unsafe-inline" not in policy
            assert "frame-ancestors 'none'" in policy

    async def test_the_scope_ends_in_a_slash(self, gateway: Gateway) -> None:
        async with gateway.session.get(f"{gateway.url}/app", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (308, "/app/")

    @pytest.mark.parametrize("path", ["/app/assets/gone-9z.js", "/app/../../etc/passwd", "/app/%2e%2e/x"])
    async def test_what_is_no_file_is_not_found(self, gateway: Gateway, path: str) -> None:
        async with gateway.session.get(gateway.url + path, headers={"Accept": "*/*"}) as response:
            assert response.status == 404


async def test_where_it_was_not_built_the_answer_says_how(start: Start, tmp_path: Path) -> None:
    gateway = await start(app_dir=tmp_path / "none")
    async with gateway.session.get(f"{gateway.url}/app/", headers=HTML) as response:
        assert response.status == 404
        assert "./magacin up builds them" in await response.text()
