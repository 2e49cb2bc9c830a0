"""What of a file's text can be kept and shown: PostgreSQL has no place for a NUL."""

from __future__ import annotations

import re

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHOWN = 200


def printable(text: str) -> str:
    """Return a value in a form that can be kept and shown: bounded, control characters spelt out."""
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text[:_SHOWN])[:_SHOWN]
