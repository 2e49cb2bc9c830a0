"""Which sessions were logged out, across restarts."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import pytest

from magacin.console.logouts import FILE_NAME, Logouts

LATER = int(time.time()) + 3600


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def test_are_known_to_the_next_process(file: Path) -> None:
    for name in ("a", "b"):
        Logouts(file).add(name, LATER)
    assert "a" in Logouts(file)
    assert "b" in Logouts(file)
    assert "c" not in Logouts(file)


def test_are_for_this_user_only_and_leave_nothing_behind(file: Path) -> None:
    Logouts(file).add("a", LATER)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_are_forgotten_when_their_session_would_have_ended(file: Path) -> None:
    file.write_text(json.dumps({"old": int(time.time()) - 1, "young": LATER}))
    Logouts(file).add("a", LATER)
    assert set(json.loads(file.read_text())) == {"young", "a"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": "soon"}', '{"a": null}'])
def test_a_damaged_file_counts_as_none(file: Path, content: str) -> None:
    file.write_text(content)
    logouts = Logouts(file)
    assert "a" not in logouts
    logouts.add("b", LATER)
    assert "b" in Logouts(file)


def test_hold_for_the_process_where_nothing_can_be_written(tmp_path: Path) -> None:
    logouts = Logouts(tmp_path / "no-such-folder" / FILE_NAME)
    logouts.add("a", LATER)
    assert "a" in logouts
    assert not list(tmp_path.iterdir())
