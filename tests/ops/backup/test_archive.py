"""The file of a backup: what is one, what is none, and what was one once."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from magacin.ops.backup import archive
from magacin.ops.backup.archive import Backup, Facts, Manifest, Source
from magacin.stack.errors import StackError

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DUMP = b"PGDMP" + bytes(range(256)) * 10


def write(path: Path, sources: Sequence[Source] = (), **changes: Any) -> Backup:
    def describe(dump: Facts, files: dict[str, Facts]) -> Manifest:
        values: dict[str, Any] = {
            "magacin": "0.1.0",
            "created_at": NOW,
            "stack": "00",
            "postgres_major": 15,
            "database_bytes": 1,
            "revisions": {"tasks": "0001"},
            "rows": {"tasks.scans": 1},
            "last_scan_at": None,
            "dump_bytes": dump.size,
            "dump_sha256": dump.sha256,
            "files": files,
        }
        return Manifest(**values | changes)

    with path.open("w+b") as file:
        archive.write(file, [DUMP[:100], DUMP[100:]], describe, lambda _: None, sources)
    return archive.read(path)


def refusal(path: Path) -> str:
    with pytest.raises(StackError) as caught:
        archive.read(path).check(lambda _: None)
    return str(caught.value)


class TestWhole:
    def test_gives_back_what_was_written(self, tmp_path: Path) -> None:
        backup = write(tmp_path / "backup.tar")
        backup.check(lambda _: None)
        assert b"".join(backup.dump(lambda _: None)) == DUMP
        assert backup.manifest.created_at == NOW

    def test_tar_takes_it_apart(self, tmp_path: Path) -> None:
        """On a day on which nothing of ours runs."""
        write(tmp_path / "backup.tar")
        subprocess.run(["tar", "-xf", "backup.tar", "database.dump"], cwd=tmp_path, check=True)
        assert (tmp_path / "database.dump").read_bytes() == DUMP

    def test_tells_how_far_it_is(self, tmp_path: Path) -> None:
        told: list[int] = []
        write(tmp_path / "backup.tar").check(told.append)
        assert told[-1] == len(DUMP)


class TestRefused:
    def test_cut_off_anywhere(self, tmp_path: Path) -> None:
        path = tmp_path / "backup.tar"
        write(path)
        content = path.read_bytes()
        manifest_ends = content.rindex(b"}\n") + 2
        for length in range(512, manifest_ends, 64):
            path.write_bytes(content[:length])
            assert "is cut off" in refusal(path), length
        for length in (0, 1, 100, 511):
            path.write_bytes(content[:length])
            assert "is not a backup" in refusal(path), length

    def test_a_byte_that_changed(self, tmp_path: Path) -> None:
        path = tmp_path / "backup.tar"
        write(path)
        content = bytearray(path.read_bytes())
        content[1000] ^= 1
        path.write_bytes(content)
        assert "is damaged" in refusal(path)

    @pytest.mark.parametrize(
        "content",
        [b"\x89PNG\r\n\x1a\n" + bytes(5000), b"", b"PGDMP" + bytes(9000), bytes(10_000), b"\xff" * 3000],
    )
    def test_what_is_something_else(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "something"
        path.write_bytes(content)
        assert "is not a backup of Magacin Track" in refusal(path)

    @pytest.mark.parametrize("names", [["letter.txt"], ["letter.txt", "manifest.json"]])
    def test_another_tar(self, tmp_path: Path, names: list[str]) -> None:
        with tarfile.open(tmp_path / "other.tar", "w") as other:
            for name in names:
                other.addfile(tarfile.TarInfo(name), io.BytesIO())
        assert "is not a backup of Magacin Track" in refusal(tmp_path / "other.tar")

    def test_a_manifest_that_is_none(self, tmp_path: Path) -> None:
        with tarfile.open(tmp_path / "other.tar", "w") as other:
            for name, text in ((archive.DUMP, DUMP), (archive.MANIFEST, b"[1]")):
                info = tarfile.TarInfo(name)
                info.size = len(text)
                other.addfile(info, io.BytesIO(text))
        assert "is not a backup of Magacin Track" in refusal(tmp_path / "other.tar")

    def test_a_later_format(self, tmp_path: Path) -> None:
        write(tmp_path / "one.tar")
        with pytest.raises(StackError, match="later version"):
            write(tmp_path / "two.tar", format=archive.FORMAT + 1)

    @pytest.mark.parametrize("name", ["none.tar", "."])
    def test_no_file(self, tmp_path: Path, name: str) -> None:
        assert "there is no file" in refusal(tmp_path / name)

    def test_a_manifest_of_another_dump(self, tmp_path: Path) -> None:
        with pytest.raises(StackError, match="is not a backup"):
            write(tmp_path / "backup.tar", dump_bytes=5)
