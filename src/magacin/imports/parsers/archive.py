"""A look at a ZIP archive before anything unpacks it: it keeps bombs and damaged files out."""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from magacin.imports.parsers.table import UnreadableFile

ZIP = b"PK\x03\x04"
MAX_TOTAL_BYTES = 512 << 20
_MAX_ENTRIES = 2_000
_MAX_DIRECTORY_BYTES = 1 << 20
# Sheets of orders shrink by 5 to 20; deflate's limit, which a bomb comes near, is 1,032.
_MAX_RATIO = 150
_RATIO_APPLIES_FROM = 8 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, EOFError, SyntaxError)

LOCKED = "The workbook has a password, without which nobody can read it. Save it without one."
_BOMB = "Unpacked, this workbook would be {size}. That is a damaged file or an attack; it was not opened."


def entries(path: Path) -> list[zipfile.ZipInfo]:
    """Return what a workbook is made of; raise `UnreadableFile` where that cannot be told."""
    _check_directory(path)
    with as_damaged(), zipfile.ZipFile(path) as archive:
        return archive.infolist()


@contextmanager
def as_damaged() -> Iterator[None]:
    """Take what an archive makes its reader raise for damage."""
    try:
        yield
    except (*_DAMAGE, OSError) as error:
        if is_of_the_disk(error):
            raise
        raise UnreadableFile("The file is not a workbook, or it is damaged.") from error


def is_of_the_disk(error: Exception) -> bool:
    """Tell whether reading failed, and not for a place that a damaged directory says and no file has."""
    return isinstance(error, OSError) and error.errno != errno.EINVAL


def check(found: Sequence[zipfile.ZipInfo], limit: Callable[[str], int]) -> None:
    """Raise `UnreadableFile` unless all can be unpacked; `limit` says how large one of a name may be."""
    if any(entry.flag_bits & 0x1 for entry in found):
        raise UnreadableFile(LOCKED)
    if len(found) > _MAX_ENTRIES:
        raise UnreadableFile(
            f"The workbook is made of {len(found):,} parts; at most {_MAX_ENTRIES:,} make sense."
        )
    for entry in found:
        size, ratio = entry.file_size, entry.file_size / max(entry.compress_size, 1)
        if size > limit(entry.filename) or (size > _RATIO_APPLIES_FROM and ratio > _MAX_RATIO):
            raise too_large(entry)
    total = sum(entry.file_size for entry in found)
    if total > MAX_TOTAL_BYTES:
        raise UnreadableFile(_BOMB.format(size=f"{total >> 20:,} MB"))


def too_large(entry: zipfile.ZipInfo) -> UnreadableFile:
    """Return the error of a part that is larger than one of its kind can be."""
    return UnreadableFile(_BOMB.format(size=f"{entry.file_size >> 20:,} MB in {entry.filename[:60]!r}"))


def _check_directory(path: Path) -> None:
    """Look at the archive's end by hand: `zipfile` reads the whole directory, of any size, into memory."""
    with path.open("rb") as file:
        file.seek(0, 2)
        size = file.tell()
        file.seek(max(0, size - (1 << 16) - 22))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        raise UnreadableFile("The file is not a workbook, or it is cut off.")
    count, directory_bytes = struct.unpack_from("<HI", tail, end + 10)
    large = tail[max(0, end - 20 - 56) : end]
    # Some programs write the record for archives over 4 GB into small ones.
    if large[-20:].startswith(b"PK\x06\x07") and large.startswith(b"PK\x06\x06"):
        count, directory_bytes = struct.unpack_from("<QQ", large, 32)
    if count > _MAX_ENTRIES or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise UnreadableFile(f"The workbook is made of {count:,} parts. That is a damaged file or an attack.")
