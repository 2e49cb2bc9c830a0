"""Which encoding a text file is in. The whole file is looked at: the first £ may be on line 40,000."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from magacin.imports.parsers.columns import HEADER_WORDS
from magacin.imports.parsers.guessing import PAGES, close, readings
from magacin.imports.parsers.table import UnreadableFile
from magacin.imports.parsers.text import printable

_BLOCK = 1 << 20
_HEAD = 1 << 16
# Each of forty code pages is tried on it.
_SAMPLE = 1 << 14
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_FOREIGN_BYTE = re.compile(r"[\udc80-\udcff]")

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16's, so it is asked for first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8"} | {codec: page.name for codec, page in PAGES.items()}


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding as Python names it, and whether it had to be guessed."""

    codec: str
    guessed: bool = False

    @property
    def name(self) -> str:
        """Return its name as people know it."""
        return _NAMES.get(self.codec, self.codec.upper())

    @property
    def wide(self) -> bool:
        """Tell whether a character takes two bytes or four, so that one wrong byte shifts all that follow."""
        return self.codec.startswith(("utf-16", "utf-32"))


def detect(path: Path, given: str | None = None) -> Encoding:
    """Return the encoding of a text file, the one that is given or else the one that it shows.

    Raises `UnreadableFile` for a file that is no text, and where only a person can tell its encoding.
    """
    if given is not None:
        return Encoding(given)
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
        return _guess(_sample(file))


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
    """Tell whether it is UTF-8, but for single bytes that got into it from elsewhere."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    characters = foreign = 0
    while block := file.read(_BLOCK):
        text = decoder.decode(block)
        if not text.isascii():
            found = 0 if _is_whole(text) else len(_FOREIGN_BYTE.findall(text))
            foreign += found
            characters += len(text) - len(text.encode("ascii", "ignore")) - found
            # In another encoding two bytes hardly ever happen to make one character of this one.
            if foreign > characters:
                return False
    return foreign <= characters


def _is_whole(text: str) -> bool:
    """Tell whether no byte in a text is no character of it: faster than to look for one."""
    try:
        text.encode()
    except UnicodeEncodeError:
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


def _guess(sample: bytes) -> Encoding:
    found = readings(sample, HEADER_WORDS)
    if not found:
        raise UnreadableFile(
            "The file's encoding cannot be told: its bytes are no text in any of those that are known. "
            "Save it as CSV (UTF-8)."
        )
    possible = close(found)
    if len(possible) > 1:
        shown = "; ".join(
            f"in {_NAMES[reading.codec]} it says {printable(', '.join(reading.words()))} "
            f"(--encoding {reading.codec})"
            for reading in possible
        )
        raise UnreadableFile(
            f"The file's encoding cannot be told, and nothing was imported: {shown}. "
            "Say which is right, or save it as CSV (UTF-8)."
        )
    return Encoding(found[0].codec, guessed=True)
