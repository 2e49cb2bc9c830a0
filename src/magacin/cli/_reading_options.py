"""The options that say how files are read, as several commands have them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from magacin.contracts.imports import ReadingOptions
from magacin.contracts.order_files import COLUMNS, Subject
from magacin.stack.errors import StackError

SubjectOption = Annotated[
    Subject, typer.Option("--subject", help="What the files are about.", show_default=True)
]
_MEANINGS = "; ".join(f"of {subject} {', '.join(columns)}" for subject, columns in COLUMNS.items())

MappingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mapping",
        metavar="MEANING=COLUMN",
        help="Which column means what, such as requisition=Belegnr; may be given several times. "
        f"Meanings: {_MEANINGS}.",
    ),
]
EncodingOption = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="Its encoding, such as cp1250.")
]
DelimiterOption = Annotated[
    str | None, typer.Option("--delimiter", metavar="SIGN", help="What separates the columns of a text.")
]
DecimalOption = Annotated[
    str | None,
    typer.Option("--decimal", metavar=",|.", help="What stands before decimals: is 1.000 a thousand?"),
]
HeaderRowOption = Annotated[
    int | None, typer.Option("--header-row", metavar="N", help="The row that names the columns, from 1.")
]
SheetOption = Annotated[str | None, typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook.")]
UnitOption = Annotated[
    str | None,
    typer.Option("--unit", metavar="NAME", help="Their unit of measure: lines in another are refused."),
]


def _mapping(options: Sequence[str], subject: Subject) -> dict[str, str | list[str]]:
    meanings = COLUMNS[subject]
    found: dict[str, list[str]] = {}
    for option in options:
        meaning, _, name = option.partition("=")
        if meaning.strip().lower() not in meanings or not name.strip():
            raise StackError(
                f"--mapping {option} is not understood.",
                f"Write MEANING=COLUMN; meanings are {', '.join(meanings)}.",
            )
        found.setdefault(meaning.strip().lower(), []).append(name.strip())
    return {meaning: names[0] if len(names) == 1 else names for meaning, names in found.items()}


def reading_of(mapping: Sequence[str] | None, subject: Subject, **values: Any) -> ReadingOptions:
    """Return what options say; raise `StackError` for what makes no sense."""
    from pydantic import ValidationError

    from magacin.core.validation import explained

    if subject is not Subject.ORDERS and values.get("unit") is not None:
        raise StackError(f"--unit is of files of orders; a file of {subject.value} has no such thing.")
    values |= {"mapping": _mapping(mapping or [], subject), "subject": subject}
    try:
        return ReadingOptions.model_validate(
            {name: value for name, value in values.items() if value is not None}
        )
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        option = f"--{problem['loc'][0]}".replace("_", "-")
        raise StackError(f"{option} {values[str(problem['loc'][0])]}: {explained(problem)}.") from error


def as_form(reading: ReadingOptions) -> dict[str, str]:
    """Return options as the fields of an upload."""
    fields = reading.model_dump(mode="json", exclude_none=True)
    return {
        name: json.dumps(value) if isinstance(value, dict) else str(value) for name, value in fields.items()
    }
