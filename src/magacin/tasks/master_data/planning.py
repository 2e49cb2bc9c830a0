"""What rows of articles come to, against what is there; nothing of a database is here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from magacin.contracts.order_files import MAX_QUANTITY
from magacin.contracts.payloads import Text
from magacin.contracts.tasks.articles import NewBarcode, NewSku, PackLevel
from magacin.contracts.tasks.master_data import ArticleRow, RowReject
from magacin.core.spreadsheets import plain
from magacin.core.validation import explained
from magacin.tasks.codes import normalise_barcode, same_codes

Written = Callable[[str], str]

_SKU: TypeAdapter[str] = TypeAdapter(NewSku)
_BARCODE: TypeAdapter[str] = TypeAdapter(NewBarcode)
_TEXT: TypeAdapter[str] = TypeAdapter(Text)
_PIECES: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=1, le=MAX_QUANTITY)])
_LEVEL: TypeAdapter[PackLevel] = TypeAdapter(PackLevel)


class Barcode(NamedTuple):
    """What a code means."""

    sku: str
    pieces: int
    level: str


@dataclass(frozen=True)
class Known:
    """What is there of what rows name: the descriptions of articles, and what codes mean."""

    descriptions: dict[str, str]
    barcodes: dict[str, Barcode]


@dataclass
class Plan:
    """What is to be done; a `described` and a `changed` have what was before."""

    created: dict[str, str] = field(default_factory=dict)
    described: dict[str, tuple[str, str]] = field(default_factory=dict)
    added: dict[str, Barcode] = field(default_factory=dict)
    changed: dict[str, tuple[Barcode, Barcode]] = field(default_factory=dict)
    rejects: list[RowReject] = field(default_factory=list)
    unchanged: int = 0
    """Rows that say what is there already."""


class _Refused(Exception):
    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True)
class CheckedRow:
    """A row that is fine by itself; `pieces` and `level` are None where it says nothing of them."""

    written: ArticleRow
    sku: str
    description: str
    code: str
    pieces: int | None
    level: PackLevel | None


def checked(
    rows: Sequence[ArticleRow], rejects: list[RowReject], written: Written = plain
) -> list[CheckedRow]:
    """Return the rows that are fine by themselves; add the others to `rejects`.

    `written` makes a text of a cell: as it is where who read the file has done so.
    """
    return [
        found for row in rows if (found := _tried(row, rejects, partial(_check, row, written))) is not None
    ]


def plan(rows: Sequence[CheckedRow], known: Known, rejects: list[RowReject]) -> Plan:
    """Return what rows come to; those that contradict what is there, or each other, are rejected."""
    made = Plan(rejects=rejects)
    said: dict[str, str] = {}
    for row in rows:
        _tried(row.written, rejects, partial(_add, made, said, row, known))
    return made


def _tried(row: ArticleRow, rejects: list[RowReject], work: Callable[[], Any]) -> Any:
    try:
        return work()
    except _Refused as refused:
        value = getattr(row, refused.column)
        told = {"row": row.row, "column": refused.column, "message": str(refused)}
        rejects.append(RowReject(**told, value=value[:200], subject=row.sku[:200]))
        return None


def _check(row: ArticleRow, written: Written) -> CheckedRow:
    code = _valid(_BARCODE, row, "barcode", written) if row.barcode.strip() else ""
    pieces = _valid(_PIECES, row, "pieces", written) if row.pieces.strip() else None
    level = _valid(_LEVEL, row, "level", written) if row.level.strip() else None
    if not code and (pieces, level) not in ((None, None), (1, PackLevel.EACH), (1, None)):
        raise _Refused("barcode", "The pack has no barcode. Give it one, or leave pieces and level empty.")
    if level is PackLevel.EACH and (pieces or 1) > 1:
        raise _Refused("level", "each is a single piece; inner, case and pallet have more")
    return CheckedRow(
        row,
        _valid(_SKU, row, "sku", written),
        _valid(_TEXT, row, "description", written),
        normalise_barcode(code) if code else "",
        pieces,
        level,
    )


def _valid(adapter: TypeAdapter[Any], row: ArticleRow, column: str, written: Written) -> Any:
    text = written(getattr(row, column)).strip()
    try:
        return adapter.validate_python(text.lower() if column == "level" else text)
    except ValidationError as error:
        raise _Refused(column, explained(dict(error.errors(include_url=False)[0]))) from None


def _add(made: Plan, said: dict[str, str], row: CheckedRow, known: Known) -> None:
    """Take a row in, all of it: what is refused of it leaves everything as it was."""
    _require_article(made, said, row, known)
    wanted = _wanted(made, row, known) if row.code else None
    changed = _add_article(made, said, row, known)
    if wanted is not None:
        changed |= _add_barcode(made, row.code, wanted, known)
    made.unchanged += not changed


def _require_article(made: Plan, said: Mapping[str, str], row: CheckedRow, known: Known) -> None:
    sku, description = row.sku, row.description
    if sku not in known.descriptions and sku not in made.created:
        for form in same_codes(sku) & (known.barcodes.keys() | made.added.keys()):
            other = (known.barcodes.get(form) or made.added[form]).sku
            raise _Refused("sku", f"It is a barcode of article {other}.")
    if description and said.get(sku, description) != description:
        raise _Refused("description", "Another row of the file describes the article otherwise.")


def _add_article(made: Plan, said: dict[str, str], row: CheckedRow, known: Known) -> bool:
    sku, description = row.sku, row.description
    before = known.descriptions.get(sku)
    is_new = before is None and sku not in made.created
    if description:
        said.setdefault(sku, description)
    if before is None:
        changed = is_new or (bool(description) and made.created[sku] != description)
        made.created[sku] = description or made.created.get(sku, "")
        return changed
    if not description or before == description or sku in made.described:
        return False
    made.described[sku] = (before, description)
    return True


def _wanted(made: Plan, row: CheckedRow, known: Known) -> Barcode:
    """Return what a code is to mean."""
    sku, code = row.sku, row.code
    now = known.barcodes.get(code)
    pieces = row.pieces or (now.pieces if now and row.level is None else 1)
    usual = PackLevel.EACH if pieces == 1 else PackLevel.CASE
    wanted = Barcode(sku, pieces, row.level or (now.level if now and now.pieces == pieces else usual))
    others = (same_codes(code) & (known.descriptions.keys() | made.created.keys())) - {sku}
    earlier = made.added.get(code) or (made.changed[code][1] if code in made.changed else None)
    if others:
        raise _Refused("barcode", f"It is the SKU of article {min(others)}.")
    if now is not None and now.sku != sku:
        raise _Refused("barcode", f"It means article {now.sku} already.")
    if earlier is not None and earlier != wanted:
        raise _Refused("barcode", "Another row of the file gives the barcode another meaning.")
    if pieces > 1 and sku in same_codes(code):
        raise _Refused("barcode", "It is the SKU of the article itself, and a scan of it one piece.")
    return wanted


def _add_barcode(made: Plan, code: str, wanted: Barcode, known: Known) -> bool:
    now = known.barcodes.get(code)
    if now == wanted or code in made.added:
        return False
    if now is None:
        made.added[code] = wanted
    else:
        made.changed[code] = (now, wanted)
    return True
