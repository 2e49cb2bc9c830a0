"""What a format is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.table import Table


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that orders come in.

    `recognise` takes a file and its first bytes (64 KiB, at least one), and tells from what is in it whether
    it is of this kind. It raises `UnreadableFile` for one that is, and must not be opened: damaged,
    encrypted, or far larger once it is unpacked. `open` is for files that were recognised, and raises the
    same.
    """

    name: str
    """The value of the label `format`, and what a job says: lower case."""
    title: str
    """What people call it, as in "CSV or XLSX"."""
    noun: str
    """One of its files, as in "The file is not an Excel workbook."."""
    suffixes: tuple[str, ...]
    """What names of its files end in, lower case and with the dot, the usual one first."""
    recognise: Callable[[Path, bytes], bool]
    open: Callable[[Path, Reading], AbstractContextManager[Table]]
