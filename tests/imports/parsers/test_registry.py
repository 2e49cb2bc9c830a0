from __future__ import annotations

from pathlib import Path

import pytest

from magacin.imports.parsers.registry import FORMATS, inspect, titles
from magacin.imports.parsers.table import UnreadableFile
from tests.imports.support import xlsx_bytes


def test_every_name_and_suffix_is_of_one_format() -> None:
    for words in ([f.name for f in FORMATS], [suffix for f in FORMATS for suffix in f.suffixes]):
        assert len(words) == len(set(words))
        assert words == [word.lower() for word in words]
    assert all(f.title in titles() for f in FORMATS)


class TestInspect:
    PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 100

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("a.xlsx", PICTURE, "picture"),
            ("a.csv", PICTURE, "picture"),
            ("a.xlsx", b"%PDF-1.7", "PDF"),
            ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "damaged"),
            ("a.xlsx", b"order,sku,qty\n", "not an Excel workbook"),
            ("a.xlsx", b"PK\x03\x04nonsense", "not a workbook"),
            ("a.csv", b"\0" * 1000, "not a text file"),
            ("a.csv", b"", "empty"),
            ("a.exe", b"order,sku,qty\n", "neither"),
            ("orders", b"order,sku,qty\n", "neither"),
        ],
    )
    def test_what_is_clearly_neither(self, tmp_path: Path, name: str, content: bytes, says: str) -> None:
        path = tmp_path / "x"
        path.write_bytes(content)
        with pytest.raises(UnreadableFile, match=says):
            inspect(path, name)

    def test_a_workbook_under_the_name_of_a_text(self, tmp_path: Path) -> None:
        path = tmp_path / "x"
        path.write_bytes(xlsx_bytes([]))
        assert inspect(path, "orders.CSV").name == "xlsx"
