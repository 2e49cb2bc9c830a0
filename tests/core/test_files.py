from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from magacin.core.files import write_private, write_whole


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestWritePrivate:
    def test_mode_and_content(self, tmp_path: Path) -> None:
        write_private(tmp_path / "file", "text")
        assert mode(tmp_path / "file") == 0o600
        assert (tmp_path / "file").read_text() == "text"

    def test_a_loose_mode_is_tightened_and_nothing_is_left_beside(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch(0o644)
        write_private(tmp_path / "file", "text")
        assert mode(tmp_path / "file") == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["file"]


class TestWriteWhole:
    def test_a_file_that_is_not_writable_is_replaced(self, tmp_path: Path) -> None:
        for text in ("one", "two"):
            write_whole(tmp_path / "file", text, 0o444)
        assert mode(tmp_path / "file") == 0o444
        assert (tmp_path / "file").read_text() == "two"

    def test_what_a_crash_left_is_in_nobodys_way(self, tmp_path: Path) -> None:
        left = tmp_path / f".file.{os.getpid()}"
        left.symlink_to(tmp_path / "other")
        write_whole(tmp_path / "file", "text", 0o600)
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

    def test_where_it_fails_all_is_as_before(self, tmp_path: Path) -> None:
        write_whole(tmp_path / "file", "before", 0o600)
        with pytest.raises(LookupError):
            write_whole(tmp_path / "file", "after", 0o600, "nobody-of-this-name")
        assert (tmp_path / "file").read_text() == "before"
        assert [path.name for path in tmp_path.iterdir()] == ["file"]
