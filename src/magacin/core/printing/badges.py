"""Badges: whose it is for people to read, and the secret for scanners alone."""

from __future__ import annotations

from magacin.core.printing.canvas import BOLD, Paper, fitting_size, leading, wrapped
from magacin.core.printing.jobs import BadgesJob, Card
from magacin.core.printing.labels import placed
from magacin.core.printing.symbols import Bars, draw_square, require_fitting
from magacin.core.printing.words import WORDS

_EDGE = 4.0
_SQUARE, _BARS = 26.0, 13.0
_NAME_SIZES = (18, 16, 14, 12, 10)


def draw_badges(paper: Paper, job: BadgesJob) -> None:
    """Draw badges. The secret stands there as no text: it is longer than anybody would type."""
    require_fitting((card.code for card in job.cards), job.sheet.size[0] - _EDGE)
    for card, x, y in placed(paper, job.sheet, job.cards):
        _draw(paper, card, WORDS[job.language]["badge"], (x, y), job.sheet.size)


def _draw(paper: Paper, card: Card, means: str, at: tuple[float, float], size: tuple[float, float]) -> None:
    (x, y), (width, height) = at, size
    room = width - 3 * _EDGE - _SQUARE
    below = y + _EDGE + 1
    name = fitting_size(card.name, room, _NAME_SIZES, BOLD)
    for line in wrapped(card.name, room, name, BOLD, most=2):
        paper.text(x + _EDGE, below, line, name, BOLD)
        below += leading(name)
    paper.text(x + _EDGE, below, card.role, 10)
    below += leading(10) + 2
    for line in wrapped(means, room, 6.5, most=4):
        paper.text(x + _EDGE, below, line, 6.5)
        below += leading(6.5)
    draw_square(paper, x + width - _EDGE - _SQUARE, y + _EDGE, _SQUARE, card.code)
    Bars.of(card.code).draw(paper, x + _EDGE / 2, y + height - _EDGE - _BARS, width - _EDGE, _BARS)
