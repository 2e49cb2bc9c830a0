"""All formats, and which of them a file is in: its first bytes do not lie, its name may."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from magacin.imports.parsers import formats
from magacin.imports.parsers.archive import ZIP
from magacin.imports.parsers.format import Format
from magacin.imports.parsers.formats import csv
from magacin.imports.parsers.ole import OLE
from magacin.imports.parsers.options import RECOGNISED, Reading
from magacin.imports.parsers.table import Table, UnreadableFile

_HEAD = 1 << 16
# Programs call a text by this name so that Excel opens it.
_OFTEN_TEXT = ".xls"
_FOREIGN = (
    (OLE, "an old Office document of another kind, such as a Word file"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (ZIP, "a ZIP archive, or a document of another kind"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)


def _all() -> tuple[Format, ...]:
    modules = (
        importlib.import_module(f"{formats.__name__}.{module.name}")
        for module in pkgutil.iter_modules(formats.__path__)
    )
    return tuple(sorted((module.FORMAT for module in modules), key=lambda format: format.name))


FORMATS = _all()
TEXT = csv.FORMAT


def titles() -> str:
    """Return what can be imported, as people say it: `CSV or XLSX`."""
    *others, last = [format.title for format in FORMATS]
    return f"{', '.join(others)} or {last}"


def format_of(filename: str) -> Format | None:
    """Return the format that a name claims, or None for a name that is no format's."""
    suffix = PurePath(filename).suffix.lower()
    return next((format for format in FORMATS if suffix in format.suffixes), None)


def inspect(path: Path, filename: str) -> Format:
    """Return the format of a file; raise `UnreadableFile` for one that is clearly in none.

    The content decides, so that a workbook saved under a .csv name is read as what it is. Any text could be
    CSV, and is taken for it where the name says so.
    """
    claimed = format_of(filename)
    if claimed is None:
        usual = " nor ".join(f"a {format.suffixes[0]}" for format in FORMATS)
        raise UnreadableFile(f"{filename[:100]!r} is neither {usual} file.")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise UnreadableFile("The file is empty.")
    for format in FORMATS:
        if format is not TEXT and format.recognise(path, head):
            return format
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise UnreadableFile(f"The file is not {titles()}, whatever its name says: it is {what}.")
    if claimed is not TEXT and not filename.lower().endswith(_OFTEN_TEXT):
        raise UnreadableFile(f"The file is not {claimed.noun}, whatever its name says.")
    TEXT.recognise(path, head)
    return TEXT


@contextmanager
def open_table(path: Path, filename: str, options: Reading = RECOGNISED) -> Iterator[Table]:
    """Open a file as a table, whichever format it is in; raise `UnreadableFile`."""
    with inspect(path, filename).open(path, options) as table:
        yield table
