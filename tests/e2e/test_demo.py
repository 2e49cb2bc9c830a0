"""`up --demo` on a new machine: the first thing that anybody sees of it."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.e2e.conftest import Api, eventually, running

pytestmark = pytest.mark.e2e


async def test_a_new_stack_works_by_itself() -> None:
    with running("--demo", "--only", "app") as stack:
        assert stack.status()["demo"]["health"] == "healthy"
        assert "Traceback" not in (stack.data_dir / "logs" / "demo.log").read_text()
        async with aiohttp.ClientSession() as session:
            admin = await Api(session, stack.url("api-gateway")).as_user(
                "admin", stack.secret("admin-password")
            )

            async def scans_by_several_people() -> Any:
                _, board = await admin("GET", "/api/board")
                busy = [worker for worker in board["workers"] if worker["picked"]]
                return len(busy) >= 3 and sum(board["scans_today"].values()) >= 20

            await eventually(scans_by_several_people)
