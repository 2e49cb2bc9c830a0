"""Files of orders, articles and locations: what their columns mean, why a row is refused, how long a text is.

Names and numbers alone, without models: the process that reads files needs these and no library for the rest.
"""

from __future__ import annotations

from enum import StrEnum

MAX_QUANTITY = 1_000_000
MAX_TEXT_LENGTH = 200
MAX_SKU_LENGTH = 64
MAX_NUMBER_LENGTH = 64


class Column(StrEnum):
    """What a column of a file can mean."""

    REQUISITION = "requisition"
    SKU = "sku"
    DESCRIPTION = "description"
    QUANTITY = "quantity"
    BARCODE = "barcode"
    DESTINATION = "destination"
    UNIT = "unit"  # of measure
    PIECES = "pieces"  # that one scan of a barcode counts
    LEVEL = "level"  # of a pack
    LOCATION = "location"
    ZONE = "zone"
    AISLE = "aisle"
    SEQUENCE = "sequence"  # of a location, on a round through the warehouse


class Subject(StrEnum):
    """What a file is about."""

    ORDERS = "orders"
    ARTICLES = "articles"  # with their barcodes and packs, a row for each barcode
    LOCATIONS = "locations"


COLUMNS: dict[Subject, tuple[Column, ...]] = {
    Subject.ORDERS: (
        Column.REQUISITION,
        Column.SKU,
        Column.DESCRIPTION,
        Column.QUANTITY,
        Column.BARCODE,
        Column.DESTINATION,
        Column.UNIT,
    ),
    Subject.ARTICLES: (Column.SKU, Column.DESCRIPTION, Column.BARCODE, Column.PIECES, Column.LEVEL),
    Subject.LOCATIONS: (Column.LOCATION, Column.ZONE, Column.AISLE, Column.SEQUENCE),
}
"""What the columns of a file can mean, in the order in which they are looked for."""

REQUIRED: dict[Subject, tuple[Column, ...]] = {
    Subject.ORDERS: (Column.REQUISITION, Column.SKU, Column.QUANTITY),
    Subject.ARTICLES: (Column.SKU,),
    Subject.LOCATIONS: (Column.LOCATION,),
}
"""Those that a file cannot be without."""


class RejectReason(StrEnum):
    """Why a row was refused."""

    MISSING = "missing"
    NOT_A_NUMBER = "not_a_number"
    NOT_POSITIVE = "not_positive"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    BAD_CHARACTER = "bad_character"
    BAD_ROW = "bad_row"
    CONFLICT = "conflict"
    WRONG_UNIT = "wrong_unit"  # the quantity is in another unit of measure than the file is to be read in
    HELD_BACK = "held_back"  # the row is fine, another row of its requisition is not
