"""CSV and other text: encoding, delimiter and quoting are recognised, and no row is swallowed by a quote."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, tee
from pathlib import Path
from typing import Any, TextIO

from magacin.contracts.order_files import MAX_QUANTITY, Column, Subject
from magacin.imports.parsers.columns import ColumnsNotFound
from magacin.imports.parsers.encoding import Encoding, detect, require_text
from magacin.imports.parsers.format import Format
from magacin.imports.parsers.header import find_header
from magacin.imports.parsers.numbers import Ambiguous, number_in, whole
from magacin.imports.parsers.options import Reading
from magacin.imports.parsers.table import Cell, Layout, Row, Table, UnreadableFile, plain

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_MAX_LINE = 1 << 20
# A header with line breaks in its cells, and what stands above it.
_HEAD_LINES = 200
# Excel's own first line says the delimiter: sep=; also in quotes, and with delimiters behind it.
_DECLARED = re.compile(r'\ufeff?"?sep=(?P<sign>[^"\r\n])"?(?P=sign)*\s*', re.IGNORECASE)
_END_OF_DOS_FILES = "\x1a"
_QUOTE = b'"'
_MARKS = (_QUOTE, _END_OF_DOS_FILES.encode())
_CODES = frozenset({Column.REQUISITION, Column.SKU, Column.BARCODE, Column.LOCATION})
_EXACT = _CODES | {Column.QUANTITY, Column.PIECES, Column.SEQUENCE}


class _Lines:
    """The physical lines of a text, counted, each of bounded length: `readline` without a bound
    would take a file without line ends into memory whole. `taken` are those since it was emptied.

    `plain` are the same lines, without being looked at one by one."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.count = 0
        self.taken: list[str] = []

    def plain(self) -> Iterator[str]:
        return iter(partial(self.stream.readline, _MAX_LINE), "")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.stream.readline(_MAX_LINE)
        if line.endswith(_END_OF_DOS_FILES):
            line = line.rstrip(_END_OF_DOS_FILES)
        if not line:
            raise StopIteration
        self.count += 1
        if len(line) >= _MAX_LINE:
            raise _endless(self.count)
        self.taken.append(line)
        return line


