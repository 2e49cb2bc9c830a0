"""Paper to draw on, in millimetres from its upper left corner, with fonts that have Cyrillic letters."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"

# Where letters stand between two lines of text, and how far lines are apart, in sizes of the font.
_ASCENT, _LEADING = 0.76, 1.18
_FONTS = Path(__file__).parent / "fonts"
_POINT = 1 / mm


class CannotPrint(Exception):
    """Some codes cannot be printed; the message says why, and what to do."""

    def __init__(self, message: str, codes: Sequence[str]) -> None:
        super().__init__(message)
        self.codes = list(codes)


@functools.cache
def _load_fonts() -> None:
    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(name, _FONTS / f"{name}.ttf"))


@functools.cache
def _letters(font: str) -> frozenset[int]:
    _load_fonts()
    found: Any = pdfmetrics.getFont(font)
    return frozenset(found.face.charToGlyph)


def legible(text: str, font: str = REGULAR) -> str:
    """Return a text in which a question mark stands for each letter that the font does not have."""
    letters = _letters(font)
    return "".join(letter if ord(letter) in letters else "?" for letter in text)


def width_of(text: str, size: float, font: str = REGULAR) -> float:
    """Return how wide a text is, in millimetres; `size` is in points."""
    _load_fonts()
    return float(pdfmetrics.stringWidth(text, font, size)) * _POINT


def leading(size: float) -> float:
    """Return how far lines of a size are apart, in millimetres."""
    return size * _LEADING * _POINT


def fitting_size(text: str, width: float, sizes: Sequence[float], font: str = REGULAR) -> float:
    """Return the first of the sizes with which a text is no wider than that; the last where none is."""
    return next((size for size in sizes if width_of(text, size, font) <= width), sizes[-1])


def wrapped(text: str, width: float, size: float, font: str = REGULAR, most: int = 1000) -> list[str]:
    """Return a text as lines that are no wider than that; what is more than `most` ends in an ellipsis.

    Words stay together where they fit into a line.
    """
    lines = [""]
    for word in legible(text, font).split():
        together = f"{lines[-1]} {word}".strip()
        if width_of(together, size, font) <= width:
            lines[-1] = together
            continue
        if lines[-1]:
            lines.append("")
        *whole, lines[-1] = _pieces(word, width, size, font)
        lines[-1:-1] = whole
    if len(lines) > most:
        lines[most - 1 :] = [_cut(f"{lines[most - 1]} {lines[most]}", width, size, font)]
    return lines


def _pieces(word: str, width: float, size: float, font: str) -> list[str]:
    pieces = [""]
    for letter in word:
        if pieces[-1] and width_of(pieces[-1] + letter, size, font) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _cut(text: str, width: float, size: float, font: str) -> str:
    while text and width_of(f"{text}…", size, font) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


class Paper:
    """A PDF file while it is drawn."""

    def __init__(self) -> None:
        _load_fonts()
        self._file = io.BytesIO()
        # The same job makes the same file.
        self._canvas = Canvas(self._file, invariant=True)
        self._canvas.setTitle("Magacin Track")
        self._height = 0.0
        self._begun = False

    def page(self, width: float, height: float) -> None:
        """Begin a page."""
        if self._begun:
            self._canvas.showPage()
        self._canvas.setPageSize((width * mm, height * mm))
        self._height, self._begun = height, True

    def text(self, x: float, y: float, text: str, size: float, font: str = REGULAR) -> None:
        """Write a line of text; `y` is where its tallest letters begin."""
        text = legible(text, font)
        self._canvas.setFont(font, size)
        self._canvas.drawString(x * mm, (self._height - y) * mm - size * _ASCENT, text)

    def text_right(self, x: float, y: float, text: str, size: float, font: str = REGULAR) -> None:
        """Write a line of text that ends at `x`."""
        self.text(x - width_of(text, size, font), y, text, size, font)

    def box(self, x: float, y: float, width: float, height: float) -> None:
        """Fill a rectangle with black; x and y are of its upper left corner."""
        self._canvas.rect(x * mm, (self._height - y - height) * mm, width * mm, height * mm, stroke=0, fill=1)

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """Draw the outline of a rectangle."""
        self._canvas.setLineWidth(0.6)
        self._canvas.rect(x * mm, (self._height - y - height) * mm, width * mm, height * mm)

    def line(self, x: float, y: float, to_x: float, to_y: float, width: float = 0.4) -> None:
        """Draw a thin line; `width` is in points."""
        self._canvas.setLineWidth(width)
        self._canvas.line(x * mm, (self._height - y) * mm, to_x * mm, (self._height - to_y) * mm)

    def finished(self) -> bytes:
        """Return the file."""
        self._canvas.save()
        return self._file.getvalue()
