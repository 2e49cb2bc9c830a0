"""CSV: delimiter and encoding are recognised, and a quote that is never closed is not swallowed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from magacin.imports.parsers.columns import Mapped, recognise
from magacin.imports.parsers.encoding import Encoding, detect, require_text
from magacin.imports.parsers.format import Format
from magacin.imports.parsers.table import Cell, Layout, Row, Table, UnreadableFile

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# The longest text that is accepted has 200 characters; a field beyond this is a quote left open.
_MAX_FIELD = 32_768
_MAX_LINE = 1 << 20


class _Lines:
    """The physical lines of a text, counted, each of bounded length: `readline` without a bound
    would take a file without line ends into memory whole."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(_MAX_LINE)
        if not line:
            raise StopIteration
        if len(line) >= _MAX_LINE:
            raise UnreadableFile(
                f"Line {self.count + 1} is longer than {_MAX_LINE:,} characters: this is no table of orders."
            )
        self.count += 1
        return line


def _recognise(_path: Path, head: bytes) -> bool:
    """Take any text for CSV: what the file is by its name, and whether there is a header, others look at."""
    require_text(head)
    return True


@contextmanager
def _open(path: Path, mapping: Mapped | None) -> Iterator[Table]:
    """Open a CSV file as a table; raise `UnreadableFile` when its header cannot be understood.

    Running through the rows raises it too, at a place from which the rest cannot be told apart.
    """
    encoding = detect(path)
    with path.open(
        encoding=encoding.codec, errors="replace" if encoding.guessed else "strict", newline=""
    ) as file:
        with _as_unreadable(encoding):
            table = _read(file, encoding, mapping)
        yield table


@contextmanager
def _as_unreadable(encoding: Encoding) -> Iterator[None]:
    # Around each place that reads, and not around whoever uses the table: rows are run through elsewhere.
    try:
        yield
    except UnicodeError as error:
        raise UnreadableFile(
            f"The file begins as {encoding.name}, and is not that further on. Save it as CSV (UTF-8)."
        ) from error


def _read(file: TextIO, encoding: Encoding, mapping: Mapped | None) -> Table:
    csv.field_size_limit(_MAX_FIELD)
    lines = _Lines(file)
    number, first = _first_line(lines)
    given = _declared_delimiter(first)
    if given:
        skipped, first = _first_line(lines)
        number += skipped
    delimiter, layout = _header(first, given, mapping)
    guess = ", guessed" if encoding.guessed else ""
    note = f"Read as {encoding.name}{guess}, separated by {_DELIMITERS.get(delimiter, delimiter)}."
    return Table(layout, _rows(lines, encoding, delimiter, layout, number), [note, layout.note()])


def _first_line(lines: _Lines) -> tuple[int, str]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            return number, line
    raise UnreadableFile("The file is empty: there is no header in it and no row.")


def _declared_delimiter(line: str) -> str | None:
    """Return the delimiter of Excel's own first line, `sep=;`."""
    text = line.strip("\r\n")
    return text[4] if len(text) == 5 and text.lower().startswith("sep=") else None


def _header(line: str, given: str | None, mapping: Mapped | None) -> tuple[str, Layout]:
    """Return the delimiter with which the header makes sense, and what it then says."""
    attempts = [_attempt(line, delimiter, mapping) for delimiter in ([given] if given else _DELIMITERS)]
    attempts.sort(key=lambda attempt: (isinstance(attempt[2], Layout), attempt[0]), reverse=True)
    _, delimiter, layout = attempts[0]
    if isinstance(layout, UnreadableFile):
        raise layout
    return delimiter, layout


def _attempt(line: str, delimiter: str, mapping: Mapped | None) -> tuple[int, str, Layout | UnreadableFile]:
    try:
        names = next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return 0, delimiter, UnreadableFile(f"The header cannot be read: {error}. Check its quotes.")
    try:
        return len(names), delimiter, recognise(names, mapping)
    except UnreadableFile as error:
        return len(names), delimiter, error


def _rows(lines: _Lines, encoding: Encoding, delimiter: str, layout: Layout, header: int) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number, width = header, layout.width
    while True:
        number += 1
        begun = lines.count
        try:
            with _as_unreadable(encoding):
                fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if lines.count - begun != 1:
                raise UnreadableFile(_open_quote(number, begun + 1)) from error
            # The reader starts afresh on the next line, so one bad line costs one row.
            yield Row(number, [], f"The row cannot be taken apart ({error}). Check its quotes.")
            continue
        if any(map(str.strip, fields)):
            cells: list[Cell] = [*fields]
            yield Row(number, cells, _problem(fields, width, delimiter))


def _problem(fields: list[str], width: int, delimiter: str) -> str | None:
    if len(fields) == width or (len(fields) > width and not any(f.strip() for f in fields[width:])):
        return None
    return (
        f"The row has {len(fields)} fields, the header has {width}. "
        f"Put a text that contains a {_DELIMITERS.get(delimiter, 'delimiter')} into quotes."
    )


def _open_quote(number: int, line: int) -> str:
    return (
        f"Row {number} (line {line} of the file) opens a quote that is not closed where its field ends, "
        "so that the rows after it cannot be told apart. Nothing was imported. Mend that row."
    )


FORMAT = Format("csv", "CSV", "a CSV file", (".csv", ".txt", ".tsv"), _recognise, _open)
