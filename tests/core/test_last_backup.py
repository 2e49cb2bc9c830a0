"""Since when there is work that nobody has saved."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from magacin.core import last_backup

AT = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """The data directory of one that was set up a thousand seconds after the beginning of time."""
    (tmp_path / "stack.json").write_text('{"id": "00", "port_offset": 0}')
    os.utime(tmp_path / "stack.json", (1000, 1000))
    return tmp_path


def test_that_of_the_last_one(stack: Path) -> None:
    last_backup.remember(stack, AT, stack / "backup.tar")
    assert last_backup.last(stack) == AT
    assert last_backup.saved_until(stack) == AT.timestamp()


def test_before_the_first_one_it_is_when_the_stack_was_set_up(stack: Path) -> None:
    assert last_backup.saved_until(stack) == 1000


def test_a_demo_is_asked_for_the_next_one_only(stack: Path) -> None:
    (stack / "stack.json").write_text('{"id": "00", "port_offset": 0, "production": false}')
    assert last_backup.saved_until(stack) == 0
    last_backup.remember(stack, AT, stack / "backup.tar")
    assert last_backup.saved_until(stack) == AT.timestamp()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at": "yesterday"}', '{"at": 7}'])
def test_a_note_that_cannot_be_read_is_none(stack: Path, text: str) -> None:
    (stack / "last-backup.json").write_text(text)
    assert last_backup.saved_until(stack) == 1000


@pytest.mark.parametrize("text", ["", "[]", "7"])
def test_where_no_stack_is_nobody_misses_one(stack: Path, text: str) -> None:
    (stack / "stack.json").write_text(text)
    assert last_backup.saved_until(stack) == 0
    (stack / "stack.json").unlink()
    assert last_backup.saved_until(stack) == 0
