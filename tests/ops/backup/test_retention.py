"""Which backups go."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from magacin.ops.backup import retention, taking
from magacin.ops.backup.archive import Backup
from tests.ops.backup.test_archive import NOW, write


def nightly(folder: Path, nights: int, stack: str = "00") -> list[Backup]:
    times = [NOW + timedelta(days=night, seconds=int(stack)) for night in range(nights)]
    return [write(folder / taking.default_name(at), created_at=at, stack=stack) for at in times]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_newest_stay(tmp_path: Path) -> None:
    backups = nightly(tmp_path, 5)
    gone = retention.remove_older(backups[-1], 2)
    assert {path.name for path in gone} == {backup.path.name for backup in backups[:3]}
    assert names(tmp_path) == {backup.path.name for backup in backups[3:]}


def test_nothing_else_goes(tmp_path: Path) -> None:
    """Not another stack's, not what somebody named, not what cannot be read, not what is no file of ours."""
    others = nightly(tmp_path, 2, stack="11")
    write(tmp_path / "before-the-move.tar")
    (tmp_path / "magacin-20200101T000000Z.tar").write_bytes(b"damaged")
    (tmp_path / "magacin.dump").touch()
    before = names(tmp_path)
    backups = nightly(tmp_path, 3)
    retention.remove_older(backups[-1], 1)
    assert names(tmp_path) == before | {backups[-1].path.name}
    assert all(other.path.exists() for other in others)


def test_the_one_just_made_stays_though_a_clock_went_back(tmp_path: Path) -> None:
    backups = nightly(tmp_path, 3)
    retention.remove_older(backups[0], 1)
    assert names(tmp_path) == {backups[0].path.name}
