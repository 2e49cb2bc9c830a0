"""Requests that never come whole, at the gateway's own endpoints."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from magacin.contracts.identity import Role
from magacin.core.http_protocol import LimitedHttp, Limits
from tests.gateway.conftest import Gateway, Upstream


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/scan", "/api/scans", "/api/imports"])
async def test_a_body_that_does_not_come_is_nobodys_failure(
    gateway: Gateway, upstream: Upstream, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LimitedHttp, "limits", Limits(body_seconds=0.5))
    before = await _failures(gateway, path)
    address = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    bearer = gateway.bearer(role=Role.SUPERVISOR)["Authorization"]
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: {bearer}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{".encode()
    )
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert await _failures(gateway, path) == before
    # What was never sent whole reaches no service as if it were.
    assert all(request["body"] != b"{" for request in upstream.requests)


async def _failures(gateway: Gateway, path: str) -> list[str]:
    """Return what is counted of a path's 5xx, by all gateways of this process."""
    page = await gateway.metrics()
    return [line for line in page.splitlines() if 'status="5' in line and f'"{path}"' in line]
