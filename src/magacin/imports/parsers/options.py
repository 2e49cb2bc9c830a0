"""What a person, or a profile, says of a file; what is left out is recognised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from magacin.contracts.imports import Column
from magacin.imports.parsers.numbers import DecimalSign


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How one file is to be read.

    `mapping` names the columns of meanings, `encoding` is a codec as Python names it, `header_row` counts as
    a spreadsheet does, from 1.
    """

    mapping: Mapping[Column, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    decimal: DecimalSign | None = None
    header_row: int | None = None
    sheet: str | None = None


RECOGNISED = Options()
