"""The private parts of the Socket.IO libraries that ours stands on."""

from __future__ import annotations

from importlib.metadata import version

import pytest
import socketio  # type: ignore[import-untyped]  # the library has no types
from engineio.async_socket import AsyncSocket  # type: ignore[import-untyped]  # the library has no types

from magacin.gateway.sockets.library import CHECKED, Server, lacking


async def missing() -> list[str]:
    server = Server()
    server.manager.initialize()
    try:
        return lacking(server, AsyncSocket(server.eio, "sid"))
    finally:
        await server.shutdown()


async def test_the_installed_versions_have_what_is_used() -> None:
    installed = {name: version(name) for name in CHECKED}
    gone = await missing()
    assert not gone, (
        f"{installed} lack {', '.join(gone)}, which gateway/sockets/library.py uses. It was checked against "
        f"{CHECKED}: read what they do now, change that module, and name the versions there."
    )


@pytest.mark.parametrize(
    ("owner", "name"), [(socketio.AsyncServer, "handle_request"), (AsyncSocket, "close")]
)
async def test_a_part_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
    monkeypatch.delattr(owner, name)
    assert await missing() == [f"{owner.__module__}.{owner.__qualname__}.{name}"]
