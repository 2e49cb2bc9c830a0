"""Tables for spreadsheet programs, which must not run what somebody wrote into a cell."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

# By this mark Excel knows that a file is UTF-8.
MARK = "\ufeff"
# Where a spreadsheet sees the beginning of a formula: at that of a cell. One whose language writes decimals
# with a comma begins a cell behind every semicolon; pasted lines have cells behind tabs and line breaks, too.
# In Japanese and Chinese, signs of full width count (OWASP, CSV Injection).
_FORMULA = re.compile(r"(^|[;|\t\r\n])(?=[\"\'\s]*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r])")

_HARMLESS = re.compile(r"(^|[;|\t\r\n])'(?=[\"\'\s]*[=+\-@\uff1d\uff0b\uff0d\uff20])|^'(?=[\t\r])")


class Harmless(str):
    """A cell that is harmless as it stands."""

    __slots__ = ()


def harmless(cell: str) -> str:
    """Keep a spreadsheet from running what somebody wrote as a formula."""
    return _FORMULA.sub(r"\1'", cell)


def plain(cell: str) -> str:
    """Return what `harmless` was given, of a cell as it comes back from a spreadsheet."""
    return _HARMLESS.sub(r"\1", cell)


def shown(cell: Any) -> Any:
    """Return a cell as it may stand there: a number as it is, nothing as nothing, all else harmless."""
    if cell is None:
        return ""
    return cell if isinstance(cell, int | float | Harmless) else harmless(str(cell))


def csv_lines(rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as lines of CSV."""
    lines = io.StringIO()
    csv.writer(lines).writerows([shown(cell) for cell in row] for row in rows)
    return lines.getvalue()
