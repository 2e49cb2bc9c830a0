"""What of a file's text can be kept and shown: PostgreSQL has no place for a NUL."""

from __future__ import annotations

import re

# A byte that is no character in the file's encoding is read as half of a character, which no text has.
FOREIGN_BYTE = re.compile(r"[\ud800-\udfff\ufffd]")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHOWN = 200


def printable(text: str) -> str:
    """Return a value in a form that can be kept and shown: bounded, control characters spelt out."""
    shown = FOREIGN_BYTE.sub("\ufffd", text[:_SHOWN])
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", shown)[:_SHOWN]
