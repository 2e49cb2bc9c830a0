"""Compound files ([MS-CFB]), which old Office documents are: what is in them, without reading it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from magacin.imports.parsers.table import UnreadableFile

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENTRY = 128
_IN_HEADER = 109
_LAST = 0xFFFF_FFFA
_MOST_SECTORS = 1_000


def streams(path: Path) -> set[str]:
    """Return the names of a file's streams and storages; raise `UnreadableFile` for a damaged one."""
    with path.open("rb") as file:
        try:
            return set(_names(file))
        except (struct.error, ValueError, OverflowError) as error:
            raise UnreadableFile("The workbook is damaged, or it is cut off.") from error


def _names(file: BinaryIO) -> list[str]:
    header = file.read(512)
    size = 1 << struct.unpack_from("<H", header, 30)[0]
    if size not in (512, 4096):
        raise ValueError("no sector is that long")
    [sector] = struct.unpack_from("<I", header, 48)
    names: list[str] = []
    for _ in range(_MOST_SECTORS):
        if sector >= _LAST:
            return names
        content = _sector(file, sector, size)
        for place in range(0, size, _ENTRY):
            [length] = struct.unpack_from("<H", content, place + 64)
            if 2 <= length <= 64:
                names.append(content[place : place + length - 2].decode("utf-16-le", "replace"))
        sector = _next(file, header, sector, size)
    raise ValueError("its directory has no end")


def _next(file: BinaryIO, header: bytes, sector: int, size: int) -> int:
    table, place = divmod(sector, size // 4)
    if table >= _IN_HEADER:
        raise ValueError("the directory lies beyond what a table of orders needs")
    [where] = struct.unpack_from("<I", header, 76 + 4 * table)
    following: int = struct.unpack_from("<I", _sector(file, where, size), 4 * place)[0]
    return following


def _sector(file: BinaryIO, number: int, size: int) -> bytes:
    file.seek((number + 1) * size)
    return file.read(size)
