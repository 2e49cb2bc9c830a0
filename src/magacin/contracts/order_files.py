"""Files of orders: what their columns mean, why a row is refused, how long a text may be.

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
