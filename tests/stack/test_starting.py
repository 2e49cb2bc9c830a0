from __future__ import annotations

from pathlib import Path

from magacin.stack.starting import tail


def test_the_last_lines_of_a_log(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("".join(f"line {n}\n" for n in range(1000)))
    assert tail(tmp_path / "log", 2) == "line 998\nline 999"


def test_of_a_log_without_any(tmp_path: Path) -> None:
    assert tail(tmp_path / "log", 2) == "(no log)"
    (tmp_path / "log").touch()
    assert tail(tmp_path / "log", 2) == "(empty)"
