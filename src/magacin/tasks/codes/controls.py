"""Control characters as keyboards, terminals and programs write them that cannot type them."""

from __future__ import annotations

import re
from collections.abc import Iterable

GROUP_SEPARATOR, RECORD_SEPARATOR, END = "\x1d", "\x1e", "\x04"

# What a console shows for the first 32 characters: code page 437.
_CODE_PAGE_437 = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
_BRACKETS = (("<", ">"), ("{", "}"), ("[", "]"))


def _bracketed(*inside: str) -> tuple[str, ...]:
    return tuple(f"{left}{one}{right}" for one in inside for left, right in _BRACKETS)


def _signs(number: int) -> tuple[str, ...]:
    """Return the spellings that no name of an article has at its ends."""
    caret = f"^{chr(number + 64)}"
    escaped = (
        f"\\x{number:02x}",
        f"\\u{number:04x}",
        f"\\{number:03o}",
        f"%{number:02X}",
        f"_x{number:04X}_",
    )
    numbered = (f"&#{number};", f"&#{number:03};", f"&#x{number:X};", f"&#x{number:02X};")
    return (chr(0x2400 + number), _CODE_PAGE_437[number], caret, *escaped, *numbered)


def spellings(name: str, number: int) -> tuple[str, ...]:
    """Return how a control character is written where it stands inside of a label."""
    hexadecimal = (f"0x{number:02X}", f"U+{number:04X}")
    inside = (name, f"{number:02X}", f"{number}", f"{number:02}", f"{number:03}", *hexadecimal)
    typed = [f"Alt{plus}{zeros}{number}" for plus in ("", "+", "-") for zeros in ("", "0", "00")]
    control = f"Ctrl+{chr(number + 64)}", f"Ctrl-{chr(number + 64)}"
    named = (f"({name})", f"\\{name}", f"~d{number:03}")
    return (*_bracketed(*inside, *control, *typed), *named, *typed, *control, *hexadecimal, *_signs(number))


# Alone stand only signs that no element has (GS1 General Specifications, 7.11): `+` and `F8` can be set.
SEPARATORS = (
    *spellings("GS", 29),
    *_bracketed("FNC1", "F8"),
    *("(FNC1)", "^FNC1", "\\FNC1", "\\F"),
    *("~", "^", "#", "|", "$", "@", "`", "§", "¬", "¦", "¿", "è", "ÿ", "\ufffd"),
)


def any_of(written: Iterable[str]) -> re.Pattern[str]:
    """Return what finds the longest of some spellings, as caps lock has them, too."""
    # The longest first: `^FNC1` is not `^` with something behind it.
    by_length = sorted(written, key=len, reverse=True)
    return re.compile("|".join(re.escape(spelling) for spelling in by_length) or "(?!)", re.IGNORECASE)


_BEFORE = any_of((*_bracketed("STX", "SOH"), *_signs(1), *_signs(2)))
_BEHIND = any_of(
    (
        *_bracketed("ETX", "EOT", "CR", "LF", "CRLF", "TAB", "HT", "ENTER"),
        *("\\r", "\\n", "\\t", "\u2409"),
        *(spelling for number in (3, 4, 10, 13) for spelling in _signs(number)),
    )
)
# Names of articles end with `(CR)` and `[03]`: such are a frame only where both ends of one are there.
_AROUND = re.compile(r"(?:\(STX\)|[<{[](?:0x)?02[>}\]])(.+)(?:\(ETX\)|[<{[](?:0x)?03[>}\]])", re.IGNORECASE)
_ENDS = re.compile(rf"^(?:{_BEFORE.pattern})+|(?:{_BEHIND.pattern})+$", re.IGNORECASE)
_BETWEEN = any_of(_bracketed("STX", "ETX", "CR", "LF", "CRLF", "TAB", "ENTER"))


def unframed(text: str) -> str:
    """Return a text without the frame or line end that is written out around it."""
    ended = _ENDS.sub("", text)
    around = _AROUND.fullmatch(ended)
    return around[1] if around else ended


def has_frames_inside(text: str) -> bool:
    """Tell whether a frame or a line end is written out between two parts of a text."""
    return sum(map(bool, _BETWEEN.split(text))) > 1
