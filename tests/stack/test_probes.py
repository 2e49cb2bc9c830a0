from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from magacin.stack import parts, probes, secrets
from magacin.stack.parts import PARTS, Part
from magacin.stack.paths import DataDir
from magacin.stack.site import Site


class _Answers(http.server.BaseHTTPRequestHandler):
    pages: ClassVar[dict[str, tuple[int, str]]] = {
        "/health": (200, "{}"),
        "/failing": (
            503,
            '{"checks": {"redis": {"status": "failing", "reason": "TimeoutError"}, "x": {"status": "ok"}}}',
        ),
        "/odd": (500, "<html>"),
        "/metrics": (200, "# HELP pg_up x\npg_up 0\n"),
    }

    def do_GET(self) -> None:
        status, body = self.pages[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Site:
    data = DataDir(tmp_path)
    return Site(data, secrets.Secrets(data.secrets), 0)


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Iterator[Part]:
    """The gateway, at the port of a server that answers by the path."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setattr(parts, "PORTS", {"api-gateway": server.server_port})
        yield PARTS["api-gateway"]
        server.shutdown()


def test_healthy(part: Part, site: Site) -> None:
    assert probes.probe(part, site) == (True, "")


def test_a_proxy_of_the_environment_is_not_asked(
    part: Part, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert probes.probe(part, site).healthy


def test_failing_checks_are_named_with_their_reason(part: Part, site: Site) -> None:
    answer = probes.probe(replace(part, health="/failing"), site)
    assert answer == (False, "/failing answers 503: redis (TimeoutError)")


def test_a_body_that_is_no_report_does_no_harm(part: Part, site: Site) -> None:
    assert probes.probe(replace(part, health="/odd"), site) == (False, "/odd answers 500")


def test_an_exporter_that_cannot_reach_its_store_is_not_healthy(part: Part, site: Site) -> None:
    blind = replace(part, health="/metrics", expects="pg_up 1", watches="postgres")
    assert probes.probe(blind, site) == (False, "it cannot reach postgres (pg_up 1 is missing)")


def test_nothing_listens(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PORTS", {"api-gateway": 1})
    assert probes.probe_all([PARTS["api-gateway"]], site) == {
        "api-gateway": (False, "no answer on /health (nothing listens)")
    }
