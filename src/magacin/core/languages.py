"""The languages that people are spoken to in."""

from __future__ import annotations

from enum import StrEnum


class LanguageTag(StrEnum):
    """A language, and where it needs saying a script, as BCP 47 (RFC 5646) writes them."""

    ENGLISH = "en"
    SERBIAN_LATIN = "sr-Latn"
    SERBIAN_CYRILLIC = "sr-Cyrl"
