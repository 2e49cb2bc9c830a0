"""Pick lists on paper, for a day without power: what to fetch where, with room for what was picked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from magacin.core.printing.canvas import (
    BOLD,
    REGULAR,
    CannotPrint,
    Paper,
    fitting_size,
    leading,
    legible,
    wrapped,
)
from magacin.core.printing.jobs import ListLine, ListTask, PickListsJob
from magacin.core.printing.symbols import Bars, require_ascii
from magacin.core.printing.words import WORDS

_WIDTH, _HEIGHT, _EDGE = 210.0, 297.0, 12.0
_TOP, _BOTTOM = 52.0, 276.0
_SIZE, _SMALL = 9.0, 7.5
_PADDING = 1.6
_BARS_HIGH = 9.0
# The left edge of each column; bars stand between the article and the figures.
_BOX, _LOCATION, _ARTICLE, _BARS, _REQUIRED, _REMAINING, _PICKED = 12, 19, 50, 104, 160, 176, 182
_RIGHT = _WIDTH - _EDGE


class _Row(NamedTuple):
    line: ListLine
    place: list[str]
    article: list[str]
    bars: Bars | None
    height: float


def draw_pick_lists(paper: Paper, job: PickListsJob) -> None:
    """Draw a list for each task, each with pages of its own, so that they can be handed out."""
    words = WORDS[job.language]
    for task in job.tasks:
        pages = _pages([_row(line, words) for line in task.lines])
        for number, rows in enumerate(pages, 1):
            paper.page(_WIDTH, _HEIGHT)
            _draw_head(paper, task, words)
            _draw_rows(paper, rows, words)
            _draw_foot(paper, task, words, job.printed, f"{number}/{len(pages)}")


def _pages(rows: Sequence[_Row]) -> list[list[_Row]]:
    pages: list[list[_Row]] = [[]]
    used = _TOP
    for row in rows:
        if used + row.height > _BOTTOM:
            pages.append([])
            used = _TOP
        pages[-1].append(row)
        used += row.height
    return pages


def _row(line: ListLine, words: dict[str, str]) -> _Row:
    place = wrapped(line.location or "–", _ARTICLE - _LOCATION - 2, _SIZE, BOLD)
    place += wrapped(line.zone, _ARTICLE - _LOCATION - 2, _SMALL, most=2) if line.zone else []
    room = _BARS - _ARTICLE - 1
    article = wrapped(line.sku, room, _SIZE, BOLD) + wrapped(line.description, room, _SMALL, most=4)
    if line.tote:
        article += wrapped(f"{words['tote']}: {line.tote}", room, _SMALL)
    texts = max(len(place), len(article)) * leading(_SIZE)
    return _Row(line, place, article, _bars(line.sku), max(texts, _BARS_HIGH + 2) + 2 * _PADDING)


def _bars(sku: str) -> Bars | None:
    """Return the bars of an SKU, with which what was picked is scanned later; None where it has none."""
    try:
        require_ascii([sku])
    except CannotPrint:
        return None
    bars = Bars.of(sku)
    return bars if bars.fits(_REQUIRED - _BARS - 11) else None


def _draw_head(paper: Paper, task: ListTask, words: dict[str, str]) -> None:
    title = f"{words['task']} {task.number}"
    size = fitting_size(title, 140, (18, 15, 12, 9), BOLD)
    paper.text(_EDGE, 12, wrapped(title, 140, size, BOLD, most=1)[0], size, BOLD)
    paper.text_right(_RIGHT, 13, f"#{task.task_id}", 12)
    facts = [(words["to"], task.destination), (words["for"], ", ".join(task.workers) or "–")]
    if task.due:
        facts.append((words["due"], task.due))
    if task.priority:
        facts.append((words["priority"], str(task.priority)))
    y = 21.0
    text = " · ".join(f"{name}: {value}" for name, value in facts if value)
    for line in wrapped(text, _RIGHT - _EDGE, 10, most=3):
        paper.text(_EDGE, y, line, 10)
        y += leading(10)
    if task.held:
        paper.text(_EDGE, y, words["held"], 11, BOLD)
    paper.text(_LOCATION, 45, words["location"], _SMALL)
    paper.text(_ARTICLE, 45, words["article"], _SMALL)
    paper.text_right(_REQUIRED + 8, 45, words["required"], _SMALL)
    paper.text_right(_REMAINING + 5, 45, words["remaining"], _SMALL)
    paper.text_right(_RIGHT, 45, words["picked"], _SMALL)
    paper.line(_EDGE, 49.5, _RIGHT, 49.5, 0.9)


def _draw_rows(paper: Paper, rows: Sequence[_Row], words: dict[str, str]) -> None:
    if not rows:
        paper.text(_LOCATION, _TOP, words["nothing"], _SIZE)
    y = _TOP - 2
    for row in rows:
        top = y + _PADDING
        paper.frame(_BOX, top, 4.5, 4.5)
        _draw_text(paper, _LOCATION, top, row.place, row.line.location or "–")
        _draw_text(paper, _ARTICLE, top, row.article, row.line.sku)
        if row.bars is not None:
            row.bars.draw(paper, _BARS + 1, top, _REQUIRED - _BARS - 11, _BARS_HIGH)
        paper.text_right(_REQUIRED + 8, top + 1, str(row.line.required), _SIZE)
        paper.text_right(_REMAINING + 5, top + 0.4, str(row.line.remaining), 11, BOLD)
        paper.frame(_PICKED + 2, top, _RIGHT - _PICKED - 2, 8)
        y += row.height
        paper.line(_EDGE, y, _RIGHT, y, 0.3)


def _draw_text(paper: Paper, x: float, y: float, lines: Sequence[str], bold: str) -> None:
    """Write lines; those that belong to the text in bold come first."""
    left = legible(bold, BOLD).replace(" ", "")
    for line in lines:
        is_bold = bool(left) and left.startswith(line.replace(" ", ""))
        left = left[len(line.replace(" ", "")) :] if is_bold else ""
        paper.text(x, y, line, _SIZE if is_bold else _SMALL, BOLD if is_bold else REGULAR)
        y += leading(_SIZE)


def _draw_foot(paper: Paper, task: ListTask, words: dict[str, str], printed: str, page: str) -> None:
    number, _, pages = page.partition("/")
    paper.text(_EDGE, 280, f"{words['done_by']}: ______________________", _SIZE)
    paper.text(110, 280, f"{words['done_at']}: ______________________", _SIZE)
    note = words["printed"].format(printed=printed, version=task.version)
    paper.text(_EDGE, 287, note, _SMALL)
    of = f"{wrapped(task.number, 40, _SMALL, most=1)[0]} · {words['page'].format(page=number, pages=pages)}"
    paper.text_right(_RIGHT, 287, of, _SMALL)
