"""Labels of places: the code to read, and the same for scanners."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from magacin.core.printing.canvas import BOLD, Paper, fitting_size, leading, wrapped
from magacin.core.printing.jobs import Label, LabelsJob, Sheet, Symbols
from magacin.core.printing.symbols import Bars, draw_square, require_ascii, require_fitting

T = TypeVar("T")

# Printers leave out the edge of a page, and labels do not lie quite where they should.
EDGE = 4.0
_CODE_SIZES = (30, 26, 22, 19, 16, 14, 12, 10, 8)
_LINE_SIZE = 8
_GAP = 1.5
# Of what is left below the text, bars are no higher than this.
_HIGHEST_BARS = 18.0


def draw_labels(paper: Paper, job: LabelsJob) -> None:
    """Draw labels; raise `CannotPrint` where one could not be read."""
    codes = [label.code for label in job.labels]
    require_ascii(codes)
    if job.symbols is not Symbols.DATA_MATRIX:
        require_fitting(codes, _bars_width(job.sheet))
    for label, x, y in placed(paper, job.sheet, job.labels, job.skip):
        _draw(paper, label, job.symbols, (x, y), job.sheet.size)


def placed(
    paper: Paper, sheet: Sheet, things: Sequence[T], skip: int = 0
) -> Iterator[tuple[T, float, float]]:
    """Yield each with the place of its upper left corner, on pages that are begun as they are needed."""
    for number, one in enumerate(things, skip):
        spot = number % sheet.spots
        if spot == 0 or number == skip:
            paper.page(*sheet.page)
            if sheet.cut:
                _mark_cuts(paper, sheet)
        yield (one, *sheet.place(spot))


def _mark_cuts(paper: Paper, sheet: Sheet) -> None:
    width, height = sheet.size
    for spot in range(sheet.spots):
        x, y = sheet.place(spot)
        for right in (x, x + width):
            for down, away in ((y, -1), (y + height, 1)):
                paper.line(right, down, right, down + away * 1.2, 0.3)
                paper.line(right, down, right + (1.2 if right > x else -1.2), down, 0.3)


def _bars_width(sheet: Sheet) -> float:
    # Its own quiet zones keep it from the edge.
    return sheet.size[0] - EDGE


def _draw(
    paper: Paper, label: Label, symbols: Symbols, at: tuple[float, float], size: tuple[float, float]
) -> None:
    (x, y), (width, height) = at, size
    inner = height - 2 * EDGE
    left, room, top = x + EDGE, width - 2 * EDGE, y + EDGE
    if symbols is not Symbols.CODE_128:
        side = inner if symbols is Symbols.DATA_MATRIX else inner * 0.55
        draw_square(paper, x + width - EDGE - side, top, side, label.code)
        room -= side + _GAP
    bottom = _write(paper, label, left, top, room)
    if symbols is not Symbols.DATA_MATRIX:
        high = min(_HIGHEST_BARS, y + height - EDGE - bottom - _GAP)
        if symbols is Symbols.BOTH:
            high = min(high, inner * 0.42)
        Bars.of(label.code).draw(paper, x + EDGE / 2, y + height - EDGE - high, width - EDGE, high)


def _write(paper: Paper, label: Label, x: float, y: float, room: float) -> float:
    """Write the text of a label; return where it ends."""
    size = fitting_size(label.code, room, _CODE_SIZES, BOLD)
    for line in wrapped(label.code, room, size, BOLD, most=2):
        paper.text(x, y, line, size, BOLD)
        y += leading(size) * 0.9
    for text in label.lines:
        for line in wrapped(text, room, _LINE_SIZE, most=2):
            paper.text(x, y, line, _LINE_SIZE)
            y += leading(_LINE_SIZE)
    return y
