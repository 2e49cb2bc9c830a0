"""Which encoding a text file is in. The whole file is looked at: the first £ may be on line 40,000."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from magacin.imports.parsers.table import UnreadableFile

_BLOCK = 1 << 20
_HEAD = 1 << 16
_SAMPLE = 1 << 16
# charset-normalizer takes its time, and says the same of a part.
_ENOUGH = 1 << 12
_LEGACY = ("cp1252", "cp1250", "cp1251")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
# š, ž and đ in Windows-1250. Western text has hardly a use for what Windows-1252 has in their places.
_CENTRAL_EUROPEAN = re.compile(rb"[\x8a\x8e\x9a\x9e\xd0\xf0]")

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16's, so it is asked for first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "cp1252": "Windows-1252 (Western European)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding as Python names it, and whether it had to be guessed."""

    codec: str
    guessed: bool = False

    @property
    def name(self) -> str:
        """Return its name as people know it."""
        return _NAMES.get(self.codec, self.codec.upper())


def detect(path: Path) -> Encoding:
    """Return the encoding of a text file; raise `UnreadableFile` for one that is no text."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        for bom, codec in _BOMS:
            if head.startswith(bom):
                return Encoding(codec)
        without_bom = _utf16_without_bom(head)
        if without_bom:
            return Encoding(without_bom)
        require_text(head)
        file.seek(0)
        if _is_utf8(file):
            return Encoding("utf-8")
        file.seek(0)
        return Encoding(_guess(_sample(file)), guessed=True)


def require_text(head: bytes) -> None:
    """Raise `UnreadableFile` when the first bytes of a file cannot be those of a text."""
    if head.startswith(tuple(bom for bom, _ in _BOMS)) or _utf16_without_bom(head):
        return
    odd = sum(head.count(byte) for byte in range(0x20) if byte not in b"\t\n\v\f\r")
    # A stray control character spoils its row only; a file that is made of them is something else.
    if odd > max(16, len(head) // 50) or head.count(0) * 10 > len(head):
        raise UnreadableFile(
            "This is not a text file: it is full of bytes that no text contains. Save it as CSV (UTF-8)."
        )


def _utf16_without_bom(head: bytes) -> str | None:
    pairs = len(head) // 2
    if pairs < 8:
        return None
    even, odd = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else None


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _sample(file: BinaryIO) -> bytes:
    """Collect the lines that have anything to say about the encoding, so that memory stays bounded."""
    found: list[bytes] = []
    size = 0
    while size < _SAMPLE and (block := file.read(_BLOCK)):
        taken = 0
        for match in _BEYOND_ASCII.finditer(block):
            if match.start() < taken:
                continue
            begin, taken = block.rfind(b"\n", 0, match.start()) + 1, block.find(b"\n", match.end()) + 1
            taken = taken or len(block)
            found.append(block[max(begin, taken - _SAMPLE) : taken])
            size += len(found[-1])
            if size >= _SAMPLE:
                break
    return b"".join(found)[:_SAMPLE]


def _guess(sample: bytes) -> str:
    from charset_normalizer import from_bytes  # 3 MB that a process without such files does without

    possible = {match.encoding for match in from_bytes(sample[:_ENOUGH], cp_isolation=list(_LEGACY))}
    if possible == {"cp1251"}:
        return "cp1251"
    # charset-normalizer finds nothing between these two in a column of short names: a few letters decide.
    evidence = len(_CENTRAL_EUROPEAN.findall(sample))
    return "cp1250" if evidence and b"\xa3" not in sample else "cp1252"
