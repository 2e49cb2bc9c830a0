"""The demo as a process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from tests.conftest import free_port


async def test_it_waits_for_the_gateway_says_what_it_is_and_stops_when_told(tmp_path: Path) -> None:
    port = free_port()
    password = tmp_path / "admin-password"
    password.write_text("kD82-hfq0-QQm1-xx90")
    environment = {
        **os.environ,
        "MAGACIN_PORT": str(port),
        "MAGACIN_STACK": "of this test",
        "MAGACIN_GATEWAY_URL": f"http://127.0.0.1:{free_port()}",
        "MAGACIN_ADMIN_PASSWORD_FILE": str(password),
        "MAGACIN_DEMO_USERS_FILE": str(tmp_path / "demo-users.json"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "magacin.cli", "serve", "demo", env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    first, second = [orjson.loads(await process.stdout.readline()) for _ in range(2)]
    assert first["event"] == "demo_started"
    assert "SIMULATION" in first["notice"]
    assert second["event"] == "waiting_for_gateway"
    url = f"http://127.0.0.1:{port}/health"
    async with aiohttp.ClientSession() as session:
        health = await _health(session, url)
        assert (health["status"], health["service"]) == ("failing", "demo")
        assert health["checks"]["simulation"]["reason"] == "waits for the gateway"
        async with session.get(f"{url}/live") as response:
            assert (response.status, await response.json()) == (200, {"status": "alive"})
    process.send_signal(signal.SIGTERM)
    rest = await process.stdout.read()
    assert await process.wait() == -signal.SIGTERM, "as every service that was told to stop"
    assert b"demo_stopped" in rest
    assert not (tmp_path / "demo-users.json").exists()


async def _health(session: aiohttp.ClientSession, url: str) -> Any:
    """Return what it says as soon as it listens, which is a moment after it began to work."""
    while True:
        with contextlib.suppress(aiohttp.ClientConnectorError):
            async with session.get(url) as response:
                return await response.json()
        await asyncio.sleep(0.02)
