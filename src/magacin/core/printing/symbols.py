"""Codes as bars and squares, with the quiet zones that readers need."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from pystrich.code128 import Code128Encoder
from pystrich.datamatrix import DataMatrixData, DataMatrixEncoder

from magacin.core.printing.canvas import CannotPrint, Paper

# In modules, the width of the narrowest bar (ISO/IEC 15417 and 16022; one for Data Matrix is the least).
QUIET_BARS, QUIET_SQUARES = 10, 2
# In millimetres: what scanners of phones and shops read from, and what nobody needs more than.
_NARROWEST, _WIDEST = 0.19, 0.5
_LARGEST_SQUARE = 1.0
_BOTH_READ = re.compile(r"[\x20-\x7e]+")


def require_ascii(codes: Iterable[str]) -> None:
    """Raise `CannotPrint` for codes with letters that scanners would not send as they are."""
    if wrong := [code for code in codes if not _BOTH_READ.fullmatch(code)]:
        raise CannotPrint(
            f"{_some(wrong)} cannot be printed as a code: scanners read letters without accents (A to Z), "
            "digits and signs only. Give it such a code, or leave it out.",
            wrong,
        )


class Bars(NamedTuple):
    """A Code 128: its modules, 1 for a dark one."""

    modules: str

    @classmethod
    def of(cls, code: str) -> Bars:
        """Return the bars of a code."""
        return cls(Code128Encoder(code).bars)

    def module(self, width: float) -> float:
        """Return how wide a module may be at most, where all with its quiet zones has so much room."""
        return min(_WIDEST, width / (len(self.modules) + 2 * QUIET_BARS))

    def fits(self, width: float) -> bool:
        """Tell whether it can be read when it has so much room."""
        return self.module(width) >= _NARROWEST

    def draw(self, paper: Paper, x: float, y: float, width: float, height: float) -> None:
        """Draw it in the middle of a place."""
        module = self.module(width)
        at = x + (width - module * len(self.modules)) / 2
        for dark, run in groupby(self.modules):
            length = module * len(list(run))
            if dark == "1":
                paper.box(at, y, length, height)
            at += length


def draw_square(paper: Paper, x: float, y: float, side: float, code: str) -> None:
    """Draw a Data Matrix with its quiet zone into a square."""
    rows = _squares(code)
    module = min(_LARGEST_SQUARE, side / (len(rows) + 2 * QUIET_SQUARES))
    inset = (side - module * len(rows)) / 2
    for down, row in enumerate(rows):
        across = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                paper.box(x + inset + across * module, y + inset + down * module, length * module, module)
            across += length


def _squares(code: str) -> list[list[bool]]:
    encoder = DataMatrixEncoder(DataMatrixData(code, encoding="ascii"), quiet_zone=0)
    drawn = [line for line in encoder.get_ascii().splitlines() if line]
    side = len(drawn)
    # Two characters stand for a module, and blanks at the end of a line are left out.
    return [[line[2 * at : 2 * at + 1] == "X" for at in range(side)] for line in drawn]


def require_fitting(codes: Iterable[str], width: float) -> None:
    """Raise `CannotPrint` for codes whose bars would be too narrow to be read."""
    if wrong := [code for code in codes if not Bars.of(code).fits(width)]:
        raise CannotPrint(
            f"{_some(wrong)} is too long for bars on this label. Take a larger one, or Data Matrix.", wrong
        )


def _some(codes: list[str]) -> str:
    shown = ", ".join(codes[:3])
    return shown if len(codes) <= 3 else f"{shown} and {len(codes) - 3} more"
