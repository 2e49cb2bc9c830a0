from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import ClassVar
from urllib.error import URLError

import pytest

from magacin.stack import clients
from tests.conftest import free_port


class _Server(http.server.BaseHTTPRequestHandler):
    came: ClassVar[list[tuple[str, bytes, str | None]]] = []

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.came.append((self.command, body, self.headers["X-Mark"]))
        self.send_response(404 if self.path == "/missing" else 200)
        # One that promises more than comes breaks off.
        self.send_header("Content-Length", "100" if self.path == "/missing" else "8")
        self.end_headers()
        self.wfile.write(b'{"a": 1}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        threading.Thread(target=server.serve_forever).start()
        _Server.came.clear()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_http_gets_and_posts_past_any_proxy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert clients.http(url).json() == {"a": 1}
    assert clients.http(url, b"x", headers={"X-Mark": "m"}).status == 200
    assert clients.http(url, method="POST").text == '{"a": 1}'
    assert _Server.came == [("GET", b"", None), ("POST", b"x", "m"), ("POST", b"", None)]


def test_no_more_is_read_than_is_wanted(url: str) -> None:
    assert clients.http(url, most=4).content == b'{"a"'


def test_every_status_is_an_answer_also_where_its_words_break_off(url: str) -> None:
    assert clients.http(f"{url}/missing") == (404, b"(and broke off)")


def test_who_does_not_answer_is_an_error() -> None:
    with pytest.raises(URLError, match="refused"):
        clients.http(f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1/x", "nothing"])
def test_only_http_is_opened(address: str) -> None:
    with pytest.raises(ValueError):
        clients.http(address)
