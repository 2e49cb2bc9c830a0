"""What kind of file it is: by its name, and by its first bytes, which do not lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from magacin.contracts.imports import ImportFormat
from magacin.imports.parsers.columns import Mapped
from magacin.imports.parsers.csv import open_csv
from magacin.imports.parsers.encoding import BINARY, looks_binary
from magacin.imports.parsers.table import Table, UnreadableFile
from magacin.imports.parsers.xlsx import check_archive, open_xlsx

_HEAD = 1 << 16
TEXT_SUFFIXES = frozenset({".csv", ".txt", ".tsv"})
WORKBOOK_SUFFIXES = frozenset({".xlsx", ".xlsm"})
_ZIP = b"PK\x03\x04"
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file (.xls); save it as .xlsx"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)


def format_of(filename: str) -> ImportFormat | None:
    """Return the format that a name claims, or None for a name that is neither's."""
    suffix = PurePath(filename).suffix.lower()
    if suffix in WORKBOOK_SUFFIXES:
        return ImportFormat.XLSX
    return ImportFormat.CSV if suffix in TEXT_SUFFIXES else None


def inspect(path: Path, filename: str) -> ImportFormat:
    """Return the format of a file; raise `UnreadableFile` for one that is clearly neither CSV nor XLSX.

    The content decides, so that a workbook saved under a .csv name is read as what it is.
    """
    if format_of(filename) is None:
        raise UnreadableFile(f"{filename[:100]!r} is neither a .csv nor a .xlsx file.")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise UnreadableFile("The file is empty.")
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise UnreadableFile(f"The file is not CSV or XLSX, whatever its name says: it is {what}.")
    if head.startswith(_ZIP):
        check_archive(path)
        return ImportFormat.XLSX
    if format_of(filename) is ImportFormat.XLSX:
        raise UnreadableFile("The file is not an Excel workbook, whatever its name says.")
    if looks_binary(head):
        raise UnreadableFile(BINARY)
    return ImportFormat.CSV


@contextmanager
def open_table(path: Path, filename: str, mapping: Mapped | None = None) -> Iterator[Table]:
    """Open a file as a table, whichever format it is in; raise `UnreadableFile`."""
    opener = open_xlsx if inspect(path, filename) is ImportFormat.XLSX else open_csv
    with opener(path, mapping) as table:
        yield table
