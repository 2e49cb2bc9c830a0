"""What rows of locations come to, against what is there; nothing of a database is here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from magacin.contracts.actions import Action
from magacin.contracts.payloads import Text
from magacin.contracts.tasks.locations import Location, LocationCode
from magacin.contracts.tasks.master_data import LocationRow, RowReject
from magacin.core import audit
from magacin.core.validation import explained

_CODE: TypeAdapter[str] = TypeAdapter(LocationCode)
_TEXT: TypeAdapter[str] = TypeAdapter(Text)
_SEQUENCE: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=0, le=2**31 - 1)])
_SEEN_TWICE = "Another row of the file names the location."
_NO_SEQUENCE = "The location is new: say where a round through the warehouse comes past it, such as 120."


class CheckedPlace(NamedTuple):
    """A row that is fine by itself; what is None or empty says nothing."""

    written: LocationRow
    code: str
    zone: str
    aisle: str
    sequence: int | None


@dataclass
class PlacePlan:
    """Locations that are to be another than before, by their codes; and rows that change nothing."""

    saved: dict[str, Location] = field(default_factory=dict)
    unchanged: int = 0


def checked(rows: Sequence[LocationRow], rejects: list[RowReject]) -> list[CheckedPlace]:
    """Return the rows that are fine by themselves; add the others to `rejects`."""
    return [found for row in rows if (found := _check(row, rejects)) is not None]


def plan(rows: Sequence[CheckedPlace], known: Mapping[str, Location], rejects: list[RowReject]) -> PlacePlan:
    """Return what rows come to; those that say too little of a new location, or repeat one, are rejected."""
    made = PlacePlan()
    met: set[str] = set()
    for row in rows:
        now = known.get(row.code)
        sequence = row.sequence if row.sequence is not None else now.sequence if now else None
        if row.code in met:
            rejects.append(_reject(row.written, "location", _SEEN_TWICE))
        elif sequence is None:
            rejects.append(_reject(row.written, "sequence", _NO_SEQUENCE))
        else:
            met.add(row.code)
            zone, aisle = row.zone or (now.zone if now else ""), row.aisle or (now.aisle if now else "")
            wanted = Location(code=row.code, zone=zone, aisle=aisle, sequence=sequence)
            if wanted == now:
                made.unchanged += 1
            else:
                made.saved[row.code] = wanted
    return made


def entries(made: PlacePlan, known: Mapping[str, Location]) -> Iterator[audit.Entry]:
    """Yield what the audit log says of what is done."""
    for code, after in made.saved.items():
        before = known.get(code)
        was, is_ = audit.differences(
            before.model_dump() if before else {}, after.model_dump(exclude={"code"})
        )
        yield audit.Entry(Action.LOCATION_SAVED, "location", code, was if before else None, is_)


def _check(row: LocationRow, rejects: list[RowReject]) -> CheckedPlace | None:
    column = ""
    try:
        found: dict[str, Any] = {}
        for column, adapter in (
            ("location", _CODE),
            ("zone", _TEXT),
            ("aisle", _TEXT),
            ("sequence", _SEQUENCE),
        ):
            text = getattr(row, column).strip()
            found[column] = None if column == "sequence" and not text else adapter.validate_python(text)
    except ValidationError as error:
        rejects.append(_reject(row, column, explained(dict(error.errors(include_url=False)[0]))))
        return None
    return CheckedPlace(row, found["location"], found["zone"], found["aisle"], found["sequence"])


def _reject(row: LocationRow, column: str, message: str) -> RowReject:
    value = getattr(row, column)[:200]
    return RowReject(row=row.row, column=column, message=message, value=value, subject=row.location[:200])