@dataclass(frozen=True, slots=True)
class _Text:
    """A text file and how it is taken apart. Where `quoted` is False, quotes are characters like others.

    Where `a_line_each` is True, it is known that every line is a record, and can be taken apart."""

    path: Path
    encoding: Encoding
    delimiter: str = ","
    quoted: bool = True
    a_line_each: bool = False

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

    def apart(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Take apart those lines that are not blank, as if quotes were characters like others."""
        return (line.split(self.delimiter) for line in lines if line.strip())

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
def _open(path: Path, options: Reading) -> Iterator[Table]:
    """Open a CSV file as a table; raise `UnreadableFile` when it cannot be understood.

    Running through the rows raises it too, at a place from which the rest cannot be told apart.
    """
    csv.field_size_limit(_MAX_LINE)
    text = _Text(path, detect(path, options.encoding))
    text, header, layout = _find_table(text, options)
    text = _looked_through(text, header.number, layout)
    guess = ", guessed" if text.encoding.guessed else ""
    separated = _DELIMITERS.get(text.delimiter, repr(text.delimiter))
    notes = [f"Read as {text.encoding.name}{guess}, separated by {separated}."]
    if not text.quoted:
        notes.append("Its quotes stand for themselves: taken for quotes, they would swallow whole rows.")
    yield Table(
        layout,
        plain(header.cells),
        partial(_rows, text, header, layout),
        [*notes, layout.note()],
        text.encoding.codec.removesuffix("-sig"),
    )


def _find_table(text: _Text, options: Reading) -> tuple[_Text, Row, Layout]:
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


def _looked_through(text: _Text, header: int, layout: Layout) -> _Text:
    """Return the text with whether quotes enclose fields, and whether every line is a record.

    Raises `UnreadableFile` where the former cannot be told and matters.

    Some programs write texts as they are: inch signs, a `"` for "as above". Between two such a quote would
    swallow rows. What gives it away is a line in the middle of a field that is a row by itself. Where every
    line is one, and no code holds a quote, quotes enclose nothing.
    """
    with text.path.open("rb") as file:
        marks = {mark for block in iter(partial(file.read, 1 << 20), b"") for mark in _MARKS if mark in block}
    with text.lines() as lines:
        if _QUOTE not in marks or _is_a_line_each(text.records(lines.plain(), strict=True)):
            return replace(text, a_line_each=_END_OF_DOS_FILES.encode() not in marks)
    with text.lines() as lines:
        records = text.records(lines, strict=True)
        number = 0
        while (fields := _next(records)) is not None:
            number += 1
            if len(lines.taken) > 1 and _swallowed(fields, text.apart(lines.taken[1:]), layout):
                break
            lines.taken.clear()
        else:
            return text
    if number <= header or not _is_plain(text, header, layout):
        raise UnreadableFile(_open_quote(number, lines.count - len(lines.taken) + 1))
    return replace(text, quoted=False)


def _is_a_line_each(records: Any) -> bool:
    """Tell whether no record of a `csv.reader` goes over several lines, as fast as can be told."""
    try:
        last = deque(enumerate(records, start=1), maxlen=1)
    except csv.Error:
        return False
    return not last or last[0][0] == records.line_num


def _is_plain(text: _Text, header: int, layout: Layout) -> bool:
    """Tell whether every line below the header is a row as it stands, and no code holds a quote."""
    codes = [position for column, position in layout.positions.items() if column in _CODES]
    with text.lines() as lines:
        return all(
            len(cells) == layout.width and not any('"' in cells[code] for code in codes)
            for cells in text.apart(islice(lines, header, None))
        )


def _swallowed(fields: list[str] | csv.Error, lines: Iterable[list[str]], layout: Layout) -> bool:
    """Tell whether lines in the middle of a record are rows by themselves, taken apart as they stand."""
    if layout.subject is not Subject.ORDERS:
        return isinstance(fields, csv.Error) or any(len(cells) >= layout.width for cells in lines)
    sku, quantity = layout.positions[Column.SKU], layout.positions[Column.QUANTITY]
    return isinstance(fields, csv.Error) or any(
        len(cells) >= layout.width
        or (
            len(cells) > max(sku, quantity)
            and bool(cells[sku].strip())
            and number_in(cells[quantity].replace('"', "")) is not None
        )
        for cells in lines
    )


def _next(records: Iterator[list[str]]) -> list[str] | csv.Error | None:
    """Return the next record, what is wrong with it, or None after the last."""
    try:
        return next(records, None)
    except csv.Error as error:
        return error


def _rows(text: _Text, header: Row, layout: Layout) -> Iterator[Row]:
    widths = _widths(text, header, layout)
    if text.a_line_each:
        return _rows_of_lines(text, header.number, layout, widths)
    return _rows_of_records(text, header.number, layout, widths)


def _rows_of_lines(text: _Text, header: int, layout: Layout, widths: set[int]) -> Iterator[Row]:
    """Yield the rows of a text of which each line is one. Here the time goes, so that little is done."""
    width = layout.width
    with text.lines() as lines:
        apart, whole_lines = tee(lines.plain())
        records: Iterator[tuple[list[Any], str]]
        records = zip(text.records(apart, strict=True), whole_lines, strict=True)
        for number, (fields, line) in enumerate(records, start=1):
            if len(line) >= _MAX_LINE:
                raise _endless(number)
            if number <= header:
                continue
            if len(fields) == width and fields[0]:
                yield Row(number, fields)
            elif any(map(str.strip, fields)):
                yield _row(text, number, fields, layout, widths, [line])


def _rows_of_records(text: _Text, header: int, layout: Layout, widths: set[int]) -> Iterator[Row]:
    with text.lines() as lines:
        records = text.records(lines, strict=True)
        number = 0
        while (fields := _next(records)) is not None:
            number += 1
            if number > header:
                if isinstance(fields, csv.Error):
                    # The reader starts afresh on the next line, so one bad line costs one row.
                    yield _mended(text, number, lines.taken, layout, fields)
                elif len(fields) == layout.width and fields[0]:
                    yield Row(number, [*fields])
                elif any(map(str.strip, fields)):
                    yield _row(text, number, fields, layout, widths, lines.taken)
            lines.taken.clear()


def _widths(text: _Text, header: Row, layout: Layout) -> set[int]:
    """Return which numbers of fields are nothing to wonder at: as many as the header has, with the empty ones
    at its end, and what all of the first rows have, where it is more."""
    with text.lines() as lines:
        rows = islice(text.records(islice(lines, _HEAD_LINES), strict=False), header.number, None)
        found = Counter(len(row) for row in rows if any(map(str.strip, row)))
    widths = set(range(layout.width, len(header.cells) + 1))
    if len(found) == 1 and found.total() > 1:
        widths |= {width for width in found if width > layout.width}
    return widths


def _row(
    text: _Text, number: int, fields: list[str], layout: Layout, widths: set[int], line: Sequence[str]
) -> Row:
    width = layout.width
    if len(fields) == 1:
        # A remark below the table, or a ruler: it has no place for an article and a quantity.
        remark = [""] * width
        remark[layout.required[0]] = fields[0]
        return Row(number, [*remark])
    fits = len(fields) in widths or not _could_be_shifted(fields, text.delimiter, layout)
    if fits and len(fields) < width and all(place < len(fields) for place in layout.required):
        # Some programs leave out the empty cells at the end.
        fields.extend([""] * (width - len(fields)))
    if fits and (len(fields) == width or (len(fields) > width and not any(map(str.strip, fields[width:])))):
        cells: list[Cell] = [*fields]
        return Row(number, cells)
    problem = (
        f"The row has {len(fields)} fields, the header has {width}. "
        f"Put a text that contains a {_DELIMITERS.get(text.delimiter, 'delimiter')} into quotes."
    )
    return _escaped(text, number, line, layout) or Row(number, [*fields], problem)


def _could_be_shifted(fields: Sequence[str], delimiter: str, layout: Layout) -> bool:
    """Tell whether a row of another length makes sense as well if one of its texts holds a delimiter.

    `Cable 3x1,5` without quotes, and with the cells behind it left out, would make 5 of its quantity.
    """
    if layout.subject is not Subject.ORDERS:
        # Nothing beside a code tells; what has too many fields is refused as that.
        return len(fields) > layout.width
    places = layout.required
    codes = {layout.positions[column] for column in layout.positions if column in _CODES}
    quantity = layout.positions[Column.QUANTITY]
    as_it_stands = whole(fields[quantity], None) if quantity < len(fields) else None
    for i in range(min(max(places) + 1, len(fields) - 1)):
        meant = [*fields[:i], f"{fields[i]}{delimiter}{fields[i + 1]}", *fields[i + 2 :]]
        if i not in codes and len(meant) > max(places) and all(meant[place].strip() for place in places):
            number = whole(meant[quantity], None)
            if isinstance(number, Ambiguous):
                return True
            if number is not None and 0 < number <= MAX_QUANTITY and number != as_it_stands:
                return True
    return False


def _mended(text: _Text, number: int, line: Sequence[str], layout: Layout, error: csv.Error) -> Row:
    """Return a row whose quotes are wrong as it was meant, where that can be told."""
    as_it_stands = "".join(line).rstrip("\r\n").split(text.delimiter)
    meant = _escaped(text, number, line, layout)
    if meant is None and len(line) == 1 and len(as_it_stands) == layout.width:
        needed = [place for column, place in layout.positions.items() if column in _EXACT]
        if not any('"' in as_it_stands[place] for place in needed):
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


def _endless(line: int) -> UnreadableFile:
    return UnreadableFile(f"Line {line} is longer than {_MAX_LINE:,} characters: this is no table of orders.")


def _open_quote(number: int, line: int) -> str:
    return (
        f"Row {number} (line {line} of the file) opens a quote that is not closed where its field ends, "
        "so that the rows after it cannot be told apart. Nothing was imported. Mend that row."
    )


FORMAT = Format("csv", "CSV", "a CSV file", (".csv", ".txt", ".tsv"), _recognise, _open)
