"""The codes on badges: what stands for a person, and so must never be kept or shown as what was scanned."""

from __future__ import annotations

import re

BADGE_PREFIX = "MGB1"
# Capitals and digits: Code 128 and QR codes are short with them, and Caps Lock does no harm. 130 bits.
BADGE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BADGE_LENGTH = 26

_BADGE = re.compile(rf"{BADGE_PREFIX}[{BADGE_ALPHABET}]{{{BADGE_LENGTH}}}", re.IGNORECASE)
# A scanner may lose the end of a code: what is left of a badge is still most of a secret.
_LIKE_A_BADGE = re.compile(rf"{BADGE_PREFIX}[{BADGE_ALPHABET}]{{12}}", re.IGNORECASE)
_LEAST = len(BADGE_PREFIX) + 12
IS_A_BADGE = "is the code of a badge, by which somebody logs in, and must not be kept. Take another code."

REDACTED_BADGE = f"{BADGE_PREFIX}…"


def badge_in(text: str) -> str | None:
    """Return the code of the badge in what a scanner sent, in capitals; None when there is none.

    Scanners put the symbology before it (`]C0`), and write small letters where Caps Lock is on.
    """
    found = _BADGE.search(text)
    return found[0].upper() if found else None


def has_badge(text: str) -> bool:
    """Tell whether a badge, whole or cut short, is in a text."""
    # Most codes are shorter, and files have a million.
    return len(text) >= _LEAST and _LIKE_A_BADGE.search(text) is not None


def no_badge(code: str) -> str:
    """Return a code that names a thing; raise ValueError where it is the code of a badge."""
    if has_badge(code):
        raise ValueError(f"this {IS_A_BADGE}")
    return code


def without_badge(code: str) -> str:
    """Return a code as it may be kept: in the place of a badge, whole or cut short, stands a fixed word."""
    return REDACTED_BADGE if has_badge(code) else code
