"""The gateway tells of when the last backup of its stack is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from magacin.core import last_backup
from magacin.gateway.app import _backup_gauge
from magacin.gateway.metrics import SAVED_UNTIL
from tests.gateway.conftest import Gateway

AT = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)


async def test_containers_have_none(gateway: Gateway) -> None:
    assert await gateway.metric("last_backup_timestamp_seconds") == 0


async def test_that_of_a_native_stack(gateway: Gateway, tmp_path: Path) -> None:
    last_backup.remember(tmp_path, AT, tmp_path / "backup.tar")
    await _backup_gauge(tmp_path)()
    assert SAVED_UNTIL._value.get() == AT.timestamp()
