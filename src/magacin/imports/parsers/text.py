"""What of a file's text can be kept and shown: PostgreSQL has no place for a NUL."""

from __future__ import annotations

import re
import unicodedata

# A byte that is no character in the file's encoding is read as half of a character, which no text has.
FOREIGN_BYTE = re.compile(r"[\ud800-\udfff\ufffd]")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Between letters of some scripts they mean something; in a code nothing does that cannot be seen.
JOINERS = frozenset("\u200c\u200d")
_SHOWN = 200


def without_marks(text: str, keep: frozenset[str] = frozenset()) -> str:
    """Return a text without what copying brings along and nobody sees: zero widths, soft hyphens."""
    if text.isascii():
        return text
    return "".join(c for c in text if c in keep or unicodedata.category(c) != "Cf")


def printable(text: str) -> str:
    """Return a value in a form that can be kept and shown: bounded, control characters spelt out."""
    shown = FOREIGN_BYTE.sub("\ufffd", text[:_SHOWN])
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", shown)[:_SHOWN]
