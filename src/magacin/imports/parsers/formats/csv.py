"""CSV and other text: encoding, delimiter and quoting are recognised, and no row is swallowed by a quote."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TextIO

from magacin.contracts.imports import Column, ReadingOptions
from magacin.imports.parsers.columns import REQUIRED, ColumnsNotFound
from magacin.imports.parsers.encoding import Encoding, detect, require_text
from magacin.imports.parsers.format import Format
from magacin.imports.parsers.header import find_header
from magacin.imports.parsers.table import Cell, Layout, Row, Table, UnreadableFile, plain

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_MAX_LINE = 1 << 20
# A header with line breaks in its cells, and what stands above it.
_HEAD_LINES = 200
# Excel's own first line says the delimiter: sep=; also in quotes, and with delimiters behind it.
_DECLARED = re.compile(r'\ufeff?"?sep=(?P<sign>[^"\r\n])"?(?P=sign)*\s*', re.IGNORECASE)
_END_OF_DOS_FILES = "\x1a"
_CODES = frozenset({Column.REQUISITION, Column.SKU, Column.BARCODE})


class _Lines:
    """The physical lines of a text, counted, each of bounded length: `readline` without a bound
    would take a file without line ends into memory whole. `taken` are those since it was emptied."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.count = 0
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(_MAX_LINE)
        if line.endswith(_END_OF_DOS_FILES):
            line = line.rstrip(_END_OF_DOS_FILES)
        if not line:
            raise StopIteration
        if len(line) >= _MAX_LINE:
            raise UnreadableFile(
                f"Line {self.count + 1} is longer than {_MAX_LINE:,} characters: this is no table of orders."
            )
        self.count += 1
        self.taken.append(line)
        return line


@dataclass(frozen=True, slots=True)
class _Text:
    """A text file and how it is taken apart. Where `quoted` is False, quotes are characters like others."""

    path: Path
    encoding: Encoding
    delimiter: str = ","
    quoted: bool = True

    @contextmanager
    def lines(self) -> Iterator[_Lines]:
        """Open the file from its beginning."""
        # A byte that is no character spoils its row and no other: it stays visible as half of a character.
        errors = "strict" if self.encoding.wide else "surrogateescape"
        try:
            with self.path.open(encoding=self.encoding.codec, errors=errors, newline="") as file:
                yield _Lines(file)
        except UnicodeError as error:
            raise UnreadableFile(
                f"The file begins as {self.encoding.name}, and is not that further on. "
                "Save it as CSV (UTF-8)."
            ) from error

    def records(self, lines: Iterable[str], *, strict: bool) -> Iterator[list[str]]:
        """Take lines apart; `strict` raises `csv.Error` where a quote stands in the wrong place."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            strict=strict,
            skipinitialspace=self.delimiter != "\t",
        )


def _recognise(_path: Path, head: bytes) -> bool:
    """Take any text for CSV: what the file is by its name, and whether there is a header, others look at."""
    require_text(head)
    return True


@contextmanager
def _open(path: Path, options: ReadingOptions) -> Iterator[Table]:
    """Open a CSV file as a table; raise `UnreadableFile` when it cannot be understood.

    Running through the rows raises it too, at a place from which the rest cannot be told apart.
    """
    csv.field_size_limit(_MAX_LINE)
    text = _Text(path, detect(path, options.encoding))
    text, header, layout = _find_table(text, options)
    quoted = _is_quoted(text, header.number, layout)
    guess = ", guessed" if text.encoding.guessed else ""
    separated = _DELIMITERS.get(text.delimiter, repr(text.delimiter))
    notes = [f"Read as {text.encoding.name}{guess}, separated by {separated}."]
    if not quoted:
        text = _Text(text.path, text.encoding, text.delimiter, quoted=False)
        notes.append("Its quotes stand for themselves: taken for quotes, they would swallow whole rows.")
    yield Table(
        layout,
        plain(header.cells),
        partial(_rows, text, header.number, layout),
        [*notes, layout.note()],
        text.encoding.codec.removesuffix("-sig"),
    )


def _find_table(text: _Text, options: ReadingOptions) -> tuple[_Text, Row, Layout]:
    """Return the text with the delimiter with which a header makes sense, that header, and what it says."""
    with text.lines() as lines:
        head = list(islice(lines, _HEAD_LINES))
    declared = next((_DECLARED.fullmatch(line) for line in head if line.strip()), None)
    given = options.delimiter or (declared and declared["sign"])
    errors: list[ColumnsNotFound] = []
    found: list[tuple[_Text, Row, Layout]] = []
    for delimiter in [given] if given else _DELIMITERS:
        attempt = _Text(text.path, text.encoding, delimiter)
        try:
            found.append((attempt, *find_header(_head_rows(attempt, head), options)))
        except ColumnsNotFound as error:
            errors.append(error)
    if not found:
        # The first of those that come nearest: with the wrong delimiter there is nothing to say.
        raise max(errors, key=lambda error: (error.found, error.columns))
    return max(found, key=lambda attempt: attempt[2].width)


def _head_rows(text: _Text, head: Sequence[str]) -> Iterator[Row]:
    for number, fields in enumerate(text.records(head, strict=False), start=1):
        if any(map(str.strip, fields)) and not _DECLARED.fullmatch(text.delimiter.join(fields)):
            yield Row(number, [*fields])


def _is_quoted(text: _Text, header: int, layout: Layout) -> bool:
    """Tell whether quotes enclose fields; raise `UnreadableFile` where that cannot be told and matters.

    Some programs write texts as they are: inch signs, a `"` for "as above". Between two such a quote would
    swallow rows. What gives them away is that every line is a whole row as it stands, and no code holds one.
    """
    trouble: str | None = None
    plain = True
    codes = [position for column, position in layout.positions.items() if column in _CODES]
    with text.path.open("rb") as file:
        if not any(b'"' in block for block in iter(partial(file.read, 1 << 20), b"")):
            return True
    with text.lines() as lines:
        reader = enumerate(iter(partial(_next, text.records(lines, strict=True)), None), start=1)
        for number, fields in reader:
            if number > header:
                cells = [line.split(text.delimiter) for line in lines.taken if line.strip()]
                rows = [len(row) == layout.width for row in cells]
                plain = plain and all(rows) and not any('"' in row[code] for row in cells for code in codes)
                if trouble is None and len(rows) > 1 and (isinstance(fields, csv.Error) or all(rows)):
                    trouble = _open_quote(number, lines.count - len(lines.taken) + 1)
            lines.taken.clear()
    if trouble and not plain:
        raise UnreadableFile(trouble)
    return trouble is None


def _next(records: Iterator[list[str]]) -> list[str] | csv.Error | None:
    """Return the next record, what is wrong with it, or None after the last."""
    try:
        return next(records, None)
    except csv.Error as error:
        return error


def _rows(text: _Text, header: int, layout: Layout) -> Iterator[Row]:
    with text.lines() as lines:
        records = text.records(lines, strict=True)
        number = 0
        while (fields := _next(records)) is not None:
            number += 1
            if number > header:
                if isinstance(fields, csv.Error):
                    # The reader starts afresh on the next line, so one bad line costs one row.
                    yield _mended(text, number, lines.taken, layout, fields)
                elif any(map(str.strip, fields)):
                    yield _row(text, number, fields, layout, lines.taken)
            lines.taken.clear()


def _row(text: _Text, number: int, fields: list[str], layout: Layout, line: Sequence[str]) -> Row:
    width = layout.width
    if len(fields) < width and all(layout.positions[column] < len(fields) for column in REQUIRED):
        # Some programs leave out the empty cells at the end.
        fields.extend([""] * (width - len(fields)))
    if len(fields) == width or (len(fields) > width and not any(f.strip() for f in fields[width:])):
        cells: list[Cell] = [*fields]
        return Row(number, cells)
    problem = (
        f"The row has {len(fields)} fields, the header has {width}. "
        f"Put a text that contains a {_DELIMITERS.get(text.delimiter, 'delimiter')} into quotes."
    )
    return _escaped(text, number, line, layout) or Row(number, [*fields], problem)


def _mended(text: _Text, number: int, line: Sequence[str], layout: Layout, error: csv.Error) -> Row:
    """Return a row whose quotes are wrong as it was meant, where that can be told."""
    as_it_stands = "".join(line).rstrip("\r\n").split(text.delimiter)
    meant = _escaped(text, number, line, layout)
    if meant is None and len(line) == 1 and len(as_it_stands) == layout.width:
        meant = Row(number, [*as_it_stands])
    return meant or Row(
        number, [*as_it_stands], f"The row cannot be taken apart ({error}). Check its quotes."
    )


def _escaped(text: _Text, number: int, line: Sequence[str], layout: Layout) -> Row | None:
    r"""Return a row in which quotes are written as `\"`, as databases and some scripts do it."""
    if not any('\\"' in part for part in line):
        return None
    reader = csv.reader(line, delimiter=text.delimiter, escapechar="\\", doublequote=False, strict=True)
    fields = _next(reader)
    return Row(number, [*fields]) if isinstance(fields, list) and len(fields) == layout.width else None


def _open_quote(number: int, line: int) -> str:
    return (
        f"Row {number} (line {line} of the file) opens a quote that is not closed where its field ends, "
        "so that the rows after it cannot be told apart. Nothing was imported. Mend that row."
    )


FORMAT = Format("csv", "CSV", "a CSV file", (".csv", ".txt", ".tsv"), _recognise, _open)
